package emulators

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	ggcr "github.com/google/go-containerregistry/pkg/registry"

	"falkirk/test/emulators/docker"
	"falkirk/test/peers"
)

// Registry starts Debian's docker-registry (distribution 2.8) on loopback, in
// memory of a folder that goes with the test, and gives its host and port.
func Registry(t testing.TB, deletes bool) string {
	t.Helper()
	return Docker(t, docker.Options{Deletes: deletes}).Host
}

// Docker starts Debian's docker-registry for a test: see docker.Options. It lists
// no referrers, and has no folder but the test's.
func Docker(t testing.TB, o docker.Options) *docker.Registry {
	t.Helper()
	if o.Folder == "" {
		o.Folder = t.TempDir()
	}
	if o.Program == "" {
		o.Program = peers.Program(t, "docker-registry")
	}
	r, err := docker.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Stop)
	return r
}

// Authority makes a certificate authority, and a file with its certificate: for
// SSL_CERT_FILE, or for a folder of docker's.
func Authority(t testing.TB) (a *docker.Authority, file string) {
	t.Helper()
	a, err := docker.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	file = t.TempDir() + "/ca.crt"
	if err := os.WriteFile(file, a.PEM, 0o600); err != nil {
		t.Fatal(err)
	}
	return a, file
}

// Tokens starts a server that gives out tokens for docker.Options.
func Tokens(t testing.TB, users map[string]string, lasts time.Duration) *docker.Tokens {
	t.Helper()
	s, err := docker.StartTokens(users, lasts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

// Login writes a configuration of docker's with a login for each host, and gives
// its folder: for DOCKER_CONFIG. Skopeo takes the file config.json in it.
func Login(t testing.TB, user, password string, hosts ...string) string {
	t.Helper()
	entries := make([]string, 0, len(hosts))
	for _, h := range hosts {
		entries = append(entries, fmt.Sprintf("%q: {%q: %q}", h, "auth", base64.StdEncoding.EncodeToString([]byte(user+":"+password))))
	}
	dir := t.TempDir()
	text := `{"auths": {` + strings.Join(entries, ", ") + "}}"
	if err := os.WriteFile(dir+"/config.json", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Memory starts go-containerregistry's own registry, which lists referrers, and
// gives its host and port.
func Memory(t testing.TB) string {
	t.Helper()
	s := httptest.NewServer(ggcr.New(ggcr.WithReferrersSupport(true), ggcr.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

// ECR starts a ministack for one account, and makes repositories in it. Its
// registry (Host) knows those of us-east-1 only, and only those that were made.
func ECR(t testing.TB, account string, repositories ...string) *Server {
	t.Helper()
	s := Ministack(t, account)
	for _, name := range repositories {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL, strings.NewReader(fmt.Sprintf(`{"repositoryName": %q}`, name)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-amz-json-1.1")
		req.Header.Set("X-Amz-Target", "AmazonEC2ContainerRegistry_V20150921.CreateRepository")
		req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+s.key+"/20261120/us-east-1/ecr/aws4_request, SignedHeaders=host, Signature=0")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(res.Body)
		if err = errors.Join(err, res.Body.Close()); err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("make the repository %s: %v, %s %s", name, err, res.Status, text)
		}
	}
	return s
}

// Host is the server's address without http://: that of its registry.
func (s *Server) Host() string { return strings.TrimPrefix(s.URL, "http://") }

// Skopeo runs skopeo, an independent client of registries, and gives what it
// printed.
func Skopeo(t testing.TB, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), peers.Program(t, "skopeo"), args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("skopeo %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return out.String()
}
