package release_test

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/release"
)

// verbs is a request for every use case of the room, on a world of its own. What it
// changes of something protected needs consent.
var verbs = map[string]struct {
	query   string
	has     []string
	consent bool
	move    func(w *world) // makes another plan of it; nil: the digest is of the request itself
}{
	"release.fetch":      {`{"version": "1.0.0", "component": "fn"}`, []string{`"component":"fn"`, `"file":"fn-1.0.0.zip"`}, false, nil},
	"release.list":       {`{}`, []string{`"version":"0.9.0"`, `"version":"1.2.0"`}, false, nil},
	"release.show":       {`{"version": "1.0.0"}`, []string{`"version":"1.0.0"`}, false, nil},
	"release.pack":       {`{"version": "1.4.0"}`, []string{`"version":"1.4.0"`, `"added":true`}, false, nil},
	"release.plan":       {`{"version": "1.1.0", "environment": "prd"}`, []string{`"phase":"promote"`, `"steps":1`, `"digest":"sha256:`}, false, nil},
	"release.save":       {`{"version": "1.1.0", "environment": "prd", "verb": "promote"}`, []string{`"schema":1`, `"verb":"promote"`, `"madeBy":"bea"`}, false, nil},
	"release.train-plan": {`{"version": "1.2.0", "environment": "prd"}`, []string{`"environment":"dev"`, `"environment":"prd"`}, false, nil},

	"release.apply":     {`{"saved": SAVED}`, []string{`"changed":true`, `"result":"done"`, `"live":"1.1.0"`}, true, nil},
	"release.provision": {`{"version": "1.2.0", "environment": "prd"}`, []string{`"changed":true`, `"ready":["1.0.0","1.1.0","1.2.0"]`}, true, func(w *world) { w.present["prd"] = append(w.present["prd"], "1.2.0") }},
	"release.promote":   {`{"version": "1.1.0", "environment": "prd"}`, []string{`"changed":true`, `"live":"1.1.0"`, `"actor":"bea"`}, true, func(w *world) { w.live["prd"] = "1.1.0" }},
	"release.rollback":  {`{"environment": "prd", "version": "1.1.0", "reason": "why not"}`, []string{`"verb":"rollback"`, `"reason":"why not"`}, true, func(w *world) { w.live["prd"] = "1.1.0" }},
	"release.prune":     {`{"environment": "prd"}`, []string{`"verb":"prune"`, `"changed":true`}, true, func(w *world) { w.present["prd"] = append(w.present["prd"], "0.8.0") }},
	"release.train": {`{"version": "1.2.0", "environment": "prd"}`, []string{`"to":"prd"`, `"legs":[{"environment":"dev"`, `"ended":[{`}, true, func(w *world) {
		_, _ = w.app.Engine.Run(context.Background(), engine.Request{Verb: "provision", Environment: "dev", Version: "1.2.0"})
	}},
	"release.converge": {`{"environment": "prd"}`, []string{`"environment":"prd"`, `"promote":{`}, true, func(w *world) { w.present["prd"] = nil }},
	"release.retire":   {`{"place": "old", "reason": "gone"}`, []string{`"changed":true`, `"live":"0.9.0"`}, true, nil},
}

func (w *world) prepared(t *testing.T, name string) (query string) {
	t.Helper()
	query = verbs[name].query
	if name == "release.apply" {
		made, err := w.ask(t, "release.save", verbs["release.save"].query)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(made.(release.SaveResult).Saved)
		if err != nil {
			t.Fatal(err)
		}
		query = strings.ReplaceAll(query, "SAVED", string(raw))
	}
	if name == "release.prune" { // 1.0.0 is of the past then
		w.must(t, "release.promote", `{"yes": true, "version": "1.1.0", "environment": "prd"}`)
		w.must(t, "release.train", `{"yes": true, "version": "1.2.0", "environment": "prd"}`)
	}
	return query
}

func (w *world) must(t *testing.T, name, query string) any {
	t.Helper()
	r, err := w.ask(t, name, query)
	if err != nil {
		t.Fatalf("%s %s: %v", name, query, err)
	}
	return r
}

// with adds a field to a request.
func with(query, field string) string {
	if query == "{}" {
		return "{" + field + "}"
	}
	return "{" + field + ", " + query[1:]
}

