// Package sync runs syncs of images on bad days: registries that refuse, lie, are
// slow and break off; and it kills the real program.
package sync

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"falkirk/internal/imagesync"
	"falkirk/internal/registries"
	"falkirk/test/emulators"
	"falkirk/test/emulators/docker"
	"falkirk/test/harness"
	"falkirk/test/images"
	"falkirk/test/registryproxy"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

// bed is two registries, each behind a proxy.
type bed struct {
	origin, home string
	from, to     *registryproxy.Proxy
}

func newBed(t *testing.T) *bed {
	t.Helper()
	b := &bed{origin: emulators.Registry(t, true), home: emulators.Registry(t, true)}
	b.from, b.to = registryproxy.New(t, b.origin, registryproxy.Rules{}), registryproxy.New(t, b.home, registryproxy.Rules{})
	return b
}

func settings(from, to string, repositories ...string) imagesync.Settings {
	s := imagesync.Defaults()
	s.Source, s.Destination, s.Insecure, s.Repositories, s.Tags = from, to, true, repositories, []string{"*"}
	return s
}

func run(ctx context.Context, t *testing.T, s imagesync.Settings) (*imagesync.Result, error) {
	t.Helper()
	j, err := imagesync.New(s, imagesync.Options{Registries: registries.New(nil)})
	if err != nil {
		t.Fatal(err)
	}
	return j.Run(ctx)
}

// same fails where a tag at home is not what was written.
func same(t *testing.T, home, prefix string, written images.Written) {
	t.Helper()
	for at, want := range written.Tags {
		repository, tag, _ := strings.Cut(at, ":")
		_, got, err := images.At(home).Read(t.Context(), prefix+repository, tag)
		if err != nil || got.Digest != want {
			t.Errorf("%s is on %s, want %s: %v", at, got.Digest, want, err)
		}
	}
}

// On bad days all arrives, and is what it was.
func TestBadDays(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	written, err := images.Small().Write(t.Context(), images.At(b.origin))
	if err != nil {
		t.Fatal(err)
	}
	for name, rules := range map[string]registryproxy.Rules{
		"throttled":    {Throttle: 0.3},
		"told to wait": {Throttle: 0.03, RetryAfter: 1},
		"failing":      {Error: 0.3},
		"breaking":     {Reset: 0.2, Cut: 0.2},
		"forgetful":    {Lost: 0.3},
		"elsewhere":    {Elsewhere: true, Cut: 0.2},
		"everything":   {Throttle: 0.05, Error: 0.05, Reset: 0.05, Lost: 0.05, Cut: 0.05, Slow: 0.1, Delay: 50 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(3) {
				rules.Seed, rules.Once = seed, true
				from, to := registryproxy.New(t, b.origin, rules), registryproxy.New(t, b.home, rules)
				prefix := strings.ReplaceAll(name, " ", "-") + string(rune('a'+seed)) + "/"
				r, err := run(t.Context(), t, settings(from.Host, to.Host+"/"+prefix, "service-*"))
				if err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				if r.Counts[imagesync.Absent] != len(written.Tags) {
					t.Errorf("seed %d: %v", seed, r.Counts)
				}
				same(t, b.home, prefix, written)
			}
		})
	}
}

// Bytes that are not those of their digest reach no tag, whether they are wrong
// once or ever.
func TestWrongBytes(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	d, err := images.At(b.origin).Image(t.Context(), "api", "test", 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"get blob", "get manifest"} {
		b.from.Calm(registryproxy.Rules{Wrong: 1, Only: func(q registryproxy.Request) bool { return q.Kind == kind && q.Reference != "test" }})
		prefix := "wrong-" + kind[4:]
		set := settings(b.from.Host, b.to.Host+"/"+prefix, "api")
		if kind == "get manifest" { // by its digest, as where a tag has moved
			if _, err := images.At(b.home).Image(t.Context(), prefix+"/api", "test", 2); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := run(t.Context(), t, set); err == nil {
			t.Errorf("%s: it is no error", kind)
		}
		if _, got, err := images.At(b.home).Read(t.Context(), prefix+"/api", "test"); err == nil && got.Digest == d.Digest {
			t.Errorf("%s: the tag is there", kind)
		}
		b.from.Calm(registryproxy.Rules{})
		if _, err := run(t.Context(), t, set); err != nil {
			t.Errorf("%s, on a better day: %v", kind, err)
		}
	}
}

// A tag that moves while it is copied is copied as what it was, and again as what
// it is.
func TestTagThatMovesMeanwhile(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	ctx := t.Context()
	if _, err := images.At(b.origin).Image(ctx, "api", "test", 1); err != nil {
		t.Fatal(err)
	}
	far := registryproxy.New(t, b.home, registryproxy.Rules{Far: 700 * time.Millisecond}) // copying takes a while
	var now images.Descriptor
	var moved error
	far.Strike(3, func() { now, moved = images.At(b.origin).Image(ctx, "api", "test", 2) })
	r, err := run(ctx, t, settings(b.from.Host, far.Host, "api"))
	if err != nil || moved != nil {
		t.Fatal(err, moved)
	}
	if i := r.Items[0]; i.State != imagesync.Moved || i.Digest != now.Digest || i.Was == "" {
		t.Errorf("it is %+v", i)
	}
	if _, got, err := images.At(b.home).Read(ctx, "api", "test"); err != nil || got.Digest != now.Digest {
		t.Errorf("the tag is on %s, want %s: %v", got.Digest, now.Digest, err)
	}
}

// Logins of every kind, over TLS; tokens that end on the way are asked for anew.
func TestLogins(t *testing.T) { //nolint:paralleltest // it sets the environment
	authority, file := emulators.Authority(t)
	users := map[string]string{"anna": "secret-of-anna"}
	tokens := emulators.Tokens(t, users, time.Minute)
	source := emulators.Docker(t, docker.Options{TLS: authority, Users: users})
	target := emulators.Docker(t, docker.Options{Tokens: tokens})
	proxy := registryproxy.New(t, target.Host, registryproxy.Rules{Expired: 0.1, Once: true, Seed: 1})
	written, err := images.Small().Write(t.Context(), images.Registry{URL: source.URL, User: "anna", Password: users["anna"], Client: authority.Client()})
	if err != nil {
		t.Fatal(err)
	}
	falkirk, _ := harness.Programs(t)
	home := "http://" + proxy.Host
	args := []string{"sync", "--source", source.Host, "--destination", home, "--repository", "service-*", "--tag", "*"}
	out, code := command(t, falkirk, []string{"SSL_CERT_FILE=" + file, "DOCKER_CONFIG=" + t.TempDir()}, args...)
	if code == 0 || !strings.Contains(out, "docker login") {
		t.Errorf("without a login: exit code %d\n%s", code, out)
	}
	login := emulators.Login(t, "anna", users["anna"], source.Host, proxy.Host)
	out, code = command(t, falkirk, []string{"SSL_CERT_FILE=" + file, "DOCKER_CONFIG=" + login}, args...)
	if code != 0 || strings.Contains(out, users["anna"]) {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	for at, want := range written.Tags {
		got := strings.TrimSpace(emulators.Skopeo(t, "inspect", "--format", "{{.Digest}}", "--tls-verify=false", "--creds", "anna:"+users["anna"], "docker://"+target.Host+"/"+at))
		if got != want {
			t.Errorf("%s is on %s, want %s", at, got, want)
		}
	}
}
