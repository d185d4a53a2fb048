package image_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/target/image"
	"falkirk/test/chaos"
	"falkirk/test/emulators"
)

// between is a world whose image comes from one counted registry and goes to
// another.
func between(t *testing.T) (w *world, from, to *counted) {
	t.Helper()
	from, to = newCounted(t), newCounted(t)
	w = newWorld(t, image.Settings{Repository: "shop/api", Registry: to.host, Insecure: true})
	w.from(from.host)
	return w, from, to
}

func (w *world) from(host string) {
	w.target = image.New(image.Options{
		Store: w.store, Builds: func(string) (string, bool, error) { return host + "/builds/api", true, nil },
	})
}

// push packs a release and pushes it to the builds registry.
func (w *world) push(host, version string) delivery.Artifact {
	w.t.Helper()
	index := multi(w.t)
	a := w.pack(version, index)
	ref, err := name.ParseReference(host + "/builds/api:" + version)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := remote.WriteIndex(ref, index); err != nil {
		w.t.Fatal(err)
	}
	return a
}

// Signatures and other referrers come along: to a registry that lists referrers
// itself, and to one that does not.
func TestReferrersComeAlong(t *testing.T) {
	t.Parallel()
	lists, silent := func() string { return newCounted(t).host }, func() string { return emulators.Registry(t, true) }
	for kind, hosts := range map[string][2]func() string{
		"lists to lists": {lists, lists}, "lists to silent": {lists, silent},
		"silent to lists": {silent, lists}, "silent to silent": {silent, silent},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			from, to := hosts[0](), hosts[1]()
			w := newWorld(t, image.Settings{Repository: "shop/api", Registry: to, Insecure: true})
			w.from(from)
			a := w.push(from, "1.4.0")
			referrer := sign(t, from, "builds/api", a.Digest)
			if note := w.do(delivery.Provision, "1.4.0"); !strings.Contains(note, "2 signatures") {
				t.Errorf("the note is %q", note)
			}
			fetch(t, to+"/shop/api:"+strings.Replace(a.Digest, ":", "-", 1)+".sig")
			fetch(t, to+"/shop/api@"+referrer)
			d, err := name.NewDigest(to + "/shop/api@" + a.Digest)
			if err != nil {
				t.Fatal(err)
			}
			list, err := remote.Referrers(d) // falls back to the tag by itself
			if err != nil {
				t.Fatal(err)
			}
			m, err := list.IndexManifest()
			if err != nil || len(m.Manifests) != 1 || m.Manifests[0].Digest.String() != referrer {
				t.Errorf("go-containerregistry finds %+v, %v", m, err)
			}
			w.push(from, "1.5.0")
			w.do(delivery.Provision, "1.5.0")
			w.do(delivery.Promote, "1.5.0")
			w.do(delivery.Prune, "1.5.0", "1.4.0")
			for _, tag := range tagsOf(t, to+"/shop/api") {
				if strings.HasPrefix(tag, "sha256-") {
					t.Errorf("%s is left", tag)
				}
			}
		})
	}
}

// A blob that is wrong at its source is refused, and nothing gets a tag.
func TestWrongBytesAreRefused(t *testing.T) {
	t.Parallel()
	w, from, to := between(t)
	w.push(from.host, "1.4.0")
	from.intercept(func(rw http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet || !strings.Contains(r.URL.Path, "/blobs/") {
			return false
		}
		from.inner.ServeHTTP(&bent{ResponseWriter: rw}, r)
		return true
	})
	_, err := w.try(t.Context(), delivery.Provision, w.placement("1.4.0"))
	if err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("wrong bytes: %v", err)
	}
	for _, request := range to.requests() {
		if strings.HasPrefix(request, "PUT /v2/shop/api/manifests/") {
			t.Errorf("it was written all the same: %s", request)
		}
	}
	from.intercept(nil)
	w.do(delivery.Provision, "1.4.0")
}

// bent turns the last byte of an answer.
type bent struct{ http.ResponseWriter }

func (b *bent) Write(p []byte) (int, error) {
	p = slices.Clone(p)
	p[len(p)-1] ^= 1
	return b.ResponseWriter.Write(p)
}

