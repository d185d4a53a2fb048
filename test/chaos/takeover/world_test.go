// Package takeover stops the real program in the middle of promotions and
// prunes, or cuts it off from the network, has another one take over and go on,
// lets the first one go on, and looks at what it still wrote: at the log of a
// proxy before the emulator, and at what is served.
package takeover

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"falkirk/test/emulators"
	"falkirk/test/harness"
	"falkirk/test/s3proxy"
)

// TestMain runs more trials side by side than there are cores: they wait.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	os.Exit(harness.Main(m))
}

const account = "444444444444"

// appFile is an app with a short lease, so that a trial takes seconds.
const appFile = `app: shop
lock: {lease: 2s, request: 500ms}
store: s3://NAME-builds/shop
storeAccount: prd
accounts:
  prd: {id: "444444444444", region: us-east-1}
components:
  web:
    site: {path: web}
    target: {site: {bucket: NAME-web}}
  queue:
    stack: {template: queue.yaml}
    target: {stack: {name: NAME-queue, parameters: {Name: "NAME-${release.version}"}}}
  api:
    image: {folder: web, entrypoint: [/app/run]}
    target: {image: {registry: "${env:REGISTRY}", insecure: true, repository: NAME/api}}
environments:
  - {name: prd, account: prd, keep: KEEP}
`

const template = `Parameters:
  Name: {Type: String}
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: {QueueName: !Ref Name}
`

const (
	pages  = 10
	assets = 6
)

// world is one app on an emulator, and two processes that reach it by addresses
// of their own.
type world struct {
	t       *testing.T
	name    string
	dir     string
	falkirk string
	em      *emulator
	s3      *s3.Client
	urls    map[string]string // of AWS, by process
	hosts   map[string]string // of the registry, by process
	turn    int               // which of its versions is live

	mu   sync.Mutex
	hook func(s3proxy.Request) s3proxy.Fate // for requests of the first process
}

// emulator is one emulator of AWS and one registry, each with a proxy, for
// several worlds.
type emulator struct {
	server   *emulators.Server
	registry string
	proxies  []*s3proxy.Proxy // of AWS and of the registry
	mu       sync.Mutex
	worlds   map[string]*world // by the name of the first process
}

func newEmulator(t *testing.T) *emulator {
	t.Helper()
	e := &emulator{server: emulators.Ministack(t, account), registry: emulators.Registry(t, true), worlds: map[string]*world{}}
	e.proxies = []*s3proxy.Proxy{
		s3proxy.New(t, e.server.Config("us-east-1")),
		s3proxy.New(t, e.server.At("http://"+e.registry).Config("us-east-1")),
	}
	for _, p := range e.proxies {
		p.Hook(e.decide)
	}
	return e
}

func (e *emulator) decide(q s3proxy.Request) s3proxy.Fate {
	e.mu.Lock()
	w := e.worlds[q.Client]
	e.mu.Unlock()
	if w == nil {
		return s3proxy.Pass
	}
	w.mu.Lock()
	hook := w.hook
	w.mu.Unlock()
	if hook == nil {
		return s3proxy.Pass
	}
	return hook(q)
}

func (e *emulator) world(t *testing.T, name string, keep int) *world {
	t.Helper()
	falkirk, _ := harness.Programs(t)
	w := &world{t: t, name: name, dir: t.TempDir(), falkirk: falkirk, em: e, urls: map[string]string{}, hosts: map[string]string{}}
	for _, p := range []string{"first", "second"} {
		w.urls[p] = e.proxies[0].Client(name + "-" + p)
		w.hosts[p] = strings.TrimPrefix(e.proxies[1].Client(name+"-"+p), "http://")
	}
	e.mu.Lock()
	e.worlds[name+"-first"] = w
	e.mu.Unlock()
	w.s3 = s3.NewFromConfig(w.em.server.Config("us-east-1"), func(o *s3.Options) {
		o.UsePathStyle, o.DisableLogOutputChecksumValidationSkipped = true, true
	})
	for _, b := range []string{"-builds", "-web"} {
		if _, err := w.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(name + b)}); err != nil {
			t.Fatal(err)
		}
	}
	w.write("falkirk.yml", strings.NewReplacer("NAME", name, "KEEP", fmt.Sprint(keep)).Replace(appFile))
	w.write("queue.yaml", template)
	return w
}

func (w *world) write(name, content string) {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o644)); err != nil {
		w.t.Fatal(err)
	}
}

// files are the site of a version, by path: pages whose names stay, and assets
// whose names have a hash.
func files(version string) map[string]string {
	all := map[string]string{"index.html": "<p>" + version + "</p>"}
	for i := range pages {
		all[fmt.Sprintf("page-%d/index.html", i)] = fmt.Sprintf("<p>page %d of %s</p>", i, version)
	}
	for i := range assets {
		all[fmt.Sprintf("assets/part-%d.%08x.js", i, 0xabc00000+i*256+int(version[0]))] = fmt.Sprintf("part %d of %s", i, version)
	}
	return all
}

