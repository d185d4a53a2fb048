package ledger_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"falkirk/internal/bucket/file"
	"falkirk/internal/delivery"
	"falkirk/internal/ledger"
	"falkirk/internal/rule"
)

var allVersions = []string{"1", "2", "3"}

// allowed lists what an environment and the whole app let somebody do: which
// verb with which release, what prune removes, which hooks are skipped.
func allowed(own, whole delivery.Record) []string {
	var all []string
	situation := rule.Situation{Environment: delivery.Environment{Name: "prd"}, Own: own, Whole: whole, Now: leak}
	for _, version := range allVersions {
		for _, verb := range []delivery.Verb{delivery.VerbProvision, delivery.VerbPromote, delivery.VerbRollback} {
			situation.Operation = delivery.Operation{Verb: verb, Version: version}
			if rule.Decided(situation) == nil {
				all = append(all, string(verb)+" "+version)
			}
		}
		situation.Operation = delivery.Operation{Verb: delivery.VerbPrune}
		if rule.Decided(situation) == nil && !slices.Contains(own.Kept(whole, 1), version) {
			all = append(all, "prune "+version)
		}
		if rule.Writer(whole, version, "") == nil {
			all = append(all, "pack "+version)
		}
		if own.HasPassed(version, delivery.HookKey("scan", "prd")) {
			all = append(all, "skip a hook of "+version)
		}
	}
	return all
}

// toldLedgers writes a signed ledger of an environment and one of the whole app.
func toldLedgers(t *testing.T, dir string, keys ledger.Keys) {
	t.Helper()
	own := ofEnvironment(dir, "prd", keys)
	run := func(verb delivery.Verb, version string, result delivery.Result) {
		op := operation(string(verb) + version)
		op.Verb, op.Version = verb, version
		h, _, err := own.Begin(t.Context(), op)
		must(t, err)
		must(t, h.Append(t.Context(), delivery.Entry{Event: delivery.Planned, Plan: "sha256:1", Steps: []string{"a"}}))
		must(t, h.Append(t.Context(), delivery.Entry{Event: delivery.Did}))
		must(t, h.Close(t.Context(), delivery.Entry{Result: result, Settled: true}))
	}
	decide := func(l *ledger.Ledger, verb delivery.Verb, version string) {
		e := decision(verb)
		e.Operation.Version = version
		_, err := l.Decide(t.Context(), e)
		must(t, err)
	}
	for _, version := range allVersions[:2] {
		run(delivery.VerbProvision, version, delivery.ResultDone)
		run(delivery.VerbPromote, version, delivery.ResultDone)
	}
	decide(own, delivery.VerbHold, "2")
	decide(own, delivery.VerbStop, "")
	decide(own, delivery.VerbResume, "")
	decide(own, delivery.VerbRelease, "")
	run(delivery.VerbProvision, "3", delivery.ResultDone)
	run(delivery.VerbPromote, "3", delivery.ResultFailed)
	whole := ofEnvironment(dir, delivery.Everywhere, keys)
	decide(whole, delivery.VerbBan, "3")
	decide(whole, delivery.VerbStop, "")
	decide(whole, delivery.VerbResume, "")
	decide(whole, delivery.VerbUnban, "3")
}

func ofEnvironment(dir, env string, keys ledger.Keys) *ledger.Ledger {
	return ledger.New(file.New(dir), "demo", env, ledger.Options{Keys: keys})
}

// unsignedEntries are one of each kind, about each release: of the operation
// that is open, or of another.
func unsignedEntries(open *delivery.Entry) []delivery.Entry {
	var all []delivery.Entry
	add := func(event delivery.Event, verb delivery.Verb, version, id string) {
		op := operation(id)
		op.Verb, op.Version, op.Actor = verb, version, "eve"
		all = append(all, delivery.Entry{
			Event: event, Operation: op, Gate: "scan", Note: "prd", Repeat: delivery.RepeatNever,
			Result: delivery.ResultDone, Settled: true, Plan: "sha256:1", Approval: &delivery.Approval{Version: version, Plan: "sha256:1", By: "eve"},
		})
	}
	for _, version := range allVersions {
		for _, verb := range []delivery.Verb{
			delivery.VerbHold, delivery.VerbRelease, delivery.VerbBan, delivery.VerbUnban, delivery.VerbStop, delivery.VerbResume,
			delivery.VerbApprove, delivery.VerbReject, delivery.VerbSignLedger, delivery.VerbRetire, delivery.VerbPromote,
		} {
			add(delivery.Decided, verb, version, "forged")
		}
		for _, event := range []delivery.Event{
			delivery.Opened, delivery.Planned, delivery.Did, delivery.Asked, delivery.Hooked, delivery.Proved, delivery.Warned,
			delivery.Failing, delivery.Undone, delivery.Closed, delivery.Taken,
		} {
			for _, verb := range []delivery.Verb{delivery.VerbProvision, delivery.VerbPromote, delivery.VerbRollback, delivery.VerbPrune} {
				add(event, verb, version, "forged")
				if open != nil {
					add(event, verb, version, open.Operation.ID)
				}
			}
		}
	}
	return all
}

