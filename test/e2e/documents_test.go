package e2e

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"falkirk/test/emulators"
	"falkirk/test/emulators/python"
	"falkirk/test/harness"
	"falkirk/test/policies"
)

// everything is an app file whose values come from variables, as far as they may.
const everything = `app: "${env:APP_NAME}"
store: "s3://${env:BUILDS}/shop"
storeAccount: prod
storeBucket: {kmsKey: "${env:KMS}"}
accounts:
  prod: {id: "${env:ACCOUNT_ID}", region: "${env:REGION}", role: "${env:ROLE}", externalId: "${env:OUTSIDE}", tags: {team: "${env:TEAM}"}}
components:
  web:
    site: {path: web, headers: [{match: "*.html", metadata: {team: "${env:TEAM}"}}]}
    target: {site: {bucket: "${env:SITE}"}}
  store:
    stack: {template: store.yaml}
    target:
      stack:
        name: "${env:STACK}"
        bucket: "${env:BUILDS}"
        parameters: {Password: "${env:PASSWORD}", Tier: "a-${env:TIER}"}
        tags: {team: "${env:TEAM}"}
environments:
  - {name: "${env:TIER}", account: prod}
sync:
  - {name: base, source: "${env:FROM}", destination: "${env:TO}", repositories: ["${env:REPOSITORY}"], tags: ["${env:TAGS}"]}
  - {name: own, source: "${env:FROM}", destination: "ecr:${env:REGION}", repositories: ["${env:REPOSITORY}"], tags: ["${env:TAGS}"]}
`

func everyVariable() []string {
	return []string{
		"APP_NAME=shopping", "BUILDS=shopping-builds", "KMS=arn:aws:kms:eu-central-1:444444444444:key/12345678-1234-1234-1234-123456789012",
		"ACCOUNT_ID=444444444444", "REGION=eu-central-1", "ROLE=arn:aws:iam::444444444444:role/deploying", "OUTSIDE=outside-4711", "TEAM=platform",
		"SITE=shopping-site", "STACK=shopping-store", "PASSWORD=hunter2 \"it's\" $HOME", "TIER=production",
		"FROM=111111111111.dkr.ecr.eu-central-1.amazonaws.com", "TO=444444444444.dkr.ecr.eu-central-1.amazonaws.com", "REPOSITORY=team/service", "TAGS=release-*",
		"FALKIRK_ACTOR=ann",
	}
}

func everyApp(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"falkirk.yml": everything, "web/index.html": "<p>one</p>",
		"store.yaml": "Parameters:\n  Password: {Type: String, NoEcho: true}\n  Tier: {Type: String}\nResources:\n" +
			"  Secret:\n    Type: AWS::SSM::Parameter\n    Properties: {Type: String, Name: shopping-password, Value: !Ref Password}\n" +
			"  Open:\n    Type: AWS::SSM::Parameter\n    Properties: {Type: String, Name: shopping-tier, Value: !Ref Tier}\n",
		"ecr-sync-values.yml": "appName: shopping\naccount: \"111111111111\"\nregion: eu-central-1\nclusterName: prod\nnamespace: prd-shop\nimage: host/falkirk:1\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// inApp runs a program in the folder of the app.
func inApp(t *testing.T, dir string, env []string, program string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	var errs bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stderr = dir, append(env, everyVariable()...), &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s\n%s", filepath.Base(program), strings.Join(args, " "), err, out, errs.String())
	}
	return string(out)
}

// marked reports whether a text has the mark of a hidden value, as it is or in an address.
func marked(s string) bool {
	return strings.Contains(s, "***") || strings.Contains(strings.ToUpper(s), "%2A%2A%2A")
}

