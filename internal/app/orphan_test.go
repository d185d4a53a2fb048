package app

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
)

// left writes into the ledger of an environment what is live there.
func (s *stage) left(t *testing.T, environment string, live ...delivery.Standing) {
	t.Helper()
	w := wire()
	a, err := w.Open(t.Context(), filepath.Join(s.dir, "falkirk.yml"), func(engine.Event) {})
	if err != nil {
		t.Fatal(err)
	}
	op := delivery.Operation{ID: "before", Verb: delivery.VerbPromote, App: "shop", Environment: environment, Version: "1", Actor: "ann"}
	hold, _, err := a.Engine.Ledger(environment).Begin(t.Context(), op)
	if err == nil {
		err = hold.Close(t.Context(), delivery.Entry{Event: delivery.Closed, Operation: op, Result: delivery.ResultDone, Settled: true, After: live})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func standing(component, environment, account, region string) delivery.Standing {
	return delivery.Standing{Component: component, Live: "1", Place: delivery.Place{Environment: environment, Account: account, Region: region}}
}

// otherwise are the runs of the table of names in which NOT is no environment, and
// those of commands that show orphans themselves.
var otherwise = []string{
	"apply NOT.json", "blueprint NOT", "calendar --zone NOT", "create ", "delete ", "doctor NOT", "export NOT", "fetch ", "image ", "init ", "logs dev NOT",
	"notices test NOT", "plan NOT", "plan show", "promote NOT", "provision NOT", "reference ", "releases ", "retire dev/NOT", "rollback dev --to NOT", "sync ", "train NOT",
	"why NOT", "history NOT", "verify NOT", "status NOT", "retire NOT",
}

// TestACommandOnAnOrphanSaysSo: every command that takes an environment says of one
// that the app file does not name any more that it is orphaned, and what to do.
func TestACommandOnAnOrphanSaysSo(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.must(t, "pack --version 1")
	s.left(t, "gone", standing("api", "gone", "", "eu"))
	s.left(t, "ended", delivery.Standing{Component: "api", Place: delivery.Place{Environment: "ended"}})
	ran := 0
	for _, lines := range missing {
		for _, line := range lines {
			if hasAnyPrefix(line, otherwise) {
				continue
			}
			ran++
			code, text := s.run(t, strings.ReplaceAll(line, "NOT", "gone"))
			if code != 2 || !strings.Contains(text, "it is orphaned: api in gone/eu is on release 1") || !strings.Contains(text, "then: falkirk retire gone/eu --reason TEXT") {
				t.Errorf("falkirk %s of an orphan: exit code %d\n%s", line, code, text)
			}
			for _, name := range []string{"ended", "never"} {
				if code, text := s.run(t, strings.ReplaceAll(line, "NOT", name)); code != 2 || strings.Contains(text, "orphaned") {
					t.Errorf("falkirk %s of what is not live: exit code %d\n%s", line, code, text)
				}
			}
		}
	}
	if ran < 20 {
		t.Errorf("only %d commands were run", ran)
	}
	for line, code := range map[string]int{"status gone --exit-code": 7, "status --exit-code": 7, "status dev --exit-code": 0, "status gone": 0, "history gone": 0, "verify gone": 0} {
		if got, text := s.run(t, line); got != code || strings.Contains(text, "orphaned") == strings.Contains(line, "dev") {
			t.Errorf("falkirk %s: exit code %d, want %d\n%s", line, got, code, text)
		}
	}
}

func hasAnyPrefix(s string, all []string) bool {
	for _, p := range all {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

// TestWhatToDoWithAnOrphan: where nothing of it is on this machine, the text names
// what a person removes there, and the command that acts on that orphan alone.
func TestWhatToDoWithAnOrphan(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		orphan delivery.Standing
		kind   string // of what is live
		want   string
	}{
		{standing("infra", "prd", "far", "us-1"), "stack", "delete the CloudFormation stack that has the tags falkirk:app shop, falkirk:component infra and falkirk:environment prd in account far, region us-1, then: falkirk retire prd/far/us-1 --reason TEXT"},
		{standing("web", "prd", "far", "us-1"), "site", "delete the files of web from its bucket in account far, region us-1, then: falkirk retire prd/far/us-1 --reason TEXT"},
		{standing("job", "prd", "far", "us-1"), "image", "delete the images of job from its repository in account far, region us-1, then: falkirk retire prd/far/us-1 --reason TEXT"},
		{standing("gone", "prd", "far", "us-1"), "", "remove gone by hand in account far, region us-1, then: falkirk retire prd/far/us-1 --reason TEXT"},
		{standing("web", "prd", "", "us-1"), "site", "run on its machine: falkirk local down prd/us-1, then: falkirk retire prd/us-1 --reason TEXT"},
		{standing("job", "prd", "", "us-1"), "image", "run on its machine: falkirk local down prd/us-1 (where it is in a registry: delete its images there), then: falkirk retire prd/us-1 --reason TEXT"},
		{standing("api", "prd", "", "us-1"), "image", "run on its machine: falkirk local down prd/us-1, then: falkirk retire prd/us-1 --reason TEXT"},
		{standing("web", "dev", "", "local"), "site", "run on its machine: falkirk local down dev/local web, then: falkirk retire dev/local web --reason TEXT"},
	} {
		s := newStage(t)
		s.must(t, "pack --version 1")
		if c.kind != "" {
			s.release(t, delivery.Artifact{Component: c.orphan.Component, Kind: c.kind})
			c.orphan.Live = "9"
		}
		s.left(t, c.orphan.Place.Environment, c.orphan)
		code, text := s.run(t, "status")
		if code != 0 || !strings.Contains(text, "to go on with it; to end it, "+c.want+"\n") {
			t.Errorf("%s of kind %q: exit code %d, want %q\n%s", c.orphan.Component, c.kind, code, c.want, text)
		}
	}
}

// release puts release 9 into the store as a version of the app before had packed it.
func (s *stage) release(t *testing.T, a delivery.Artifact) {
	t.Helper()
	a.Digest, a.MediaType = "sha256:"+strings.Repeat("0", 64), "application/json"
	raw, err := json.Marshal(delivery.Release{Schema: delivery.ReleaseSchema, App: "shop", Version: "9", Artifacts: []delivery.Artifact{a}, PackedBy: "ann", PackedAt: time.Now()})
	if err == nil {
		err = os.WriteFile(filepath.Join(s.dir, ".falkirk", "releases", "shop", "9.json"), raw, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
