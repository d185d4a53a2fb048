//go:build linux || darwin

package account

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"

	"falkirk/internal/fault"
	"falkirk/internal/guard"
)

// profile reads one profile of a configuration file, without the environment's keys.
func profile(t *testing.T, name, url, text string) aws.Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.LoadDefaultConfig(t.Context(), config.WithHTTPClient(wide()), config.WithBaseEndpoint(url), config.WithRegion("eu-central-1"),
		config.WithSharedConfigProfile(name), config.WithSharedConfigFiles([]string{path}), config.WithSharedCredentialsFiles(nil))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

const hangs = `[profile vault]
credential_process = sleep 1001 & sleep 1002
[profile admin]
role_arn = arn:aws:iam::111111111111:role/admin
source_profile = vault
`

// A credential_process that hangs is ended with all that it has started, after an
// interrupt and after the time limit, and the message names it.
func TestAProgramThatHangsIsEnded(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"vault", "admin"} {
		for _, isInterrupt := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s %t", name, isInterrupt), func(t *testing.T) {
				t.Parallel()
				cfg := profile(t, name, "http://127.0.0.1:1", hangs)
				own := ownProgram(&cfg)
				p, ok := attended(cfg.Credentials, own).(process)
				if own == nil || !ok {
					t.Fatalf("%v, %T", own, cfg.Credentials)
				}
				ctx, interrupt := context.WithCancel(t.Context())
				defer interrupt()
				running := make(chan bool)
				go func() {
					defer close(running)
					for end := time.Now().Add(time.Minute); time.Now().Before(end); {
						if len(guard.Marked(own.mark, "")) >= 3 { // the shell and two of its own
							if isInterrupt {
								interrupt()
							}
							return
						}
					}
				}()
				if p.longest = time.Hour; !isInterrupt {
					p.longest = 5 * time.Second
				}
				_, err := p.Retrieve(ctx)
				<-running
				if left := guard.Marked(own.mark, ""); len(left) > 0 {
					t.Errorf("these run on: %v", left)
				}
				for _, want := range []string{"credential_process sleep", "these processes were ended: ", "sleep (process "} {
					if err == nil || !strings.Contains(err.Error(), want) {
						t.Errorf("%v does not say %q", err, want)
					}
				}
				if errors.Is(err, context.Canceled) != isInterrupt || !isInterrupt && fault.HintOf(Classify(err)) == "" {
					t.Errorf("%v", err)
				}
			})
		}
	}
}

// The roles of a profile whose source is a program are assumed as the SDK does: the
// same requests with the same credentials.
func TestARoleAfterAProgramIsAssumedAsBySDK(t *testing.T) {
	t.Parallel()
	const begin = "[profile vault]\ncredential_process = echo '{\"Version\": 1, \"AccessKeyId\": \"AKIAPROGRAM\", \"SecretAccessKey\": \"x\"}'\n"
	for name, text := range map[string]string{
		"vault": begin,
		"admin": begin + "[profile admin]\nrole_arn = arn:aws:iam::111111111111:role/admin\nsource_profile = vault\nrole_session_name = me\nexternal_id = e-1\nduration_seconds = 3600\n",
		"short": begin + "[profile short]\nrole_arn = arn:aws:iam::111111111111:role/admin\nsource_profile = vault\nrole_session_name = me\nduration_seconds = 900\n",
		"end":   begin + "[profile mid]\nrole_arn = arn:aws:iam::111111111111:role/mid\nsource_profile = vault\nrole_session_name = m\n[profile end]\nrole_arn = arn:aws:iam::111111111111:role/end\nsource_profile = mid\nrole_session_name = e\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked []string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_ = r.ParseForm()
				key, _, _ := strings.Cut(r.Header.Get("Authorization"), "/")
				asked = append(asked, key+" "+r.Form.Encode())
				_, _ = fmt.Fprintf(w, `<AssumeRoleResponse><AssumeRoleResult><AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/a/b</Arn><AssumedRoleId>i</AssumedRoleId></AssumedRoleUser><Credentials><AccessKeyId>ASIA%d</AccessKeyId><SecretAccessKey>x</SecretAccessKey><SessionToken>t</SessionToken><Expiration>%s</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
					len(asked), time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
			}))
			t.Cleanup(server.Close)
			cfg := profile(t, name, server.URL, text)
			first, err := cfg.Credentials.Retrieve(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			want := asked
			asked = nil
			sources := cfg.Credentials.(aws.CredentialProviderSource).ProviderSources()
			if ownProgram(&cfg) == nil {
				t.Fatalf("another source: %v", sources)
			}
			second, err := cfg.Credentials.Retrieve(t.Context())
			if err != nil || strings.Join(asked, "\n") != strings.Join(want, "\n") || first.AccessKeyID != second.AccessKeyID || first.Source != second.Source {
				t.Errorf("%v\n%s\n%s\n%v %v", err, asked, want, first.Source, second.Source)
			}
			if own := cfg.Credentials.(aws.CredentialProviderSource).ProviderSources(); fmt.Sprint(own) != fmt.Sprint(sources) {
				t.Errorf("sources %v, want %v", own, sources)
			}
		})
	}
}