// pack makes the releases.
func (w *world) pack(versions ...string) {
	w.t.Helper()
	for _, v := range versions {
		if err := os.RemoveAll(filepath.Join(w.dir, "web")); err != nil {
			w.t.Fatal(err)
		}
		for path, content := range files(v) {
			w.write("web/"+path, content)
		}
		w.must("second", "pack", "--version", v)
	}
}

// wrong lists the files of a version that the bucket does not serve.
func (w *world) wrong(version string) []string {
	w.t.Helper()
	var out []string
	for path, want := range files(version) {
		got, err := w.s3.GetObject(w.t.Context(), &s3.GetObjectInput{Bucket: aws.String(w.name + "-web"), Key: &path})
		if err != nil {
			out = append(out, path+" is not there")
			continue
		}
		raw, err := io.ReadAll(got.Body)
		if err = errors.Join(err, got.Body.Close()); err != nil {
			w.t.Fatal(err)
		}
		if string(raw) != want {
			out = append(out, fmt.Sprintf("%s is %q", path, raw))
		}
	}
	if tag, release := w.digest("prd"), w.digest("release.prd."+version); tag != release || tag == "" {
		out = append(out, fmt.Sprintf("the tag prd is on %q and %s on %q", tag, version, release))
	}
	return out
}

// digest is what a tag of the image names; "" where there is none.
func (w *world) digest(tag string) string {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodHead, "http://"+w.em.registry+"/v2/"+w.name+"/api/manifests/"+tag, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Accept", "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	return res.Header.Get("Docker-Content-Digest")
}

// process is one run of the program.
type process struct {
	cmd   *exec.Cmd
	out   *bytes.Buffer
	ended chan struct{}
}

func (w *world) start(who string, args ...string) *process {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 3*time.Minute)
	p := &process{cmd: exec.CommandContext(ctx, w.falkirk, args...), out: &bytes.Buffer{}, ended: make(chan struct{})}
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = w.dir, p.out, p.out
	p.cmd.Env = append(w.em.server.Env(), "AWS_ENDPOINT_URL="+w.urls[who], "REGISTRY="+w.hosts[who], "FALKIRK_ACTOR="+who)
	if err := p.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	go func() {
		defer cancel()
		defer close(p.ended)
		_ = p.cmd.Wait() // the exit code tells
	}()
	w.t.Cleanup(func() { _ = p.cmd.Process.Kill(); <-p.ended })
	return p
}

// code waits for the end.
func (p *process) code() int {
	<-p.ended
	return p.cmd.ProcessState.ExitCode()
}

func (p *process) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) } // it may have gone

func (w *world) must(who string, args ...string) string {
	w.t.Helper()
	p := w.start(who, args...)
	if code := p.code(); code != 0 {
		w.t.Fatalf("falkirk %v: exit code %d\n%s", args, code, p.out)
	}
	return p.out.String()
}

// insist repeats a command while the environment is locked.
func (w *world) insist(args ...string) string {
	w.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		p := w.start("second", args...)
		switch code := p.code(); {
		case code == 0:
			return p.out.String()
		case code != 5 || time.Now().After(deadline):
			w.t.Fatalf("falkirk %v: exit code %d\n%s", args, code, p.out)
		}
	}
}

// on sets what happens to requests of the first process.
func (w *world) on(hook func(s3proxy.Request) s3proxy.Fate) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hook = hook
}

// opening reports whether a request takes the environment: before its answer
// a process has nothing to lose.
func opening(q s3proxy.Request) bool {
	return q.Operation == "PutObject" && strings.Contains(q.Key(), "/ledger/shop/prd/")
}

// trouble is what happens to the first process at its nth request after it has
// taken the environment.
type trouble struct {
	name string
	at   int
	stop bool // SIGSTOP, until the second one is done
	pass bool // the request itself arrives
	cut  func(q s3proxy.Request, w *world) bool
}

func nothing(s3proxy.Request, *world) bool    { return false }
func everything(s3proxy.Request, *world) bool { return true }
func store(q s3proxy.Request, w *world) bool  { return q.Bucket == w.name+"-builds" }

// apply has the trouble come when the first process makes its nth request.
func (x trouble) apply(w *world, p func() *process) (struck *atomic.Bool) {
	var count atomic.Int64
	struck = &atomic.Bool{}
	w.on(func(q s3proxy.Request) s3proxy.Fate {
		if count.Load() == 0 && !opening(q) {
			return s3proxy.Pass
		}
		n := int(count.Add(1)) - 1
		switch {
		case n < x.at:
			return s3proxy.Pass
		case n == x.at:
			struck.Store(true)
			if x.stop {
				p().signal(syscall.SIGSTOP)
			}
			if x.pass {
				return s3proxy.Pass
			}
			return s3proxy.Break
		case x.cut(q, w):
			return s3proxy.Break
		}
		return s3proxy.Pass
	})
	return struck
}
