package image_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/target/image"
	"falkirk/test/emulators"
)

// A registry that lets no tag be moved, as it says when one is: the tag carries
// the version then.
func TestTagsThatCannotBeMovedAnywhere(t *testing.T) {
	t.Parallel()
	for _, answer := range []struct {
		status int
		body   string
	}{
		{http.StatusBadRequest, `{"errors":[{"code":"TAG_INVALID","message":"the tag is immutable"}]}`},
		{http.StatusConflict, `{"errors":[{"code":"DENIED","message":"no"}]}`},
		{http.StatusPreconditionFailed, `{"errors":[{"code":"PRECONDITION","message":"configured as immutable"}]}`},
	} {
		w, from, to := between(t)
		to.intercept(func(rw http.ResponseWriter, r *http.Request) bool {
			_, tag, _ := strings.Cut(r.URL.Path, "/manifests/")
			if r.Method != http.MethodPut || strings.Contains(tag, ":") {
				return false
			}
			rec := httptest.NewRecorder()
			to.inner.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodHead, r.URL.Path, nil))
			if rec.Code != http.StatusOK {
				return false
			}
			rw.WriteHeader(answer.status)
			_, _ = io.WriteString(rw, answer.body)
			return true
		})
		for _, version := range []string{"1.4.0", "1.5.0"} {
			w.push(from.host, version)
			w.do(delivery.Provision, version)
		}
		for _, version := range []string{"1.4.0", "1.5.0", "1.4.0"} {
			w.do(delivery.Promote, version)
			w.live(version, version)
		}
		tags := tagsOf(t, to.host+"/shop/api")
		for _, want := range []string{"prd", "prd-1.5.0", "prd-1.4.0", "falkirk.prd", "falkirk.prd.000001", "falkirk.prd.000002"} {
			if !strings.Contains(" "+strings.Join(tags, " ")+" ", " "+want+" ") {
				t.Errorf("there is no %s; tags are %q", want, tags)
			}
		}
	}
}

// A release is written by the account that it goes to, and a tag that another
// component has is not taken from it.
func TestRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, image.Settings{Repository: "shop/api", Registry: "111111111111.dkr.ecr.eu-west-1.amazonaws.com"})
	w.in("prod", image.Options{Accounts: accounts{"prod": {}}, ID: func(string) string { return "222222222222" }})
	_, err := w.target.Observe(t.Context(), w.placement(""))
	if !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "111111111111") || !strings.Contains(err.Error(), "222222222222") {
		t.Errorf("the registry of another account: %v", err)
	}

	w = newWorld(t, image.Settings{Repository: "shop/api", Registry: newCounted(t).host, Insecure: true})
	w.pack("1.4.0", multi(t))
	w.do(delivery.Provision, "1.4.0")
	w.do(delivery.Promote, "1.4.0")
	p := w.placement("1.4.0")
	p.Component = "worker"
	if _, err := w.target.Observe(t.Context(), p); !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), `"api"`) {
		t.Errorf("the tag of another component: %v", err)
	}
}

// Without a place for it, a release is refused with the way out, and a version
// that is not provisioned is not promoted.
func TestMissing(t *testing.T) {
	t.Parallel()
	moto := emulators.Moto(t)
	w := newWorld(t, image.Settings{Repository: "shop/api"})
	w.in("prod", image.Options{Accounts: accounts{"prod": moto}})
	w.pack("1.4.0", multi(t))
	if _, err := w.try(t.Context(), delivery.Provision, w.placement("1.4.0")); !fault.Is(err, fault.Refused) || !strings.Contains(fault.HintOf(err), "create: true") {
		t.Errorf("no repository: %v", err)
	}
	moto.CLI(t).Must(t, "ecr", "create-repository", "--repository-name", "shop/api")
	if _, err := w.try(t.Context(), delivery.Promote, w.placement("1.4.0")); !fault.Is(err, fault.Refused) || !strings.Contains(fault.HintOf(err), "falkirk provision 1.4.0") {
		t.Errorf("not provisioned: %v", err)
	}
}
