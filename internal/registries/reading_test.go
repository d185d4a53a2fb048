package registries

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"falkirk/test/emulators"
	"falkirk/test/images"
)

// allowed are the actions of a policy that lets another account pull, and the
// login, which is one's own.
func allowed() []string {
	return []string{"BatchCheckLayerAvailability", "BatchGetImage", "DescribeImages", "GetDownloadUrlForLayer", "GetAuthorizationToken"}
}

// onlyReads is a registry as an account sees it that is only let in to pull: the
// proxy before it refuses every other action of ECR's API.
func onlyReads(t *testing.T, s *emulators.Server) string {
	t.Helper()
	to, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	through := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, action, isAPI := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		if isAPI && !slices.Contains(allowed(), action) {
			w.Header().Set("Content-Type", "application/x-amz-json-1.1")
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"__type":"AccessDeniedException","message":"not authorized to perform: ecr:`+action+`"}`) // the test fails otherwise
			return
		}
		through.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	return front.URL
}

// one is one account.
type one struct{ cfg aws.Config }

func (o one) Config(context.Context, string, string) (aws.Config, error) { return o.cfg.Copy(), nil }

func TestPullingNeedsFourActionsAndNoMore(t *testing.T) {
	t.Parallel()
	s := emulators.ECR(t, "111111111111", "shop")
	sent, err := images.At(s.Host()).Image(t.Context(), "shop", "test", 1)
	if err != nil {
		t.Fatal(err)
	}
	cfg := s.Config("us-east-1")
	cfg.BaseEndpoint = aws.String(onlyReads(t, s))
	r, err := New(one{cfg}).Repository(t.Context(), Where{Host: "111111111111.dkr.ecr.us-east-1.amazonaws.com", ReadOnly: true}, "shop")
	if err != nil {
		t.Fatal(err)
	}
	l, err := r.List(t.Context())
	if err != nil || !l.Exists || l.Tags["test"] != sent.Digest {
		t.Fatalf("%+v %v", l, err)
	}
	m, err := r.Manifest(t.Context(), "test")
	if err != nil || m.Digest != sent.Digest {
		t.Errorf("%+v %v", m, err)
	}
	none, err := New(one{cfg}).Repository(t.Context(), Where{Host: "111111111111.dkr.ecr.us-east-1.amazonaws.com", ReadOnly: true}, "desk")
	if err != nil {
		t.Fatal(err)
	}
	if l, err := none.List(t.Context()); err != nil || l.Exists {
		t.Errorf("%+v %v", l, err)
	}
}
