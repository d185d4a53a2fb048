package site_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"falkirk/internal/aws/account"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/target/site"
	"falkirk/test/emulators"
	"falkirk/test/s3proxy"
)

const (
	builds = "builds"
	bucket = "shop-prd"
)

// world is a server of S3, the store's bucket and an environment's.
type world struct {
	t      testing.TB
	url    string
	wire   *wire
	target *site.Target
	set    site.Settings
	place  delivery.Place
	name   string            // of the component
	creds  *aws.Config       // instead of the usual ones
	server *emulators.Server // an emulator, where it is one

	located bool // the store lies in the bucket of builds
	mu      sync.Mutex
	blobs   map[string][]byte
	sites   map[string]delivery.Site
	packed  map[string]delivery.Artifact
	sent    map[string]bool // blobs that are in the bucket of builds
}

// newWorld is a world in the memory of this process.
func newWorld(t testing.TB) *world {
	t.Helper()
	return worldAt(t, s3proxy.Memory(t))
}

func worldAt(t testing.TB, url string) *world {
	t.Helper()
	w := bareWorld(t, url)
	for _, name := range []string{builds, bucket} {
		w.must(w.api().CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name}))
	}
	return w
}

// bareWorld has no buckets yet.
func bareWorld(t testing.TB, url string) *world {
	t.Helper()
	w := &world{
		t: t, url: url, wire: newWire(), place: delivery.Place{Environment: "prd", Region: "us-east-1"}, name: "web", located: true,
		set:   site.Defaults(),
		blobs: map[string][]byte{}, sites: map[string]delivery.Site{}, packed: map[string]delivery.Artifact{}, sent: map[string]bool{},
	}
	w.set.Bucket = bucket
	w.target = w.another()
	return w
}

// another is a target that knows nothing yet, as a new process does.
func (w *world) another() *site.Target {
	return site.New(site.Options{Store: w.store(), Accounts: w, Patience: time.Millisecond})
}

func (w *world) must(_ any, err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// Config gives every account the same credentials; what it sends goes over the wire.
func (w *world) Config(context.Context, string, string) (aws.Config, error) {
	cfg := w.plain()
	cfg.HTTPClient = w.wire
	return cfg, nil
}

func (w *world) plain() aws.Config {
	if w.creds != nil {
		return w.creds.Copy()
	}
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: &w.url,
		Credentials: credentials.NewStaticCredentialsProvider("AKIAFALKIRKTESTS0000", "test", ""),
	}
}

// api is a client of the test's own, that nobody counts.
func (w *world) api() *s3.Client { return account.S3(w.plain()) }

// store is the world as a store, with or without a bucket.
func (w *world) store() site.Store {
	if w.located {
		return locatedStore{w}
	}
	return struct{ site.Store }{locatedStore{w}}
}

type locatedStore struct{ *world }

func (l locatedStore) Open(_ context.Context, digest string) (io.ReadCloser, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	raw, ok := l.blobs[digest]
	if !ok {
		return nil, fault.New(fault.NotFound, "no blob %s", digest)
	}
	return io.NopCloser(bytes.NewReader(raw)), nil
}

func (l locatedStore) Site(_ context.Context, digest string) (delivery.Site, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, ok := l.sites[digest]
	if !ok {
		return s, fault.New(fault.NotFound, "no site %s", digest)
	}
	return s, nil
}

func (l locatedStore) Where(digest string) (bucket, key string, ok bool) {
	return builds, blobKey(digest), true
}

func blobKey(digest string) string {
	return "store/blobs/sha256/" + strings.TrimPrefix(digest, "sha256:")
}