// TestEveryVerbByJSON asks for each use case of the room with raw JSON. A use case
// without a line fails.
func TestEveryVerbByJSON(t *testing.T) {
	t.Parallel()
	for _, e := range newWorld(t).room().Entries() {
		v, known := verbs[e.Name]
		if !known {
			t.Errorf("%s is asked for by no line of this test", e.Name)
			continue
		}
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			query := w.prepared(t, e.Name)
			if v.consent {
				query = with(query, `"yes": true`)
			}
			raw, err := json.Marshal(w.must(t, e.Name, query))
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range v.has {
				if !strings.Contains(string(raw), want) {
					t.Errorf("no %s in %s", want, raw)
				}
			}
			for _, bad := range []string{`{"nobody knows this": 1}`, `{} {}`} {
				if _, err := w.ask(t, e.Name, bad); !fault.Is(err, fault.Invalid) {
					t.Errorf("%s: %v", bad, err)
				}
			}
		})
	}
}

// TestConsentOfEveryVerb: without consent nothing is changed and the digest is told;
// with another digest it is a conflict; with the digest it is done; and after
// something has moved it is a conflict again.
func TestConsentOfEveryVerb(t *testing.T) {
	t.Parallel()
	for name, v := range verbs {
		if !v.consent {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			query := w.prepared(t, name)
			before := w.state(t)
			r, err := w.ask(t, name, query)
			var need *usecase.ConsentError
			if !errors.As(err, &need) || !fault.Is(err, fault.Refused) || fault.HintOf(err) != "repeat the command with --yes" || need.Plan == "" {
				t.Fatalf("without consent: %v, %+v", err, need)
			}
			if want := []string{"prd"}; name != "release.retire" && !slices.Equal(need.Environments, want) {
				t.Errorf("asked about %v", need.Environments)
			}
			if name != "release.retire" && !reflect.ValueOf(r).IsNil() {
				t.Errorf("a result of what was not begun: %+v", r)
			}
			if _, err := w.ask(t, name, with(query, `"plan": "sha256:other"`)); !fault.Is(err, fault.Conflict) {
				t.Errorf("with another digest: %v", err)
			}
			if now := w.state(t); now != before {
				t.Errorf("without consent it was changed:\n%s\n%s", before, now)
			}
			if v.move != nil {
				moved := newWorld(t)
				query := moved.prepared(t, name)
				v.move(moved)
				before := moved.state(t)
				if _, err := moved.ask(t, name, with(query, `"plan": "`+need.Plan+`"`)); !fault.Is(err, fault.Conflict) {
					t.Errorf("after something has moved: %v", err)
				}
				if now := moved.state(t); now != before {
					t.Errorf("after something has moved it was changed:\n%s\n%s", before, now)
				}
			}
			w.must(t, name, with(query, `"plan": "`+need.Plan+`"`))
			if w.state(t) == before && name != "release.converge" { // it had nothing to do
				t.Error("with its digest nothing was changed")
			}
		})
	}
}

// TestWhatIsImpossibleIsSaidFirst: nobody is asked to agree to it.
func TestWhatIsImpossibleIsSaidFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		name, query string
		kind        fault.Kind
	}{
		{"release.promote", `{"version": "9", "environment": "prd"}`, fault.NotFound},
		{"release.promote", `{"version": "1.2.0", "environment": "prd"}`, fault.Refused}, // not promoted in dev
		{"release.rollback", `{"environment": "prd"}`, fault.Refused},                    // nothing was live before
		{"release.train", `{"version": "9", "environment": "prd"}`, fault.NotFound},
		{"release.train", `{"version": "1.2.0", "environment": "nowhere"}`, fault.NotFound},
		{"release.converge", `{"environment": "nowhere"}`, fault.NotFound},
		{"release.apply", `{"saved": {"schema": 9}}`, fault.Invalid},
		{"release.retire", `{"place": "prd", "reason": "r"}`, fault.Refused}, // it is in the app file
		{"release.plan", `{"environment": "prd", "verb": "destroy"}`, fault.Invalid},
		{"release.plan", `{"environment": "prd"}`, fault.Invalid},
		{"release.plan", `{"environment": "prd", "verb": "prune", "version": "1.0.0"}`, fault.Invalid},
		{"release.save", `{"environment": "prd", "verb": "rollback", "version": "1.0.0"}`, fault.Invalid},
		{"release.fetch", `{"version": "1.0.0", "component": "web"}`, fault.Invalid},
		{"release.fetch", `{"version": "1.0.0", "component": "none"}`, fault.NotFound},
		{"release.pack", `{"version": "bad"}`, fault.Internal},
	} {
		_, err := w.ask(t, c.name, c.query)
		var need *usecase.ConsentError
		if err == nil || fault.KindOf(err) != c.kind || errors.As(err, &need) {
			t.Errorf("%s %s: %v", c.name, c.query, err)
		}
	}
}