// TestAnUnsignedEntryAllowsNothing appends an unsigned entry of each kind to each
// beginning of a signed ledger: it allows nothing that was not allowed before, or
// verify finds it.
func TestAnUnsignedEntryAllowsNothing(t *testing.T) {
	t.Parallel()
	ann := newSigner(t, "ann")
	keys, dir := ring(t, ann, ann), t.TempDir()
	toldLedgers(t, dir, keys)
	own, err := ofEnvironment(dir, "prd", keys).Read(t.Context(), delivery.Record{})
	must(t, err)
	whole, err := ofEnvironment(dir, delivery.Everywhere, keys).Read(t.Context(), delivery.Record{})
	must(t, err)
	tried := 0
	for _, c := range []struct {
		env     string
		allowed func(delivery.Record) []string
	}{
		{"prd", func(rec delivery.Record) []string { return allowed(rec, whole) }},
		{delivery.Everywhere, func(rec delivery.Record) []string { return allowed(own, rec) }},
	} {
		files, err := filepath.Glob(filepath.Join(dir, "ledger", "demo", c.env, "*.json"))
		must(t, err)
		for length := range len(files) + 1 {
			part := t.TempDir()
			folder := filepath.Join(part, "ledger", "demo", c.env)
			must(t, os.MkdirAll(folder, 0o700))
			for _, path := range files[:length] {
				raw, err := os.ReadFile(path)
				must(t, err)
				must(t, os.WriteFile(filepath.Join(folder, filepath.Base(path)), raw, 0o600))
			}
			l := ofEnvironment(part, c.env, keys)
			before, err := l.Read(t.Context(), delivery.Record{})
			must(t, err)
			may := c.allowed(before)
			for _, e := range unsignedEntries(before.Open) {
				appendUnsigned(t, folder, before, e)
				tried++
				after, err := l.Read(t.Context(), before)
				must(t, err)
				more := slices.DeleteFunc(c.allowed(after), func(s string) bool { return slices.Contains(may, s) })
				isFound := after.Doubt != nil
				assertStraysChangeNothing(t, before, after, e)
				if e.Event == delivery.Decided && e.Operation.Verb == delivery.VerbStop && isFound {
					t.Error("a stop without a key does not count")
				}
				if e.Event == delivery.Hooked && before.Open != nil && before.Open.Operation.Version == e.Operation.Version {
					continue // of the operation that is open: docs/record.md says that nothing finds that
				}
				if len(more) == 0 || isFound {
					continue
				}
				if p, err := l.Verify(t.Context()); err != nil || p.IsSound() {
					t.Errorf("after %d entries of %s, an unsigned %s %s %s allows %v and is not found: %v", length, c.env, e.Event, e.Operation.Verb, e.Operation.Version, more, err)
				}
			}
		}
	}
	if tried < 2000 {
		t.Errorf("only %d entries were tried", tried)
	}
}

// appendUnsigned writes an entry that fits the chain.
func appendUnsigned(t *testing.T, folder string, rec delivery.Record, e delivery.Entry) {
	t.Helper()
	e.Schema, e.Number, e.Prev, e.At = delivery.EntrySchema, rec.Last+1, rec.LastHash, time.Now().UTC()
	raw, err := json.Marshal(e)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(folder, fmt.Sprintf("%010d.json", e.Number)), raw, 0o600))
}

// assertStraysChangeNothing compares the records before and after an entry that
// is not where Falkirk writes one.
func assertStraysChangeNothing(t *testing.T, before, after delivery.Record, e delivery.Entry) {
	t.Helper()
	if before.Belongs(e) {
		return
	}
	before.Last, before.LastHash, before.Doubt = after.Last, after.LastHash, after.Doubt
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("%s %s of no open operation changes the record: %s", e.Event, e.Operation.Verb, diff)
	}
}

// TestAnEntryOutsideOfItsOperationIsFound: also without signers. What a run
// writes is found by nobody.
func TestAnEntryOutsideOfItsOperationIsFound(t *testing.T) {
	t.Parallel()
	for _, event := range []delivery.Event{
		delivery.Planned, delivery.Did, delivery.Asked, delivery.Hooked, delivery.Proved, delivery.Warned, delivery.Failing,
		delivery.Undone, delivery.Closed, delivery.Taken,
	} {
		dir := t.TempDir()
		oneOperation(t, in(dir), "a")
		before, err := in(dir).Read(t.Context(), delivery.Record{})
		must(t, err)
		e := delivery.Entry{Event: event, Operation: operation("a"), Gate: "scan", Note: "prd", Repeat: delivery.RepeatNever, Plan: "sha256:2"}
		appendUnsigned(t, filepath.Join(dir, "ledger", "demo", "prd"), before, e)
		rec, err := in(dir).Read(t.Context(), delivery.Record{})
		must(t, err)
		assertStraysChangeNothing(t, before, rec, e)
		p, err := in(dir).Verify(t.Context())
		must(t, err)
		want := fmt.Sprintf("entry 8 (%s, promote by ann@a) is of no operation that was open", event)
		if p.IsSound() || len(p.Strays) != 1 || p.Strays[0].Text != want {
			t.Errorf("%s: %+v", event, p)
		}
	}
}

// TestVerifyListsStopsWithoutAKey: they count, so somebody should look at them.
func TestVerifyListsStopsWithoutAKey(t *testing.T) {
	t.Parallel()
	dir, ann := t.TempDir(), newSigner(t, "ann")
	at := time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC)
	_, err := datedLedger(dir, ring(t, signer{}, ann), at).Decide(t.Context(), decision(delivery.VerbStop))
	must(t, err)
	_, err = datedLedger(dir, ring(t, ann, ann), at).Decide(t.Context(), decision(delivery.VerbStop))
	must(t, err)
	p, err := datedLedger(dir, ring(t, ann, ann), at).Verify(t.Context())
	must(t, err)
	want := "entry 1 (decided, stop by ann@decided-stop) at 2026-11-29T08:00:00Z is not signed; it needs no key and counts"
	if !p.IsSound() || len(p.Unsigned) != 1 || p.Unsigned[0] != (delivery.Doubt{Number: 1, Text: want}) {
		t.Errorf("%+v", p)
	}
}