// Each request fails the first time that it is sent: its connection is lost
// before it arrives or after, or it is answered that there are too many.
func TestConnectionsAreCut(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"early", "late", "throttled"} {
		w, from, to := between(t)
		w.push(from.host, "1.4.0")
		var mu sync.Mutex
		seen := map[string]bool{}
		cut := func(c *counted) func(http.ResponseWriter, *http.Request) bool {
			return func(rw http.ResponseWriter, r *http.Request) bool {
				mu.Lock()
				path, _, _ := strings.Cut(r.URL.Path, "uploads/") // what follows is new each time
				key := r.Method + c.host + path + r.URL.Query().Get("digest")
				first := !seen[key]
				seen[key] = true
				mu.Unlock()
				if !first {
					return false
				}
				if how == "throttled" {
					rw.Header().Set("Retry-After", "0")
					rw.WriteHeader(http.StatusTooManyRequests)
					return true
				}
				if how == "late" && r.Method != http.MethodGet {
					c.inner.ServeHTTP(nowhere{http.Header{}}, r)
				}
				if how == "late" && r.Method == http.MethodGet {
					rw.Header().Set("Content-Length", "4096")
					_, _ = io.WriteString(rw, "the first few bytes") // then it is cut
				}
				panic(http.ErrAbortHandler)
			}
		}
		from.intercept(cut(from))
		to.intercept(cut(to))
		w.do(delivery.Provision, "1.4.0")
		w.do(delivery.Promote, "1.4.0")
		from.intercept(nil)
		to.intercept(nil)
		w.live("1.4.0", "1.4.0")
		fetch(t, to.host+"/shop/api:prd")
	}
}

type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header         { return n.header }
func (n nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (n nowhere) WriteHeader(int)             {}

// However early a run is ended, nothing wrong has a tag, and the next finishes.
func TestEndedAtEachRequest(t *testing.T) {
	t.Parallel()
	for n, ended := int64(1), true; ended; n += int64(chaos.Count(7, 1)) {
		w, from, to := between(t)
		w.push(from.host, "1.4.0")
		w.push(from.host, "1.5.0")
		w.do(delivery.Provision, "1.4.0")
		w.do(delivery.Promote, "1.4.0")
		ctx, cancel := context.WithCancel(t.Context())
		var count atomic.Int64
		stop := func(http.ResponseWriter, *http.Request) bool {
			if count.Add(1) == n {
				cancel() // the registry does what it was asked to; nobody hears of it
			}
			return false
		}
		from.intercept(stop)
		to.intercept(stop)
		_, err := w.try(ctx, delivery.Provision, w.placement("1.5.0"))
		if err == nil {
			_, err = w.try(ctx, delivery.Promote, w.placement("1.5.0"))
		}
		if ended = err != nil; ended && !fault.Is(err, fault.Interrupted) {
			t.Fatalf("ended at request %d: %v", n, err)
		}
		cancel()
		from.intercept(nil)
		to.intercept(nil)
		w.from(from.host) // another process knows nothing of the first
		if s := w.observe("1.5.0"); slices.Contains(s.Ready, "1.5.0") {
			whole(t, w, to.host, "1.5.0")
		}
		w.do(delivery.Provision, "1.5.0")
		w.do(delivery.Promote, "1.5.0")
		w.live("1.5.0", "1.5.0")
		whole(t, w, to.host, "1.5.0")
	}
}

// whole has go-containerregistry check all of what a release's tag leads to.
func whole(t *testing.T, w *world, host, version string) {
	t.Helper()
	ref, err := name.ParseReference(host + "/shop/api:release.prd." + version)
	if err != nil {
		t.Fatal(err)
	}
	index, err := remote.Index(ref)
	if err != nil {
		t.Fatal(err)
	}
	if d, err := index.Digest(); err != nil || d.String() != w.releases[version].Digest {
		t.Fatalf("%s is on %s, %v", ref, d, err)
	}
	if err := validate.Index(index); err != nil {
		t.Fatal(err)
	}
}
