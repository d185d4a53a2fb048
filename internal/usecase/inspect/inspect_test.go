package inspect_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/inspect"
)

// TestEveryVerbByJSON asks for each use case with raw JSON: what is looked for is in
// the result as JSON, also where there is an error. A use case without a line fails.
func TestEveryVerbByJSON(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exam = delivery.Examination{Accounts: []delivery.ExaminedAccount{{
		Name: "prd", Checks: []delivery.Permission{{Action: "s3:GetObject", Resource: "*", Answer: delivery.AccessDenied}},
	}}}
	raw, err := w.ask(t, "inspect.anchor", `{"environment": "prd"}`)
	if err != nil {
		t.Fatal(err)
	}
	anchor := raw.(inspect.AnchorResult)[0].String()
	done := map[string]bool{}
	for _, c := range []struct {
		name, query string
		fails       fault.Kind // Internal where the error has no kind
		ok          bool
		has         []string
	}{
		{"inspect.anchor", `{}`, 0, true, []string{`"environment":"dev"`, `"environment":"prd"`, `"hash":"sha256:`}},
		{"inspect.calendar", `{"environment": "prd", "next": "1w"}`, 0, true, []string{`"closed":true`, `"zone":"Europe/Berlin"`, `"to":"2026-11-28T12:00:00Z"`}},
		{"inspect.calendar", `{"next": "soon"}`, fault.Invalid, false, nil},
		{"inspect.calendar", `{"environment": "nowhere"}`, fault.NotFound, false, nil},
		{"inspect.diff", `{"a": "1.0.0", "b": "prd"}`, 0, true, []string{`"different":false`}},
		{"inspect.diff", `{"a": "1.1.0", "b": "prd"}`, 0, true, []string{`"different":true`, `"name":"prd","environment":"prd","version":"1.0.0"`}},
		{"inspect.diff", `{"a": "prd", "b": "1.1.0", "observe": true}`, 0, true, []string{`"observed":true`, `"different":true`}},
		{"inspect.diff", `{"a": "1.0.0", "b": "1.1.0", "observe": true}`, fault.Invalid, false, nil},
		{"inspect.diff", `{"a": "1.0.0"}`, fault.Invalid, false, nil},
		{"inspect.diff", `{"a": "nothing", "b": "prd"}`, fault.NotFound, false, nil},
		{"inspect.doctor", `{}`, fault.Refused, false, []string{`"answer":"denied"`}},
		{"inspect.export", `{"phase": "promote", "version": "1.1.0", "environment": "prd", "skipOrder": "r", "override": "a test"}`, 0, true, []string{`aws switch 1.1.0`, `"script":"#!/bin/sh`}},
		{"inspect.export", `{"phase": "destroy", "version": "1.1.0", "environment": "prd"}`, fault.Invalid, false, nil},
		{"inspect.history", `{"environment": "prd"}`, 0, true, []string{`"verb":"promote"`, `"actor":"ann"`, `"summary":"switch to 1.0.0"`}},
		{"inspect.history", `{"release": "1.1.0", "limit": 1}`, 0, true, []string{`"version":"1.1.0"`}},
		{"inspect.local-ps", `{"place": "prd/eu"}`, 0, true, []string{`"component":"web"`, `"pid":7`}},
		{"inspect.local-ps", `{"place": "nowhere"}`, fault.NotFound, false, nil},
		{"inspect.local-ps", `{"component": "web"}`, fault.Invalid, false, nil},
		{"inspect.local-up", `{}`, 0, true, []string{`"component":"web"`}},
		{"inspect.local-down", `{"place": "dev"}`, 0, true, []string{`[]`}},
		{"inspect.logs", `{"environment": "prd", "component": "web"}`, 0, true, []string{`{}`}},
		{"inspect.status", `{"environment": "prd"}`, 0, true, []string{`"live":"1.0.0"`}},
		{"inspect.test-notices", `{}`, fault.Internal, false, []string{`["team"]`}},
		{"inspect.test-notices", `{"name": "team"}`, 0, true, []string{`["team"]`}},
		{"inspect.test-notices", `{"name": "nobody"}`, fault.NotFound, false, nil},
		{"inspect.verify", `{}`, 0, true, []string{`"environment":"dev"`, `"environment":"prd"`}},
		{"inspect.verify", `{"environment": "prd", "since": "` + anchor + `"}`, 0, true, []string{`"anchored":`}},
		{"inspect.verify", `{"environment": "dev", "since": "` + anchor + `"}`, fault.Invalid, false, nil},
		{"inspect.verify", `{"since": "no anchor"}`, fault.Invalid, false, nil},
		{"inspect.verify-blobs", `{}`, 0, true, []string{`"damaged":[]`}},
		{"inspect.why", `{"version": "1.1.0", "environment": "prd"}`, 0, true, []string{`"cause":`}},
	} {
		done[c.name] = true
		r, err := w.ask(t, c.name, c.query)
		if (err == nil) != c.ok || err != nil && fault.KindOf(err) != c.fails {
			t.Errorf("%s %s: %v", c.name, c.query, err)
			continue
		}
		text, bad := json.Marshal(r)
		if bad != nil {
			t.Errorf("%s: %v", c.name, bad)
		}
		for _, want := range c.has {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s %s: no %s in %s", c.name, c.query, want, text)
			}
		}
	}
	for _, e := range inspect.New(time.Now).Entries() {
		if !done[e.Name] {
			t.Errorf("%s is asked for by no line of this test", e.Name)
		}
		if _, err := w.ask(t, e.Name, `{"nobody knows this": 1}`); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s takes a field that it does not know: %v", e.Name, err)
		}
		if _, err := w.ask(t, e.Name, `{} {}`); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s takes two requests at once: %v", e.Name, err)
		}
	}
	var printed, sent bool
	for _, ev := range w.events {
		printed = printed || string(ev.Printed) == "printed by web"
		sent = sent || ev.Sent != nil && *ev.Sent == usecase.Sent{Name: "team", Kind: "fake"}
	}
	if !printed || !sent {
		t.Errorf("what a component printed, and a sample that was sent, are told: %t, %t", printed, sent)
	}
}