// TestHowAFailedRunEndedIsInTheResult, with what was taken back.
func TestHowAFailedRunEndedIsInTheResult(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.broken = fault.New(fault.Unavailable, "no answer")
	r, err := w.ask(t, "release.train", `{"version": "1.2.0", "environment": "prd", "yes": true}`)
	res, _ := r.(*release.TrainResult)
	if err == nil || res == nil || len(res.Ended) != 2 || res.Ended[1].Result != delivery.ResultFailed || len(res.Undo) == 0 {
		t.Errorf("train: %v, %+v", err, res)
	}
	r, err = w.ask(t, "release.promote", `{"version": "1.2.0", "environment": "dev"}`)
	one, _ := r.(*release.ChangeResult)
	if err == nil || one == nil || one.Result != delivery.ResultFailed || one.Operation.Version != "1.2.0" || len(one.Standing) != 1 || len(one.Undo) == 0 {
		t.Errorf("promote: %v, %+v", err, one)
	}
}

// TestATrainThatWaits tells what it waits for, and goes on when somebody has decided
// something.
func TestATrainThatWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const query = `{"version": "1.1.0", "environment": "prd", "yes": true}`
	w.answers = []delivery.Answer{delivery.Waiting}
	if _, err := w.ask(t, "release.train", query); !fault.Is(err, fault.Pending) {
		t.Fatalf("without wait: %v", err)
	}
	w.answers = []delivery.Answer{delivery.Waiting}
	w.asked = func() { w.decide(t, delivery.VerbBan, "0.9.0") }
	w.must(t, "release.train", with(query, `"wait": "10m"`))
	if w.live["prd"] != "1.1.0" {
		t.Errorf("prd is on %s", w.live["prd"])
	}
	if !slices.ContainsFunc(w.events, func(ev usecase.Event) bool { return strings.Contains(ev.Waiting, "smoke") && ev.Left > 0 }) {
		t.Error("it does not tell what it waits for")
	}
}

// TestPackAsksFirst: a stop refuses a pack, and not a dry run; warnings are told.
func TestPackAsksFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(t, "release.pack", `{}`)
	told := func(is func(usecase.Event) bool) bool { return slices.ContainsFunc(w.events, is) }
	if w.packs[0].People == nil || w.packs[0].Actor != "bea" || !told(func(ev usecase.Event) bool { return ev.Warning == "the version is odd" }) ||
		!told(func(ev usecase.Event) bool { return ev.Component == "web" && ev.Packing != nil }) {
		t.Errorf("%+v, and told %+v", w.packs[0], w.events)
	}
	w.decide(t, delivery.VerbStop, "")
	if _, err := w.ask(t, "release.pack", `{}`); !fault.Is(err, fault.Refused) || len(w.packs) != 1 {
		t.Errorf("while everything is stopped: %v", err)
	}
	w.must(t, "release.pack", `{"dryRun": true}`)
}

// TestRetireOnThisMachine: what still runs is refused, what is down is deleted, and a
// dry run deletes nothing.
func TestRetireOnThisMachine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := delivery.Place{Environment: "old", Region: "eu"}
	w.here = []usecase.Process{{Place: old, Component: "web", State: "healthy"}}
	const query = `{"place": "old", "reason": "gone", "yes": true}`
	if _, err := w.ask(t, "release.retire", query); !fault.Is(err, fault.Refused) || !strings.Contains(fault.HintOf(err), "local down") {
		t.Errorf("it still runs: %v", err)
	}
	w.here[0].State = "down"
	if r := w.must(t, "release.retire", with(query, `"dryRun": true`)).(engine.Retired); r.Changed || len(r.Retired) != 1 || len(w.deleted) > 0 {
		t.Errorf("dry run: %+v, deleted %v", r, w.deleted)
	}
	if r := w.must(t, "release.retire", query).(engine.Retired); !r.Changed || len(w.deleted) != 1 {
		t.Errorf("%+v, deleted %v", r, w.deleted)
	}
	if r := w.must(t, "release.retire", `{"place": "old", "reason": "gone"}`).(engine.Retired); r.Changed {
		t.Errorf("a second time, and nobody is asked: %+v", r)
	}
}

// TestFetchWritesTheBundle into the file that is named.
func TestFetchWritesTheBundle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(t, "release.fetch", `{"version": "1.0.0", "component": "fn", "file": "here.zip"}`)
	if w.written["here.zip"] != "fn 1.0.0" {
		t.Errorf("%q", w.written)
	}
}

// TestPruneTellsOfOrphans that it does not touch.
func TestPruneTellsOfOrphans(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := &w.app.Engine.App.Environments[0]
	moved := delivery.Place{Environment: "dev", Region: "us"}
	p.Places, p.Landings[0].Place = []delivery.Place{moved}, moved
	w.must(t, "release.prune", `{"environment": "dev"}`)
	if !slices.ContainsFunc(w.events, func(ev usecase.Event) bool { return ev.Orphaned != nil && ev.Orphaned.Environment == "dev" }) {
		t.Error("nothing is told of what is live in dev/eu")
	}
}
