package account

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"falkirk/internal/delivery"
)

// No request of a client that the pool configures reaches another host by a
// redirect, and so neither do the signature, the session token and the body.
func TestNoRedirectIsFollowed(t *testing.T) {
	t.Parallel()
	calls := map[string]func(ctx context.Context, cfg aws.Config) error{
		"s3 get": func(ctx context.Context, cfg aws.Config) error {
			_, err := S3(cfg).GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("b"), Key: aws.String("k")})
			return err
		},
		"s3 put": func(ctx context.Context, cfg aws.Config) error {
			_, err := S3(cfg).PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("b"), Key: aws.String("k"), Body: strings.NewReader("content")})
			return err
		},
		"sts": func(ctx context.Context, cfg aws.Config) error {
			_, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
			return err
		},
		"sts assume role": func(ctx context.Context, cfg aws.Config) error {
			_, h := assume(ctx, cfg, &sts.AssumeRoleInput{RoleArn: aws.String(role(two, "deploy")), RoleSessionName: aws.String("session")}, Hop{Asked: hop})
			return h.Err
		},
		"cloudformation": func(ctx context.Context, cfg aws.Config) error {
			_, err := cloudformation.NewFromConfig(cfg).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{})
			return err
		},
		"ecr": func(ctx context.Context, cfg aws.Config) error {
			_, err := ecr.NewFromConfig(cfg).GetAuthorizationToken(ctx, &ecr.GetAuthorizationTokenInput{})
			return err
		},
		"kms": func(ctx context.Context, cfg aws.Config) error {
			_, err := kms.NewFromConfig(cfg).GetPublicKey(ctx, &kms.GetPublicKeyInput{KeyId: aws.String("alias/k")})
			return err
		},
	}
	starts := map[string]func(url string) func(context.Context) (aws.Config, error){
		"the SDK's own": func(url string) func(context.Context) (aws.Config, error) {
			return func(ctx context.Context) (aws.Config, error) {
				return config.LoadDefaultConfig(ctx, config.WithHTTPClient(wide()), config.WithBaseEndpoint(url), config.WithRegion("eu-central-1"),
					config.WithSharedConfigFiles(nil), config.WithSharedCredentialsFiles(nil),
					config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("AKIAX", "secret", "session-token")))
			}
		},
		"without a client": func(url string) func(context.Context) (aws.Config, error) {
			return func(context.Context) (aws.Config, error) {
				return aws.Config{
					Region: "eu-central-1", BaseEndpoint: aws.String(url),
					Credentials: credentials.NewStaticCredentialsProvider("AKIAX", "secret", "session-token"),
				}, nil
			}
		},
	}
	for start, open := range starts {
		for name, call := range calls {
			for _, status := range []int{http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
				t.Run(fmt.Sprintf("%s %s %d", start, name, status), func(t *testing.T) {
					t.Parallel()
					var elsewhere atomic.Int32
					other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						elsewhere.Add(1)
						t.Errorf("%s %s with token %q and signature %q", r.Method, r.URL, r.Header.Get("X-Amz-Security-Token"), r.Header.Get("Authorization"))
						if elsewhere.Load() == 1 { // the second redirect is the one that the SDK follows with the token
							w.Header().Set("Location", "/again")
							w.WriteHeader(status)
						}
					}))
					t.Cleanup(other.Close)
					var asked atomic.Int32
					own := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						asked.Add(1)
						w.Header().Set("Location", strings.Replace(other.URL, "127.0.0.1", "localhost", 1)+r.URL.Path)
						w.WriteHeader(status)
					}))
					t.Cleanup(own.Close)
					p := New(Options{Accounts: []delivery.Account{}, App: "shop", Actor: "ann", Start: open(own.URL)})
					cfg, err := p.Config(t.Context(), "", "")
					if err != nil {
						t.Fatal(err)
					}
					if err := call(t.Context(), cfg); err == nil {
						t.Error("a redirect is taken for an answer")
					}
					if asked.Load() != 1 {
						t.Errorf("it was asked %d times", asked.Load())
					}
				})
			}
		}
	}
}