// Every document that a command prints for somebody to apply has the values of
// variables in it, or reads them; none has the mark of a hidden value.
func TestPrintedDocumentsHaveNoMark(t *testing.T) {
	t.Parallel()
	falkirk, _ := harness.Programs(t)
	dir, env := everyApp(t), emulators.NowhereEnv()
	reader := "arn:aws:iam::333333333333:role/sync"
	for _, c := range []struct {
		args []string
		kind string // what it is read as
		has  []string
	}{
		{[]string{"create", "account", "prod", "--print", "--principal", "555555555555"}, "template", []string{"outside-4711", "shopping-site", "shopping-builds"}},
		{[]string{"create", "ecr-sync", "own", "--print"}, "yaml", []string{"team/service", "s3://shopping-builds/shop"}},
		{[]string{"create", "ecr-sync", "own", "--print", "--identity", "irsa", "--role", reader}, "yaml", []string{"team/service"}},
		{[]string{"create", "ecr-sync", "own", "--print-policies", "--identity", "irsa", "--role", reader}, "", []string{"repository/team/service", "shopping-builds"}},
		{[]string{"create", "sync-function", "base", "--print", "--bucket", "shopping-builds"}, "", []string{"team/service", "shopping-builds"}},
		{[]string{"create", "prd-configs", "--dry-run"}, "", []string{"shopping"}},
		{[]string{"blueprint", "site"}, "template", nil},
		{[]string{"schema"}, "yaml", nil},
	} {
		for _, output := range []string{"text", "json"} {
			got := inApp(t, dir, env, falkirk, append(c.args, "--output", output)...)
			if marked(got) {
				t.Errorf("falkirk %s --output %s hides something:\n%s", strings.Join(c.args, " "), output, got)
			}
			for _, want := range c.has {
				if !strings.Contains(got, want) {
					t.Errorf("falkirk %s --output %s has no %s:\n%s", strings.Join(c.args, " "), output, want, got)
				}
			}
			switch {
			case output == "json" || c.kind == "yaml":
				d := yaml.NewDecoder(strings.NewReader(got))
				var v any
				for {
					if err := d.Decode(&v); err == io.EOF { //nolint:errorlint // it is never wrapped
						break
					} else if err != nil {
						t.Errorf("falkirk %s: %v\n%s", strings.Join(c.args, " "), err, got)
						break
					}
				}
			case c.kind == "template":
				policies.Lint(t, []byte(got))
			}
		}
	}
}

// No request to a service has the mark of a hidden value in it, whatever comes from
// variables: falkirk's own requests, and those of the scripts that it exports.
func TestNoRequestHasTheMark(t *testing.T) {
	t.Parallel()
	falkirk, _ := harness.Programs(t)
	server := emulators.Ministack(t, "444444444444")
	tools := python.AWSFolder(t)
	to, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var all []string
	pass := httputil.NewSingleHostReverseProxy(to)
	seen := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		mu.Lock()
		all = append(all, r.Method+" "+r.URL.String()+"\n"+flat(r.Header)+"\n"+string(body))
		mu.Unlock()
		r.Body = io.NopCloser(bytes.NewReader(body))
		pass.ServeHTTP(w, r)
	}))
	t.Cleanup(seen.Close)
	env := append(server.At(seen.URL).Env(), "PATH="+os.Getenv("PATH")+string(filepath.ListSeparator)+tools)
	aws := filepath.Join(tools, "aws")
	dir := everyApp(t)
	for _, bucket := range []string{"shopping-builds", "shopping-site"} {
		inApp(t, dir, env, aws, "--region", "eu-central-1", "s3", "mb", "s3://"+bucket)
	}
	inApp(t, dir, env, falkirk, "pack", "--version", "1")
	for _, phase := range []string{"provision", "promote"} {
		script := inApp(t, dir, env, falkirk, "export", "1", "--to", "production", "--phase", phase)
		if marked(script) || strings.Contains(script, "hunter2") {
			t.Errorf("the script of %s hides something, or has the password:\n%s", phase, script)
		}
		path := filepath.Join(t.TempDir(), "script.sh")
		if err := os.WriteFile(path, []byte(script), 0o600); err != nil {
			t.Fatal(err)
		}
		inApp(t, dir, env, "bash", "-n", path)
		inApp(t, dir, env, "sh", path)
	}
	for _, line := range []string{
		"train 1 --to production", "pack --version 2", "train 2 --to production", "status", "rollback production", "pack --version 3",
		"train 3 --to production", "prune production", "history production", "converge production",
	} {
		inApp(t, dir, env, falkirk, append(strings.Fields(line), "--yes")...)
	}
	got := inApp(t, dir, env, aws, "--region", "eu-central-1", "ssm", "get-parameter", "--name", "shopping-password", "--query", "Parameter.Value", "--output", "text")
	if strings.TrimSpace(got) != `hunter2 "it's" $HOME` {
		t.Errorf("the password is %q", got)
	}
	mu.Lock()
	defer mu.Unlock()
	if passed := strings.Contains(strings.Join(all, "\n"), "hunter2"); len(all) < 50 || !passed {
		t.Errorf("%d requests were seen, the password in one of them: %t", len(all), passed)
	}
	for _, r := range all {
		if marked(r) {
			t.Errorf("a request has the mark:\n%s", r)
		}
	}
}

func flat(h http.Header) string {
	var b strings.Builder
	_ = h.Write(&b) // a builder takes it
	return b.String()
}