// TestALedgerThatWasChanged: the proofs come with the error.
func TestALedgerThatWasChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.alter(t, "prd", `"actor":"ann"`, `"actor":"eve"`)
	r, err := w.ask(t, "inspect.verify", `{"environment": "prd"}`)
	all, _ := r.(inspect.VerifyResult)
	if !fault.Is(err, fault.Tampered) || len(all) != 1 || all[0].Broken == nil {
		t.Errorf("%v, %+v", err, all)
	}
}

// TestHistoryReadsNoFurtherThanAsked: with a limit there are so many, newest first.
func TestHistoryReadsNoFurtherThanAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, limit := range []string{"1", "3"} {
		r, err := w.ask(t, "inspect.history", `{"limit": `+limit+`}`)
		all, _ := r.(inspect.HistoryResult)
		if err != nil || len(all) != int(limit[0]-'0') {
			t.Fatalf("limit %s: %d operations, %v", limit, len(all), err)
		}
		if op := all[0].Operation; op.Verb != delivery.VerbPromote || op.Environment != "dev" || op.Version != "1.1.0" || all[0].Result != delivery.ResultDone {
			t.Errorf("the newest is %+v", all[0])
		}
	}
}

// TestStoppingWhatIsProtected: without consent nothing is stopped, with the digest of
// what was seen or with yes it is; what has changed meanwhile is refused.
func TestStoppingWhatIsProtected(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, query string
		moved       bool
		kind        fault.Kind
		stopped     bool
	}{
		{"nobody agreed", `{}`, false, fault.Refused, false},
		{"a dry run", `{"dryRun": true}`, false, 0, false},
		{"yes", `{"yes": true}`, false, 0, true},
		{"what was seen", `{"plan": "SEEN"}`, false, 0, true},
		{"another release serves by now", `{"plan": "SEEN"}`, true, fault.Conflict, false},
		{"yes, and another release serves by now", `{"yes": true, "plan": "SEEN"}`, true, fault.Conflict, false},
		{"something else", `{"plan": "sha256:0"}`, false, fault.Conflict, false},
	} {
		w := newWorld(t)
		_, err := w.ask(t, "inspect.local-down", `{}`)
		var need *usecase.ConsentError
		if !errors.As(err, &need) || need.Environments[0] != "prd" || w.stopped {
			t.Fatalf("%v, stopped %t", err, w.stopped)
		}
		w.here[0].PID, w.here[0].Restarts = 8, 1 // it was started again: still the same
		if c.moved {
			w.here[0].Version = "1.1.0"
		}
		_, err = w.ask(t, "inspect.local-down", strings.ReplaceAll(c.query, "SEEN", need.Plan))
		if w.stopped != c.stopped || (err == nil) != (c.kind == 0) || err != nil && fault.KindOf(err) != c.kind {
			t.Errorf("%s: stopped %t, %v", c.name, w.stopped, err)
		}
	}
}

// TestNoSampleWhileStopped: a person stopped everything, so no sample is sent.
func TestNoSampleWhileStopped(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := w.app.Engine.Decide(t.Context(), engine.Decision{Verb: delivery.VerbStop, Environment: delivery.Everywhere, Actor: "ann", Reason: "an incident"}); err != nil {
		t.Fatal(err)
	}
	if r, err := w.ask(t, "inspect.test-notices", `{"name": "team"}`); !fault.Is(err, fault.Refused) {
		t.Errorf("%v, %v", r, err)
	}
	for _, ev := range w.events {
		if ev.Sent != nil {
			t.Error("a sample was sent")
		}
	}
}

// TestACallThatCanOnlyOpenTheApp: a face that offers no more gets an answer to each
// request, and no crash.
func TestACallThatCanOnlyOpenTheApp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.bare = true
	for _, e := range inspect.New(time.Now).Entries() {
		query := map[string]string{
			"inspect.diff": `{"a": "prd", "b": "1.1.0"}`, "inspect.export": `{"phase": "prune", "environment": "prd"}`,
			"inspect.logs": `{"environment": "prd", "component": "web"}`, "inspect.why": `{"version": "1.1.0", "environment": "prd"}`,
			"inspect.test-notices": `{"name": "team"}`, "inspect.local-down": `{"yes": true}`,
		}[e.Name]
		if _, err := w.ask(t, e.Name, query); (err == nil) == (e.Name == "inspect.doctor") || err != nil && !fault.Is(err, fault.Refused) {
			t.Errorf("%s: %v", e.Name, err)
		}
	}
}

// TestUseCasesKnowNoFace: use cases open no file, ask no network and read no flag.
func TestUseCasesKnowNoFace(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../*/*.go")
	more, _ := filepath.Glob("../*.go")
	if files = append(files, more...); err != nil || len(files) < 20 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, no := range []string{`"os"`, `"os/exec"`, `"net/http"`, `"net"`, `"github.com/spf13/`, `"falkirk/internal/face`} {
			if strings.Contains(string(raw), "\t"+no) {
				t.Errorf("%s imports %s", f, no)
			}
		}
	}
}
