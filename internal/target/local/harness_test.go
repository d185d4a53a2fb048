//go:build linux

package local_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/target/local"
)

const hidden = "falkirk-test-local"

var service string // the app's program, built once

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == hidden {
		if err := local.Main(context.Background(), os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "falkirk-service-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	service = filepath.Join(dir, "service")
	cmd := exec.Command("go", "build", "-o", service, "./testdata/service")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("%s: %s", err, out))
	}
	return m.Run()
}

// world is one state folder and the store that feeds it.
type world struct {
	t      testing.TB
	dir    string
	target *local.Target
	mu     sync.Mutex
	blobs  map[string][]byte
	sites  map[string]delivery.Site
	image  local.Image
	region string
}

func newWorld(t testing.TB) *world { return newWorldOf(t, "") }

// newAppWorld is a world whose state folder is in the folder of an app.
func newAppWorld(t testing.TB) *world { return newWorldOf(t, "app") }

func newWorldOf(t testing.TB, app string) *world {
	t.Helper()
	w := &world{
		t: t, dir: t.TempDir(), blobs: map[string][]byte{}, sites: map[string]delivery.Site{}, region: "eu",
		image: local.Image{Entrypoint: []string{"/bin/service"}, Env: []string{"PATH=/bin", "FROM=image"}, Dir: "/work"},
	}
	if app != "" {
		if app = filepath.Join(w.dir, app); os.MkdirAll(app, 0o755) != nil {
			t.Fatal("no folder for the app")
		}
	}
	// The folders above are closed to others, as a user's home may be.
	w.target = local.New(local.Options{
		Dir: w.state(), App: app, Store: w, Self: []string{os.Args[0], hidden}, Unpack: w.unpack,
	})
	t.Cleanup(func() {
		if err := w.target.Down(context.Background(), "shop", delivery.Scope{}); err != nil {
			t.Error(err)
		}
		w.noStrays()
		if t.Failed() {
			logs, _ := filepath.Glob(filepath.Join(w.dir, "state", "*", "*", "supervisor.log"))
			for _, path := range logs {
				raw, _ := os.ReadFile(path)
				t.Logf("%s:\n%s", path, raw)
			}
		}
	})
	return w
}

func (w *world) state() string { return filepath.Join(w.dir, "state") }

func (w *world) unpack(_ context.Context, _, platform, dir string) (local.Image, error) {
	for _, name := range []string{"bin", "work", "etc"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			return local.Image{}, err
		}
	}
	raw, err := os.ReadFile(service)
	if err != nil {
		return local.Image{}, err
	}
	err = os.WriteFile(filepath.Join(dir, "etc/passwd"), []byte("root:x:0:0::/root:/bin/sh\nweb:x:4321:4322::/home/web:/bin/sh\n"), 0o644)
	return w.image, errors.Join(err, os.WriteFile(filepath.Join(dir, "bin/service"), raw, 0o755), os.WriteFile(filepath.Join(dir, "platform"), []byte(platform), 0o644))
}

func (w *world) Open(_ context.Context, digest string) (io.ReadCloser, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	raw, ok := w.blobs[digest]
	if !ok {
		return nil, fault.New(fault.NotFound, "no blob %s", digest)
	}
	return io.NopCloser(bytes.NewReader(raw)), nil
}

func (w *world) Site(_ context.Context, digest string) (delivery.Site, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, ok := w.sites[digest]
	if !ok {
		return s, fault.New(fault.NotFound, "no site %s", digest)
	}
	return s, nil
}

