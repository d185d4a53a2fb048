// Package site takes a site through its life on an emulator of AWS with the
// real program: the builds in one account, the environment in another, in two
// regions.
package site

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"falkirk/test/emulators"
	"falkirk/test/harness"
)

const (
	builds = "111111111111"
	prd    = "222222222222"
)

const appFile = `app: shop
store: s3://shop-builds/falkirk
storeAccount: builds
accounts:
  builds: {id: "111111111111", role: "arn:aws:iam::111111111111:role/deploy", region: us-east-1}
  prd: {id: "222222222222", role: "arn:aws:iam::222222222222:role/deploy", region: us-east-1}
components:
  web:
    site: {path: web}
environments:
  - name: prd
    accounts: [prd]
    keep: 0
    regions:
      - name: us-east-1
        target: {site: {bucket: shop-prd-us}}
      - name: eu-central-1
        target: {site: {bucket: shop-prd-eu, prefix: shop}}
`

type app struct {
	t       *testing.T
	dir     string
	program string
	server  *emulators.Server
}

func (a app) file(name, text string) {
	a.t.Helper()
	path := filepath.Join(a.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		a.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		a.t.Fatal(err)
	}
}

// run runs the program, which must end well, and gives what it printed.
func (a app) run(args ...string) string {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(a.t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, a.program, args...)
	cmd.Dir, cmd.Env = a.dir, append(a.server.Env(), "FALKIRK_ACTOR=ann")
	out, err := cmd.CombinedOutput()
	if err != nil {
		a.t.Fatalf("falkirk %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// release packs a version of the site.
func (a app) release(version, hash string) {
	a.t.Helper()
	if err := os.RemoveAll(filepath.Join(a.dir, "web")); err != nil {
		a.t.Fatal(err)
	}
	a.file("web/index.html", "<script src=app."+hash+".js></script>")
	a.file("web/app."+hash+".js", "release "+version)
	a.file("web/style.css", "p{order:"+version+"}")
	a.run("pack", "--version", version)
}

// bucket is what the AWS CLI finds below a prefix: keys without the target's own.
func (a app) bucket(c emulators.CLI, name, prefix string) []string {
	a.t.Helper()
	var got struct{ Contents []struct{ Key string } }
	c.JSON(a.t, &got, "s3api", "list-objects-v2", "--bucket", name)
	var all []string
	for _, o := range got.Contents {
		if key := strings.TrimPrefix(o.Key, prefix); !strings.HasPrefix(key, ".falkirk/") {
			all = append(all, key)
		}
	}
	return all
}

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

func TestSiteOverTwoAccounts(t *testing.T) {
	t.Parallel()
	server := emulators.Moto(t)
	program, _ := harness.Programs(t)
	a := app{t, t.TempDir(), program, server}
	there := server.As(t, prd)
	server.As(t, builds).Must(t, "s3api", "create-bucket", "--bucket", "shop-builds")
	there.Must(t, "s3api", "create-bucket", "--bucket", "shop-prd-us")
	there.Must(t, "s3api", "create-bucket", "--bucket", "shop-prd-eu", "--create-bucket-configuration", "LocationConstraint=eu-central-1")
	a.file("falkirk.yml", appFile)

	a.release("1", "3f2a9c1b")
	a.run("train", "1", "--to", "prd")
	a.release("2", "4a3b8d2c")
	a.run("train", "2", "--to", "prd")
	expect := func(what, version string, want ...string) {
		t.Helper()
		for name, prefix := range map[string]string{"shop-prd-us": "", "shop-prd-eu": "shop/"} {
			if got := a.bucket(there, name, prefix); !slices.Equal(got, want) {
				t.Errorf("%s: %s holds %q, want %q", what, name, got, want)
			}
			file := filepath.Join(t.TempDir(), "style.css")
			var css struct{ ContentType, CacheControl string }
			there.JSON(t, &css, "s3api", "get-object", "--bucket", name, "--key", prefix+"style.css", file)
			if raw, err := os.ReadFile(file); err != nil || string(raw) != "p{order:"+version+"}" || !strings.HasPrefix(css.ContentType, "text/css") || css.CacheControl != "no-cache" {
				t.Errorf("%s: style.css of %s is %q, %+v: %v", what, name, raw, css, err)
			}
		}
		var envs []struct {
			Components []struct{ Live string }
		}
		var doc struct{ Result json.RawMessage }
		if err := json.Unmarshal([]byte(a.run("status", "prd", "--output", "json")), &doc); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(doc.Result, &envs); err != nil {
			t.Fatal(err)
		}
		if len(envs) != 1 || len(envs[0].Components) != 2 || envs[0].Components[0].Live != version || envs[0].Components[1].Live != version {
			t.Errorf("%s: the status is %s", what, doc.Result)
		}
	}
	both := []string{"app.3f2a9c1b.js", "app.4a3b8d2c.js", "index.html", "style.css"}
	expect("the second release", "2", both...)
	a.run("rollback", "prd")
	expect("rolled back", "1", both...)
	a.run("promote", "2", "--to", "prd")
	if out := a.run("promote", "2", "--to", "prd"); !strings.Contains(out, "nothing to do") {
		t.Errorf("promoting what is live says: %s", out)
	}
	a.run("prune", "prd")
	expect("pruned", "2", "app.4a3b8d2c.js", "index.html", "style.css")
	if out := a.run("verify"); strings.Contains(out, "damaged") {
		t.Errorf("verify says: %s", out)
	}
}
