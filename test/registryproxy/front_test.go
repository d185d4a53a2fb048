package registryproxy_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"falkirk/test/emulators"
	"falkirk/test/emulators/docker"
	"falkirk/test/images"
	"falkirk/test/registryproxy"
)

// world is a registry with a small workload in it, and a proxy before it.
func world(t *testing.T) (*registryproxy.Proxy, images.Written) {
	t.Helper()
	host := emulators.Registry(t, true)
	out, err := images.Small().Write(t.Context(), images.At(host))
	if err != nil {
		t.Fatal(err)
	}
	return registryproxy.New(t, host, registryproxy.Rules{}), out
}

// blob is one of the workload, and its repository.
func blob(out images.Written) (path string, size int64) {
	for digest, n := range out.Blobs {
		if n > 50_000 {
			return "/v2/service-00/blobs/" + digest, n // a base, which is everywhere
		}
	}
	return "", 0
}

func get(t *testing.T, url string) (status int, body []byte, err error) {
	t.Helper()
	fresh := &http.Transport{DisableKeepAlives: true} // on a used connection it would ask again by itself
	res, err := (&http.Client{Transport: fresh}).Get(url)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	body, err = io.ReadAll(res.Body)
	return res.StatusCode, body, err
}

// What is asked is counted by kind, with the bytes; skopeo copies through it.
func TestCounts(t *testing.T) {
	t.Parallel()
	p, out := world(t)
	to := registryproxy.New(t, emulators.Registry(t, true), registryproxy.Rules{Far: time.Millisecond})
	emulators.Skopeo(t, "copy", "--all", "--src-tls-verify=false", "--dest-tls-verify=false", "docker://"+p.Host+"/service-01:v1", "docker://"+to.Host+"/service-01:v1")
	if got := strings.TrimSpace(emulators.Skopeo(t, "inspect", "--tls-verify=false", "--format", "{{.Digest}}", "docker://"+to.Host+"/service-01:v1")); got != out.Tags["service-01:v1"] {
		t.Errorf("it copied %s, want %s", got, out.Tags["service-01:v1"])
	}
	from, into := p.Counts(), to.Counts()
	if from.Kinds["get blob"] != 8 || from.Down < 170_000 || from.Up != 0 || from.Connections == 0 {
		t.Errorf("of the source: %s", from)
	}
	if into.Kinds["begin upload"] != 8 || into.Kinds["end upload"] != 8 || into.Kinds["put manifest"] != 3 || into.Up < 170_000 {
		t.Errorf("of the destination: %s", into)
	}
	if n := len(to.History()); n != into.Requests {
		t.Errorf("%d in the history, %d requests", n, into.Requests)
	}
	to.Reset()
	if c := to.Counts(); c.Requests != 0 || len(c.Kinds) != 0 {
		t.Errorf("after Reset: %s", c)
	}
}

// Each of the bad things happens to the first request, and not to the next.
func TestBadThings(t *testing.T) {
	t.Parallel()
	p, out := world(t)
	path, size := blob(out)
	_, want, err := get(t, p.URL+path)
	if err != nil || int64(len(want)) != size {
		t.Fatalf("%d of %d bytes, %v", len(want), size, err)
	}
	for name, c := range map[string]struct {
		rules registryproxy.Rules
		bad   func(status int, body []byte, err error) bool
	}{
		"throttled": {registryproxy.Rules{Throttle: 1}, func(s int, _ []byte, err error) bool { return s == 429 && err == nil }},
		"failed":    {registryproxy.Rules{Error: 1}, func(s int, _ []byte, err error) bool { return s == 500 && err == nil }},
		"reset":     {registryproxy.Rules{Reset: 1}, func(_ int, _ []byte, err error) bool { return err != nil }},
		"lost":      {registryproxy.Rules{Lost: 1}, func(_ int, _ []byte, err error) bool { return err != nil }},
		"cut": {registryproxy.Rules{Cut: 1}, func(s int, body []byte, err error) bool {
			return s == 200 && err != nil && bytes.Equal(body, want[:len(want)/2])
		}},
		"wrong": {registryproxy.Rules{Wrong: 1}, func(s int, body []byte, err error) bool {
			return s == 200 && err == nil && len(body) == len(want) && !bytes.Equal(body, want)
		}},
	} {
		c.rules.Once = true
		p.Calm(c.rules)
		if s, body, err := get(t, p.URL+path); !c.bad(s, body, err) {
			t.Errorf("%s: %d, %d bytes, %v", name, s, len(body), err)
		}
		if _, body, err := get(t, p.URL+path); err != nil || !bytes.Equal(body, want) {
			t.Errorf("%s, again: %d bytes, %v", name, len(body), err)
		}
	}
	p.Calm(registryproxy.Rules{Throttle: 1, Only: func(r registryproxy.Request) bool { return r.Kind == "list tags" }})
	if s, _, _ := get(t, p.URL+path); s != 200 {
		t.Errorf("what was not meant: %d", s)
	}
	if s, _, _ := get(t, p.URL+"/v2/service-00/tags/list"); s != 429 {
		t.Errorf("what was meant: %d", s)
	}
}

