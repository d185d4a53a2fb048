package ecr_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"falkirk/internal/aws/ecr"
	"falkirk/internal/fault"
	"falkirk/test/emulators"
)

func TestRegistry(t *testing.T) {
	t.Parallel()
	for host, want := range map[string][2]string{
		"123456789012.dkr.ecr.eu-west-1.amazonaws.com":        {"123456789012", "eu-west-1"},
		"123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn":    {"123456789012", "cn-north-1"},
		"123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu":    {"123456789012", "eusc-de-east-1"},
		"123456789012.dkr.ecr.us-isob-east-1.sc2s.sgov.gov":   {"123456789012", "us-isob-east-1"},
		"123456789012.dkr.ecr.eu-west-1.amazonaws.eu":         {},
		"123456789012.dkr.ecr-fips.us-east-1.amazonaws.com":   {"123456789012", "us-east-1"},
		"123456789012.dkr-ecr.us-east-1.on.aws":               {"123456789012", "us-east-1"},
		"public.ecr.aws":                                      {},
		"123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.x": {},
		"127.0.0.1:5000": {},
	} {
		account, region, ok := ecr.Registry(host)
		if account != want[0] || region != want[1] || ok != (want[0] != "") {
			t.Errorf("%s is of %q in %q, %t", host, account, region, ok)
		}
	}
}

// The login is asked for once, and again when it was refused. Its registry is
// that of the endpoint, as moto's token names a host that leads to Amazon.
func TestLogin(t *testing.T) {
	t.Parallel()
	moto := emulators.Moto(t)
	target, err := url.Parse(moto.URL)
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int64
	proxy := httputil.NewSingleHostReverseProxy(target)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	behind := *moto
	behind.URL = front.URL
	c := ecr.New(behind.Config("us-east-1"), "prod", "")
	for range 3 {
		if user, password, err := c.Login(t.Context(), false); err != nil || user != "AWS" || password == "" {
			t.Fatalf("%q, %v", user, err)
		}
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("the login was asked for %d times", n)
	}
	if _, _, err := c.Login(t.Context(), true); err != nil || asked.Load() != 2 {
		t.Errorf("after a refusal: asked %d times, %v", asked.Load(), err)
	}
	host, plain, err := c.Host(t.Context())
	if err != nil || !plain || "http://"+host != front.URL {
		t.Errorf("the registry is at %s (plain: %t), %v", host, plain, err)
	}
	cfg := moto.Config("us-east-1")
	amazons := "https://vpce-1.ecr.us-east-1.vpce.amazonaws.com"
	cfg.BaseEndpoint = &amazons
	if host, plain, err := ecr.New(cfg, "prod", "123456789012.dkr.ecr.us-east-1.amazonaws.com").Host(t.Context()); err != nil || plain || host != "123456789012.dkr.ecr.us-east-1.amazonaws.com" {
		t.Errorf("behind an endpoint of Amazon's the registry is at %s, %v", host, err)
	}
}

// What the repository says of its tags, with patterns that are the other way
// round.
func TestImmutable(t *testing.T) {
	t.Parallel()
	moto := emulators.Moto(t)
	cli := moto.CLI(t)
	cli.Must(t, "ecr", "create-repository", "--repository-name", "some", "--image-tag-mutability", "IMMUTABLE_WITH_EXCLUSION",
		"--image-tag-mutability-exclusion-filters", "filterType=WILDCARD,filter=falkirk.*", "filterType=WILDCARD,filter=prd")
	cli.Must(t, "ecr", "create-repository", "--repository-name", "all", "--image-tag-mutability", "IMMUTABLE")
	cli.Must(t, "ecr", "create-repository", "--repository-name", "none")
	c := ecr.New(moto.Config("us-east-1"), "prod", "")
	for repository, want := range map[string]map[string]bool{
		"some": {"prd": false, "falkirk.prd": false, "prd-1.4.0": true},
		"all":  {"prd": true, "falkirk.prd": true},
		"none": {"prd": false},
	} {
		about, there, err := c.Repository(repository).Describe(t.Context())
		if err != nil || !there {
			t.Fatal(there, err)
		}
		for tag, fixed := range want {
			if about.Immutable(tag) != fixed {
				t.Errorf("%s of %s is immutable: %t", tag, repository, !fixed)
			}
		}
	}
	if _, there, err := c.Repository("nowhere").Describe(t.Context()); err != nil || there {
		t.Errorf("what is not there: %t, %v", there, err)
	}
	_, err := c.Repository("nowhere").Image(t.Context(), "x")
	if !fault.Is(err, fault.NotFound) || !strings.Contains(err.Error(), "nowhere") || !strings.Contains(err.Error(), "prod") {
		t.Errorf("an image in what is not there: %v", err)
	}
}