func digestOf(raw []byte) string {
	sum := sha256.Sum256(raw)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// site packs files into the store; a name with a dash is immutable.
func (w *world) site(version string, set local.Settings, files map[string]string) delivery.Placement {
	w.t.Helper()
	s := delivery.Site{Schema: 1}
	for path, content := range files {
		f := delivery.File{Path: path, Digest: digestOf([]byte(content)), Size: int64(len(content)), Type: "text/html; charset=utf-8", Cache: delivery.CacheNone}
		if strings.Contains(path, "-") {
			f.Cache, f.Type = delivery.CacheImmutable, "text/javascript"
		}
		w.blobs[f.Digest] = []byte(content)
		s.Files = append(s.Files, f)
	}
	raw, err := json.Marshal(s)
	if err != nil {
		w.t.Fatal(err)
	}
	digest := digestOf(append(raw, version...))
	w.sites[digest] = s
	return w.placement("web", "site", version, digest, set)
}

func (w *world) api(version string, set local.Settings) delivery.Placement {
	return w.placement("api", "image", version, digestOf([]byte(version)), set)
}

func (w *world) placement(component, kind, version, digest string, set local.Settings) delivery.Placement {
	w.t.Helper()
	d := local.Defaults()
	set.HealthTimeout, set.Drain, set.Stop = cmp.Or(set.HealthTimeout, d.HealthTimeout), cmp.Or(set.Drain, d.Drain), cmp.Or(set.Stop, d.Stop)
	raw, err := json.Marshal(set)
	if err != nil {
		w.t.Fatal(err)
	}
	return delivery.Placement{
		App: "shop", Place: delivery.Place{Environment: "dev", Region: w.region}, Component: component, Target: "local",
		Settings: raw, Version: version,
		Artifact: delivery.Artifact{Component: component, Kind: kind, Digest: digest, Size: 10},
	}
}

func (w *world) observe(p delivery.Placement) delivery.State {
	w.t.Helper()
	s, err := w.target.Observe(w.t.Context(), p)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// phase observes, plans and does, as the engine would.
func (w *world) phase(phase delivery.Phase, p delivery.Placement) error {
	now, err := w.target.Observe(w.t.Context(), p)
	if err != nil {
		return err
	}
	for _, step := range w.target.Plan(phase, p, now) {
		if _, err := w.target.Do(w.t.Context(), p, step, nil); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) must(phase delivery.Phase, p delivery.Placement) {
	w.t.Helper()
	if err := w.phase(phase, p); err != nil {
		w.t.Fatalf("%s %s: %v", phase, p.Version, err)
	}
	if left := w.actions(phase, p); phase != delivery.Prune && len(left) > 0 {
		w.t.Fatalf("%s %s leaves steps to do: %v", phase, p.Version, left)
	}
}

func (w *world) live(p delivery.Placement) {
	w.t.Helper()
	w.must(delivery.Provision, p)
	w.must(delivery.Promote, p)
}

func (w *world) prune(p delivery.Placement, versions ...string) {
	w.t.Helper()
	p.Remove = versions
	w.must(delivery.Prune, p)
}

func (w *world) actions(phase delivery.Phase, p delivery.Placement) []string {
	w.t.Helper()
	var list []string
	for _, s := range w.target.Plan(phase, p, w.observe(p)) {
		list = append(list, s.Action)
	}
	return list
}

// get fetches a path below an endpoint.
func get(t testing.TB, e delivery.Endpoint, path string) (body string, res *http.Response) {
	t.Helper()
	body, res, err := fetch(t.Context(), e, path)
	if err != nil {
		t.Fatal(err)
	}
	return body, res
}

func fetch(ctx context.Context, e delivery.Endpoint, path string) (string, *http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(e.URL, "/")+path, nil)
	if err != nil {
		return "", nil, err
	}
	for k, v := range e.Header {
		req.Header.Set(k, v)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", nil, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	return string(raw), res, err
}

// eventually waits for a fact.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	end := time.Now().Add(20 * time.Second)
	for !is() {
		if time.Now().After(end) {
			t.Fatalf("not in time: %s", what)
		}
		<-time.After(10 * time.Millisecond)
	}
}

// processes lists what runs and has to do with this world's folder.
func (w *world) processes() map[int]string {
	list := map[int]string{}
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		all := ""
		for _, link := range []string{"exe", "cwd", "root"} {
			to, _ := os.Readlink(filepath.Join("/proc", e.Name(), link))
			all += to + " "
		}
		line, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
		all += strings.ReplaceAll(string(line), "\x00", " ")
		if strings.Contains(all, w.dir) {
			list[pid] = all
		}
	}
	return list
}

func (w *world) noStrays() {
	w.t.Helper()
	var left map[int]string
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
		if left = w.processes(); len(left) == 0 {
			return
		}
		<-time.After(10 * time.Millisecond)
	}
	w.t.Errorf("stray processes: %v", left)
}

// supervisor is the PID of the place's supervisor.
func (w *world) supervisor() int {
	w.t.Helper()
	list, err := w.target.List(w.t.Context(), "shop", delivery.Scope{Place: "dev"})
	if err != nil || len(list) == 0 {
		w.t.Fatalf("list: %v %v", list, err)
	}
	return list[0].Supervisor
}

// all is an app file that has everything.
func all(delivery.Place, string) bool { return true }
