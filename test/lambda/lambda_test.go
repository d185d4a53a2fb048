// Package lambda runs the program as a Lambda function.
package lambda

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"falkirk/test/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

func TestEventsAskForUseCases(t *testing.T) {
	t.Parallel()
	r := harness.New(t)
	r.Pack(t, "1.0.0", "1.1.0")
	r.Must(t, "train", "1.0.0", "--to", "prd")
	f := start(t, r)

	a := f.invoke(t, `{"use": "inspect.status", "query": {"environment": "prd"}}`, time.Minute)
	d := a.document(t)
	if a.kind != "" || d.Use != "inspect.status" || d.Exit.Code != 0 || !strings.Contains(string(d.Result), `"live":"1.0.0"`) {
		t.Errorf("status: %+v", a)
	}
	a = f.invoke(t, `{"use": "inspect.history", "file": "falkirk.yml"}`, time.Minute)
	if d := a.document(t); a.kind != "" || d.Use != "inspect.history" {
		t.Errorf("history: %+v", a)
	}
	a = f.invoke(t, `{"use": "release.promote", "query": {"version": "1.0.0", "environment": "dev"}}`, time.Minute)
	if d := a.document(t); a.kind != "" || d.Exit.Code != 0 {
		t.Errorf("nothing to do: %+v", a)
	}
	a = f.invoke(t, `{"use": "release.promote", "query": {"version": "9.9.9", "environment": "dev"}}`, time.Minute)
	if d := a.document(t); a.kind != "not-found" || d.Exit.Code != 2 {
		t.Errorf("promote of what is not there: %+v", a)
	}
	a = f.invoke(t, `{"use": "release.provision", "query": {"version": "1.1.0", "environment": "dev"}}`, time.Minute)
	if d := a.document(t); a.kind != "refused" || !strings.Contains(d.Error.Message, "a Lambda function cannot change a local target") {
		t.Errorf("provision on a local target: %+v", a)
	}
	a = f.invoke(t, `{"use": "decide.hold", "query": {"environment": "dev", "reason": "the fair"}}`, time.Minute)
	if d := a.document(t); a.kind != "" || d.Exit.Code != 0 {
		t.Errorf("hold: %+v", a)
	}
	if d := r.Run(t, "promote", "1.1.0", "--to", "dev"); d.Code != 6 || !strings.Contains(d.Err, "the fair") {
		t.Errorf("a promotion after the hold: %+v", d)
	}
	r.Serves(t, "dev", "1.0.0")
	var past []struct{ Operation struct{ Actor string } }
	r.JSON(t, &past, "history", "dev")
	if past[0].Operation.Actor != "lambda/release" {
		t.Errorf("the ledger says %q", past[0].Operation.Actor)
	}
}

func TestEventsThatAreRefused(t *testing.T) {
	t.Parallel()
	r := harness.New(t)
	elsewhere := filepath.Join("/", "etc", "hostname")
	if err := os.Symlink(elsewhere, filepath.Join(r.Dir, "link.yml")); err != nil {
		t.Fatal(err)
	}
	f := start(t, r)
	for _, body := range []string{
		`{}`, `[]`, `"inspect.status"`, `{"use": ""}`, `{"use": "status"}`, `{"use": "inspect.status", "more": 1}`,
		`{"args": ["status"]}`, `{"use": "release.pack"}`, `{"use": "release.fetch", "query": {"to": "/tmp/x"}}`,
		`{"use": "inspect.logs"}`, `{"use": "inspect.local-up"}`, `{"use": "inspect.local-down"}`, `{"use": "local-process"}`, `{"use": "guard-process"}`,
		`{"use": "inspect.status", "query": {"file": "x"}}`, `{"use": "inspect.status", "query": []}`, `{"use": "inspect.status", "query": {"environment": 1}}`,
		`{"use": "image.tag", "query": {"list": "` + elsewhere + `"}}`, `{"use": "decide.approve", "query": {"key": "` + elsewhere + `"}}`,
		`{"use": "inspect.status", "file": "` + elsewhere + `"}`, `{"use": "inspect.status", "file": "link.yml"}`,
		`{"use": "image.sync", "jobs": "` + elsewhere + `"}`, `{"use": "image.sync", "jobs": "link.yml"}`, `{"use": "image.sync", "jobs": "nothing.yml"}`,
		`{"use": "inspect.status", "file": "nothing.yml"}`, `{"use": "inspect.status", "file": "../../../etc/hostname"}`,
	} {
		if a := f.invoke(t, body, time.Minute); a.kind != "invalid" {
			t.Errorf("%s: %+v", body, a)
		}
	}
	if a := f.invoke(t, `{"use": "inspect.status"}`, time.Minute); a.kind != "" {
		t.Errorf("it does not go on: %+v", a)
	}
}

// Before Lambda kills the function the command is interrupted, and says so.
func TestACommandEndsBeforeItsTime(t *testing.T) {
	t.Parallel()
	r := harness.New(t)
	r.Pack(t, "1.0.0", "1.1.0")
	r.Must(t, "train", "1.0.0", "--to", "dev")
	r.Must(t, "provision", "1.1.0", "--to", "dev")
	raw, err := os.ReadFile(filepath.Join(r.Dir, "falkirk.yml"))
	if err != nil {
		t.Fatal(err)
	}
	slow := strings.Replace(string(raw), "  - name: dev\n", `  - name: dev
    gates: [{when: before promote, command: {shell: "sleep 60"}}]
`, 1)
	if err := os.WriteFile(filepath.Join(r.Dir, "slow.yml"), []byte(slow), 0o600); err != nil {
		t.Fatal(err)
	}
	f := start(t, r)
	began := time.Now()
	a := f.invoke(t, `{"use": "release.promote", "query": {"version": "1.1.0", "environment": "dev"}, "file": "slow.yml"}`, 5*time.Second)
	if d := a.document(t); a.kind != "interrupted" || d.Exit.Code != 130 || time.Since(began) > 5*time.Second {
		t.Errorf("after %s: %+v", time.Since(began), a)
	}
	r.Serves(t, "dev", "1.0.0")
}
