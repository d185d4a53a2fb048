// Package aws runs the real program on an emulated AWS whose network and
// services are bad, and kills it.
package aws

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"falkirk/internal/bucket/s3"
	"falkirk/internal/delivery"
	"falkirk/internal/ledger"
	"falkirk/test/chaos/faults"
	"falkirk/test/emulators"
	"falkirk/test/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

// world is an app on an emulated AWS, reached through a proxy.
type world struct {
	t       *testing.T
	dir     string
	falkirk string
	server  *emulators.Server
	proxy   *faults.Proxy
	s3      *awss3.Client
}

const siteApp = `app: shop
lock: {request: 300ms} # the emulator answers within it
store: s3://chaos-builds/shop
storeAccount: builds
accounts:
  builds: {id: "111111111111", region: eu-central-1, role: "arn:aws:iam::111111111111:role/falkirk"}
  prd: {id: "333333333333", region: eu-central-1, role: "arn:aws:iam::333333333333:role/falkirk"}
components:
  web:
    site: {path: web}
    target: {site: {bucket: "chaos-web-${place.region}"}}
environments:
  - {name: prd, account: prd, regions: [eu-central-1, us-east-1], keep: 1}
`

var regions = []string{"eu-central-1", "us-east-1"}

func newWorld(t *testing.T, server *emulators.Server, app string, buckets ...string) *world {
	t.Helper()
	falkirk, _ := harness.Programs(t)
	w := &world{t: t, dir: t.TempDir(), falkirk: falkirk, server: server, proxy: faults.New(t, server.URL, faults.Rules{})}
	w.s3 = awss3.NewFromConfig(server.Config("eu-central-1"), func(o *awss3.Options) {
		o.UsePathStyle, o.DisableLogOutputChecksumValidationSkipped = true, true
	})
	w.write("falkirk.yml", app)
	for _, b := range buckets {
		in := &awss3.CreateBucketInput{ // in the region that the app files give to the account
			Bucket: aws.String(b), CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraintEuCentral1},
		}
		if _, err := w.s3.CreateBucket(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func (w *world) write(name, content string) {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o644)); err != nil {
		w.t.Fatal(err)
	}
}

// site writes the site of a version: pages, and assets with names of their own.
func (w *world) site(version string) {
	w.t.Helper()
	if err := os.RemoveAll(filepath.Join(w.dir, "web")); err != nil {
		w.t.Fatal(err)
	}
	for i := range 8 {
		w.write(fmt.Sprintf("web/assets/part-%d.%08x.js", i, i*7919+len(version)*31+int(version[0])), "part of "+version)
	}
	w.write("web/index.html", "<p>"+version+"</p>")
	w.write("web/about/index.html", "<p>about "+version+"</p>")
}

func (w *world) command(ctx context.Context, args ...string) (*exec.Cmd, *bytes.Buffer) {
	cmd := exec.CommandContext(ctx, w.falkirk, args...)
	cmd.Dir = w.dir
	cmd.Env = append(w.server.Env(), "AWS_ENDPOINT_URL="+w.proxy.URL, "FALKIRK_ACTOR=test")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	return cmd, &out
}

func (w *world) must(args ...string) string {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 2*time.Minute)
	defer cancel()
	cmd, out := w.command(ctx, args...)
	if err := cmd.Run(); err != nil {
		w.t.Fatalf("falkirk %v: %v\n%s", args, err, out)
	}
	return out.String()
}

func (w *world) object(bucket, key string) string {
	w.t.Helper()
	out, err := w.s3.GetObject(w.t.Context(), &awss3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return err.Error()
	}
	defer out.Body.Close()
	raw, err := io.ReadAll(out.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(raw)
}

// serves fails the test unless every region has the whole site of a version.
func (w *world) serves(version string) {
	w.t.Helper()
	for _, region := range regions {
		for key, want := range map[string]string{"index.html": "<p>" + version + "</p>", "about/index.html": "<p>about " + version + "</p>"} {
			if got := w.object("chaos-web-"+region, key); got != want {
				w.t.Errorf("%s in %s is %q, want %q", key, region, got, want)
			}
		}
		for i := range 8 {
			key := fmt.Sprintf("assets/part-%d.%08x.js", i, i*7919+len(version)*31+int(version[0]))
			if got := w.object("chaos-web-"+region, key); got != "part of "+version {
				w.t.Errorf("%s in %s is %q", key, region, got)
			}
		}
	}
}

// once fails the test unless the ledger of prd is whole, and has each step of an
// operation once.
func (w *world) once(prefix string) {
	w.t.Helper()
	l := ledger.New(s3.New(w.s3, "chaos-builds", prefix), "shop", "prd", ledger.Options{})
	seen := map[string]bool{}
	for e, err := range l.Entries(w.t.Context()) {
		if err != nil {
			w.t.Fatal(err)
		}
		if e.Event != delivery.Did {
			continue
		}
		key := e.Operation.ID + " " + e.Step.ID()
		if seen[key] {
			w.t.Errorf("done twice: %s", key)
		}
		seen[key] = true
	}
	if len(seen) == 0 {
		w.t.Error("the ledger has no step")
	}
}

// bad is a day on which every eighth request is refused, breaks, is done and not
// answered, or finds its session over. Few are throttled: the SDK's adaptive
// mode is slow for a minute after each.
func bad(seed uint64) faults.Rules {
	return faults.Rules{
		Seed: seed, Throttle: 0.004, Error: 0.05, Reset: 0.02, Lost: 0.03, Cut: 0.02, Expired: 0.01,
		Slow: 0.03, Delay: 20 * time.Millisecond,
	}
}

func TestEveryPhaseOnABadDay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, emulators.Moto(t), siteApp, "chaos-builds", "chaos-web-eu-central-1", "chaos-web-us-east-1")
	w.proxy.Calm(bad(7))
	var said strings.Builder
	w.site("1")
	said.WriteString(w.must("pack", "--version", "1"))
	said.WriteString(w.must("train", "1", "--to", "prd"))
	w.serves("1")
	w.site("2")
	said.WriteString(w.must("pack", "--version", "2"))
	said.WriteString(w.must("train", "2", "--to", "prd"))
	w.serves("2")
	said.WriteString(w.must("rollback", "prd"))
	w.serves("1")
	said.WriteString(w.must("prune", "prd"))
	said.WriteString(w.must("status"))
	said.WriteString(w.must("verify"))
	w.serves("1")
	w.once("shop")
	if !strings.Contains(said.String(), "sent again") {
		t.Error("nobody was told that calls had to be sent again")
	}
	out := w.server.CLI(t).Must(t, "s3api", "list-objects-v2", "--bucket", "chaos-web-us-east-1", "--query", "Contents[].Key")
	if n := strings.Count(out, "assets/"); n != 8 {
		t.Errorf("the AWS CLI finds %d assets after the prune: %s", n, out)
	}
}

// live is the release that the program says is live, everywhere the same.
func (w *world) live() string {
	w.t.Helper()
	var doc struct {
		Result []struct {
			Live, Condition string
		}
	}
	// A warning that a call was sent again may come before or after the document.
	out := w.must("status", "prd", "--output", "json")
	if err := json.NewDecoder(strings.NewReader(out[strings.Index(out, "{"):])).Decode(&doc); err != nil {
		w.t.Fatal(err)
	}
	return doc.Result[0].Live + " " + doc.Result[0].Condition
}