// An upload that is cut does not arrive; one whose answer is lost does.
func TestUploads(t *testing.T) {
	t.Parallel()
	p, _ := world(t)
	raw := bytes.Repeat([]byte("falkirk"), 40_000)
	r := images.At(p.Host)
	for _, c := range []struct {
		rules   registryproxy.Rules
		arrives bool
	}{{registryproxy.Rules{Cut: 1}, false}, {registryproxy.Rules{Lost: 1}, true}} {
		c.rules.Only = func(q registryproxy.Request) bool { return q.Kind == "end upload" }
		p.Calm(c.rules)
		d, err := r.Blob(t.Context(), "service-00", "x", raw)
		if err == nil {
			t.Errorf("%+v: it ended well", c.rules)
		}
		p.Calm(registryproxy.Rules{})
		if has, err := r.Has(t.Context(), "service-00", d.Digest); has != c.arrives || err != nil {
			t.Errorf("%+v: it arrived: %v, %v", c.rules, has, err)
		}
	}
}

// Where blobs are elsewhere, a login must not come along.
func TestElsewhere(t *testing.T) {
	t.Parallel()
	p, out := world(t)
	p.Calm(registryproxy.Rules{Elsewhere: true})
	path, size := blob(out)
	if s, body, err := get(t, p.URL+path); s != 200 || int64(len(body)) != size || err != nil {
		t.Errorf("%d, %d bytes, %v", s, len(body), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("a", "b")
	client := &http.Client{CheckRedirect: func(next *http.Request, via []*http.Request) error {
		next.Header.Set("Authorization", via[0].Header.Get("Authorization"))
		return nil
	}}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if res.Body.Close(); res.StatusCode != http.StatusBadRequest {
		t.Errorf("with a login: %s", res.Status)
	}
}

// A login that counts no more is asked for anew by the registry itself, and skopeo
// goes on with another token.
func TestLoginsExpire(t *testing.T) {
	t.Parallel()
	tokens := emulators.Tokens(t, map[string]string{"anna": "s3cret"}, time.Minute)
	behind := emulators.Docker(t, docker.Options{Tokens: tokens})
	p := registryproxy.New(t, behind.Host, registryproxy.Rules{})
	from, auth := emulators.Registry(t, false), emulators.Login(t, "anna", "s3cret", p.Host)+"/config.json"
	if _, err := images.At(from).Image(t.Context(), "api", "v1", 1); err != nil {
		t.Fatal(err)
	}
	emulators.Skopeo(t, "copy", "--authfile", auth, "--src-tls-verify=false", "--dest-tls-verify=false", "docker://"+from+"/api:v1", "docker://"+p.Host+"/api:v1")
	p.Revoke()
	before, _ := tokens.Given()
	emulators.Skopeo(t, "inspect", "--authfile", auth, "--tls-verify=false", "docker://"+p.Host+"/api:v1")
	if after, _ := tokens.Given(); after == before {
		t.Error("nobody asked for another token")
	}
	p.Calm(registryproxy.Rules{Expired: 1, Only: func(q registryproxy.Request) bool { return q.Kind == "head blob" }})
	cmd := exec.CommandContext(t.Context(), "skopeo", "copy", "--authfile", auth, "--src-tls-verify=false", "--dest-tls-verify=false", "docker://"+from+"/api:v1", "docker://"+p.Host+"/other:v1")
	if out, err := cmd.CombinedOutput(); err == nil {
		t.Errorf("every login is void, and it copies all the same: %s", out)
	}
}

// A strike comes once, and a slow registry is slow.
func TestStrike(t *testing.T) {
	t.Parallel()
	p, out := world(t)
	path, size := blob(out)
	struck := 0
	p.Strike(3, func() { struck++ })
	for range 6 {
		if s, _, err := get(t, p.URL+"/v2/"); s != 200 || err != nil {
			t.Errorf("%d, %v", s, err)
		}
	}
	if struck != 1 {
		t.Errorf("it struck %d times", struck)
	}
	p.Calm(registryproxy.Rules{Rate: size * 4})
	began := time.Now()
	if _, _, err := get(t, p.URL+path); err != nil || time.Since(began) < time.Second/5 {
		t.Errorf("%d bytes came in %s, %v", size, time.Since(began), err)
	}
}