func digestOf(raw []byte) string {
	sum := sha256.Sum256(raw)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// pack makes a release of files by path, as packing would.
func (w *world) pack(version string, files map[string]string) {
	w.t.Helper()
	s := delivery.Site{Schema: 1}
	for p, text := range files {
		raw := []byte(text)
		f := delivery.File{Path: p, Digest: digestOf(raw), Size: int64(len(raw)), Type: mime.TypeByExtension(path.Ext(p)), Cache: delivery.CacheRevalidate}
		switch {
		case path.Ext(p) == ".html":
			f.Entry, f.Cache = true, delivery.CacheNone
		case strings.Count(path.Base(p), ".") > 1:
			f.Cache = delivery.CacheImmutable
		}
		w.put(f.Digest, raw)
		s.Files = append(s.Files, f)
	}
	slices.SortFunc(s.Files, func(a, b delivery.File) int { return strings.Compare(a.Path, b.Path) })
	w.packSite(version, s)
}

func (w *world) packSite(version string, s delivery.Site) {
	raw, err := json.Marshal(s)
	w.must(raw, err)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sites[digestOf(raw)] = s
	w.packed[version] = delivery.Artifact{Component: w.name, Kind: "site", Digest: digestOf(raw), MediaType: delivery.SiteMediaType, Count: len(s.Files)}
}

// put stores a blob.
func (w *world) put(digest string, raw []byte) {
	w.mu.Lock()
	w.blobs[digest] = raw
	sent := w.sent[digest]
	w.sent[digest] = true
	w.mu.Unlock()
	if w.located && !sent {
		key := blobKey(digest)
		w.must(w.api().PutObject(w.t.Context(), &s3.PutObjectInput{Bucket: aws.String(builds), Key: &key, Body: bytes.NewReader(raw)}))
	}
}

func (w *world) placement(version string) delivery.Placement {
	raw, err := json.Marshal(w.set)
	w.must(raw, err)
	w.mu.Lock()
	defer w.mu.Unlock()
	return delivery.Placement{
		App: "shop", Place: w.place, Component: w.name, Target: site.Kind,
		Settings: raw, Version: version, Artifact: w.packed[version],
	}
}

func (w *world) observe(version string) delivery.State {
	w.t.Helper()
	st, err := w.target.Observe(w.t.Context(), w.placement(version))
	w.must(st, err)
	return st
}

// phase looks, plans and does what is planned.
func (w *world) phase(phase delivery.Phase, version string, remove ...string) (int, error) {
	p := w.placement(version)
	p.Remove = remove
	st, err := w.target.Observe(w.t.Context(), p)
	if err != nil {
		return 0, err
	}
	steps := w.target.Plan(phase, p, st)
	for _, s := range steps {
		for {
			out, err := w.target.Do(w.t.Context(), p, s, nil)
			if err != nil {
				return 0, err
			}
			if out.Wait == 0 {
				break
			}
		}
	}
	return len(steps), nil
}

func (w *world) do(phase delivery.Phase, version string, remove ...string) int {
	w.t.Helper()
	n, err := w.phase(phase, version, remove...)
	if err != nil {
		w.t.Fatalf("%s %s: %v (%s)", phase, version, err, fault.HintOf(err))
	}
	return n
}

func (w *world) provision(version string) int { w.t.Helper(); return w.do(delivery.Provision, version) }

func (w *world) promote(version string) int { w.t.Helper(); return w.do(delivery.Promote, version) }

func (w *world) prune(versions ...string) int {
	w.t.Helper()
	return w.do(delivery.Prune, "", versions...)
}

// live takes a release all the way.
func (w *world) live(version string) { w.t.Helper(); w.provision(version); w.promote(version) }

// objects is what the bucket holds: text by key, without the target's own.
func (w *world) objects() map[string]string {
	w.t.Helper()
	out := map[string]string{}
	for _, key := range w.keys() {
		if !strings.HasPrefix(key, ".falkirk/") && !strings.Contains(key, "/.falkirk/") {
			out[key] = w.read(key)
		}
	}
	return out
}

func (w *world) keys() []string {
	w.t.Helper()
	var all []string
	pages := s3.NewListObjectsV2Paginator(w.api(), &s3.ListObjectsV2Input{Bucket: aws.String(bucket)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(w.t.Context())
		w.must(page, err)
		for _, o := range page.Contents {
			all = append(all, *o.Key)
		}
	}
	return all
}

func (w *world) read(key string) string {
	w.t.Helper()
	out, err := w.api().GetObject(w.t.Context(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: &key})
	if err != nil {
		w.t.Fatalf("read %s: %v", key, err)
	}
	defer out.Body.Close()
	raw, err := io.ReadAll(out.Body)
	w.must(raw, err)
	return string(raw)
}

// write puts an object there by other hands.
func (w *world) write(key, text string) {
	w.t.Helper()
	w.must(w.api().PutObject(w.t.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &key, Body: strings.NewReader(text)}))
}

func (w *world) erase(key string) {
	w.t.Helper()
	w.must(w.api().DeleteObjects(w.t.Context(), &s3.DeleteObjectsInput{
		Bucket: aws.String(bucket), Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: &key}}},
	}))
}

// file is what was packed under a path with a content, whatever the release.
func (w *world) file(path, text string) delivery.File {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.sites {
		for _, f := range s.Files {
			if f.Path == path && f.Digest == digestOf([]byte(text)) {
				return f
			}
		}
	}
	w.t.Fatalf("%q was never packed", path)
	return delivery.File{}
}

func readFile(t testing.TB, name string) string {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// wire carries requests, counts them, and can be cut.
type wire struct {
	http *http.Client

	mu     sync.Mutex
	all    map[string]int                     // by what they ask
	left   int                                // requests until the cut; negative: none
	after  bool                               // the request at the cut still arrives, its answer does not
	broken func(*http.Request) *http.Response // answers in the server's place, or gives nil
}

func newWire() *wire {
	return &wire{http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}}, all: map[string]int{}, left: -1}
}

type errCut struct{}

func (errCut) Error() string { return "the process was killed here" }

// RetryableError tells the SDK that a dead process sends nothing again.
func (errCut) RetryableError() bool { return false }

func (w *wire) Do(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	w.all[what(r)]++
	cut, last := w.left == 0, w.left == 1 && w.after
	if w.left > 0 {
		w.left--
	}
	var res *http.Response
	if w.broken != nil {
		res = w.broken(r)
	}
	w.mu.Unlock()
	if cut {
		return nil, errCut{}
	}
	if res != nil {
		return res, nil
	}
	res, err := w.http.Do(r)
	if last && err == nil {
		_ = res.Body.Close()
		return nil, errCut{}
	}
	return res, err
}

// what a request asks of S3 or CloudFront.
func what(r *http.Request) string {
	q := r.URL.Query()
	switch {
	case r.Header.Get("X-Amz-Copy-Source") != "" && q.Has("uploadId"):
		return "copy part"
	case r.Header.Get("X-Amz-Copy-Source") != "":
		return "copy"
	case q.Has("list-type"):
		return "list"
	case r.Method == http.MethodPost && q.Has("delete"):
		return "delete"
	}
	return strings.ToLower(r.Method)
}

// counted says what was sent since the last time.
func (w *wire) counted() (map[string]int, int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	all, n := w.all, 0
	for _, k := range all {
		n += k
	}
	w.all = map[string]int{}
	return all, n
}

// breaks has f answer in the server's place where it gives an answer.
func (w *wire) breaks(f func(*http.Request) *http.Response) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.broken = f
}

func readCloser(s string) io.ReadCloser { return io.NopCloser(strings.NewReader(s)) }

func (w *wire) cutAfter(n int, arrives bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left, w.after = n, arrives
}

func text(n int, s string) string { return fmt.Sprintf("%s %d", s, n) }
