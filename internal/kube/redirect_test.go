package kube_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"k8s.io/client-go/rest"

	"falkirk/internal/kube"
)

// The token of a cluster goes to no other host.
func TestATokenStaysWithTheCluster(t *testing.T) {
	t.Parallel()
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("another host got %s with %q", r.Method, r.Header.Get("Authorization"))
	}))
	t.Cleanup(other.Close)
	api := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	t.Cleanup(api.Close)
	c, err := kube.New(&rest.Config{Host: api.URL, BearerToken: "secret"}, "prd")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Look(t.Context(), []kube.Key{{Kind: "ConfigMap", Namespace: "a", Name: "b"}}, nil); err == nil {
		t.Error("a redirect is a success")
	}
}
