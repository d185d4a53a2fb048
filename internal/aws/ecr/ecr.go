// Package ecr speaks to Amazon ECR in one account and region: tags and manifests
// by its API in as few calls as it takes, and the login for its registry. Blobs
// go by the registry's own protocol, which is not here.
package ecr

import (
	"context"
	"encoding/base64"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"golang.org/x/time/rate"

	"falkirk/internal/aws/partition"
	"falkirk/internal/fault"
)

// PutImages is how many manifests ECR lets an account write in a second, where
// the quota is the usual one (AWS, "Amazon ECR service quotas").
const PutImages = 10

// Client is ECR in one account and region. It may be used from many goroutines.
type Client struct {
	api      *ecr.Client
	account  string // name in the app file, for errors
	region   string
	host     string // of the registry; "" for the credentials' own
	registry string // account ID whose registry that is
	puts     *rate.Limiter

	mu    sync.Mutex
	token token
}

type token struct {
	user, password string
	endpoint       string // https://…
	until          time.Time
}

// New makes a client with the credentials of an account, whose name in the app
// file is for errors. host is the registry that is meant, see Registry; "" is the
// credentials' own.
func New(cfg aws.Config, account, host string) *Client {
	id, _, _ := Registry(host)
	return &Client{
		api: ecr.NewFromConfig(cfg), account: account, region: cfg.Region, host: host, registry: id,
		puts: rate.NewLimiter(PutImages, PutImages),
	}
}

// Limit waits until another manifest may be written.
func (c *Client) Limit(ctx context.Context) error { return c.puts.Wait(ctx) }

// Login gives the user and password for the registry. They last for hours, and
// are asked for anew before they end, or when again says that they were refused.
func (c *Client) Login(ctx context.Context, again bool) (user, password string, err error) {
	t, err := c.login(ctx, again)
	return t.user, t.password, err
}

// Host is where the registry answers, and whether without TLS: AWS's own name
// for it, or the host of an endpoint that was set and is not AWS's, as emulators
// give names that lead elsewhere.
func (c *Client) Host(ctx context.Context) (host string, plain bool, err error) {
	if own := c.api.Options().BaseEndpoint; own != nil {
		u, err := url.Parse(*own)
		if err != nil {
			return "", false, fault.New(fault.Invalid, "the endpoint %q of ECR: %w", *own, err)
		}
		if !partition.IsAWS(u.Hostname()) {
			return u.Host, u.Scheme == "http", nil
		}
	}
	if c.host != "" {
		return c.host, false, nil
	}
	t, err := c.login(ctx, false)
	if err != nil {
		return "", false, err
	}
	u, err := url.Parse(t.endpoint)
	if err != nil {
		return "", false, fault.New(fault.Unavailable, "ECR says that its registry is at %q: %w", t.endpoint, err)
	}
	return u.Host, false, nil
}

// early is how long before its end a token is asked for anew, so that a copy
// does not lose it on the way.
const early = 30 * time.Minute

func (c *Client) login(ctx context.Context, again bool) (token, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token.user != "" && !again && time.Now().Before(c.token.until) {
		return c.token, nil
	}
	out, err := c.api.GetAuthorizationToken(ctx, &ecr.GetAuthorizationTokenInput{})
	if err != nil {
		return token{}, c.explain("GetAuthorizationToken", "", err)
	}
	if len(out.AuthorizationData) == 0 {
		return token{}, fault.New(fault.Unavailable, "ECR of account %s in %s gives no login", c.account, c.region)
	}
	d := out.AuthorizationData[0]
	raw, err := base64.StdEncoding.DecodeString(aws.ToString(d.AuthorizationToken))
	user, password, ok := strings.Cut(string(raw), ":")
	if err != nil || !ok {
		return token{}, fault.New(fault.Unavailable, "ECR of account %s in %s gives a login that cannot be read", c.account, c.region)
	}
	until := aws.ToTime(d.ExpiresAt).Add(-early)
	if until.Before(time.Now()) {
		until = time.Now().Add(early) // an emulator's clock
	}
	c.token = token{user: user, password: password, endpoint: aws.ToString(d.ProxyEndpoint), until: until}
	return c.token, nil
}

// Registry takes the host of an ECR registry apart; false if it is none.
func Registry(host string) (account, region string, ok bool) {
	m := regexp.MustCompile(`^([0-9]{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.[a-z0-9.-]+$`).FindStringSubmatch(host)
	if m == nil || !partition.IsAWS(host) {
		return "", "", false
	}
	return m[1], m[2], true
}
