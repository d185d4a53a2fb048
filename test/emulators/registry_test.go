package emulators

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"falkirk/test/emulators/docker"
	"falkirk/test/images"
)

// digest asks skopeo what an image's digest is.
func digest(t *testing.T, reference string, args ...string) string {
	t.Helper()
	all := append([]string{"inspect", "--format", "{{.Digest}}"}, args...)
	return strings.TrimSpace(Skopeo(t, append(all, "docker://"+reference)...))
}

// Each kind of registry takes an image, and skopeo finds it there with the login
// that is needed, and not without.
func TestRegistries(t *testing.T) {
	t.Parallel()
	authority, file := Authority(t)
	users := map[string]string{"anna": "s3cret"}
	tokens := Tokens(t, users, time.Minute)
	safe := Docker(t, docker.Options{TLS: authority, Users: users})
	plain := Docker(t, docker.Options{Users: users})
	signed := Docker(t, docker.Options{Tokens: tokens})
	for name, r := range map[string]images.Registry{
		"TLS and a password": {URL: safe.URL, User: "anna", Password: "s3cret", Client: authority.Client()},
		"a password":         {URL: plain.URL, User: "anna", Password: "s3cret"},
		"in memory":          images.At(Memory(t)),
		"ECR":                images.At(ECR(t, "111111111111", "team/api").Host()),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := r.Image(t.Context(), "team/api", "v1", 7)
			if err != nil {
				t.Fatal(err)
			}
			_, host, _ := strings.Cut(r.URL, "://")
			args := []string{"--tls-verify=false"}
			if r.Client != nil {
				args = []string{"--cert-dir", filepath.Dir(file)}
			}
			if r.User != "" {
				args = append(args, "--creds", "anna:s3cret")
			}
			if got := digest(t, host+"/team/api:v1", args...); got != d.Digest {
				t.Errorf("skopeo finds %s, want %s", got, d.Digest)
			}
		})
	}
	for _, r := range []*docker.Registry{safe, plain, signed} {
		client := http.DefaultClient
		if r == safe {
			client = authority.Client()
		}
		res, err := client.Get(r.URL + "/v2/")
		if err != nil {
			t.Fatal(err)
		}
		if res.Body.Close(); res.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s lets anybody in: %s", r.URL, res.Status)
		}
	}
}

// A registry that asks for tokens takes those of the server for them, for what
// they are for.
func TestTokens(t *testing.T) {
	t.Parallel()
	tokens := Tokens(t, map[string]string{"anna": "s3cret"}, time.Minute)
	r, from := Docker(t, docker.Options{Tokens: tokens}), Registry(t, false)
	d, err := images.At(from).Image(t.Context(), "team/api", "v1", 7)
	if err != nil {
		t.Fatal(err)
	}
	auth := filepath.Join(Login(t, "anna", "s3cret", r.Host), "config.json")
	Skopeo(t, "copy", "--authfile", auth, "--src-tls-verify=false", "--dest-tls-verify=false", "docker://"+from+"/team/api:v1", "docker://"+r.Host+"/team/api:v1")
	if got := digest(t, r.Host+"/team/api:v1", "--authfile", auth, "--tls-verify=false"); got != d.Digest {
		t.Errorf("skopeo finds %s, want %s", got, d.Digest)
	}
	n, scopes := tokens.Given()
	if n == 0 || !strings.Contains(strings.Join(scopes, " "), "repository:team/api:pull,push") {
		t.Errorf("it gave %d tokens, for %v", n, scopes)
	}
	if _, err := os.Stat(filepath.Join(r.Folder, "docker/registry/v2/repositories/team/api")); err != nil {
		t.Error(err)
	}
}
