package image_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/target/image"
)

// overtaken does a phase as an older process, lets another do something before
// its nth request, and gives what that request was; "" where it made fewer.
func (w *world) overtaken(to *counted, nth int, phase delivery.Phase, version string, remove []string, newer func(*world)) (request string, err error) {
	other := *w
	other.target = image.New(image.Options{Store: w.store})
	n := 0
	var once sync.Mutex
	to.intercept(func(_ http.ResponseWriter, r *http.Request) bool {
		once.Lock()
		defer once.Unlock()
		if n++; n == nth {
			request = r.Method + " " + r.URL.Path
			to.intercept(nil)
			newer(&other)
		}
		return false
	})
	p := w.placement(version)
	p.Remove = remove
	_, err = w.try(w.t.Context(), phase, p)
	to.intercept(nil)
	return request, err
}

func threeReleases(t *testing.T) (*world, *counted) {
	t.Helper()
	to := newCounted(t)
	w := newWorld(t, image.Settings{Repository: "shop/api", Registry: to.host, Insecure: true})
	for _, v := range []string{"1", "2", "3"} {
		w.pack(v, multi(t))
		w.do(delivery.Provision, v)
	}
	w.do(delivery.Promote, "1")
	return w, to
}

// A promotion that another one has overtaken moves no tag and no pointer, at
// whichever of its requests it was: only the write that was sent already arrives.
func TestAnOvertakenPromotionMovesNothing(t *testing.T) {
	t.Parallel()
	conflicts := 0
	for nth := 1; ; nth++ {
		w, to := threeReleases(t)
		request, err := w.overtaken(to, nth, delivery.Promote, "2", nil, func(o *world) { o.do(delivery.Promote, "3") })
		if request == "" {
			break
		}
		if strings.HasPrefix(request, "PUT ") && strings.Contains(request, "/manifests/") {
			if err == nil && strings.HasSuffix(request, "/prd") {
				t.Errorf("overtaken at %s: it goes on", request)
			}
			continue // the window: see docs/fencing.md
		}
		if err == nil { // it had not looked yet when the other one was done
			w.live("2", "2")
			continue
		}
		conflicts++
		if !fault.Is(err, fault.Conflict) {
			t.Errorf("overtaken at %s: %v", request, err)
		}
		if w.live("3", "3"); t.Failed() {
			t.Fatalf("overtaken at request %d, %s: %v", nth, request, err)
		}
	}
	if conflicts == 0 {
		t.Error("nothing was refused")
	}
}

// A prune that was overtaken by a promotion of what it deletes leaves that, up
// to its first delete.
func TestAnOvertakenPruneDeletesNothingThatIsLive(t *testing.T) {
	t.Parallel()
	refused := 0
	for nth := 1; ; nth++ {
		w, to := threeReleases(t)
		request, err := w.overtaken(to, nth, delivery.Prune, "", []string{"2"}, func(o *world) { o.do(delivery.Promote, "2") })
		if request == "" || strings.HasPrefix(request, "DELETE ") {
			break
		}
		w.live("2", "2")
		if err != nil {
			refused++
		}
	}
	if refused == 0 {
		t.Error("nothing was refused")
	}
}
