package rule_test

import (
	"strings"
	"testing"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/rule"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// log folds entries an hour apart, the last at noon.
func log(entries ...delivery.Entry) delivery.Record {
	var r delivery.Record
	for i, e := range entries {
		e.Number, e.At = i+1, noon.Add(time.Duration(i+1-len(entries))*time.Hour)
		e.Operation.At = e.At
		if e.Operation.ID == "" {
			e.Operation.ID = "op"
		}
		if e.Operation.Actor == "" {
			e.Operation.Actor = "ann@laptop"
		}
		if !r.Belongs(e) { // it opens first
			r = r.Fold(delivery.Entry{Number: e.Number, At: e.At, Event: delivery.Opened, Operation: e.Operation}, "")
		}
		r = r.Fold(e, "")
	}
	return r
}

func ended(verb delivery.Verb, version string, result delivery.Result, text string) delivery.Entry {
	return delivery.Entry{
		Event: delivery.Closed, Result: result, Error: text, Settled: true,
		Operation: delivery.Operation{Verb: verb, Version: version},
	}
}

func did(verb delivery.Verb, version string) delivery.Entry {
	return ended(verb, version, delivery.ResultDone, "")
}

func decided(verb delivery.Verb, version, reason string) delivery.Entry {
	return delivery.Entry{Event: delivery.Decided, Operation: delivery.Operation{Verb: verb, Version: version, Actor: "bea@desk", Reason: reason}}
}

// TestWhy has one row for each cause.
func TestWhy(t *testing.T) {
	t.Parallel()
	ready := []delivery.Entry{did("provision", "1"), did("promote", "1"), did("provision", "2")}
	with := func(more ...delivery.Entry) delivery.Record {
		return log(append(append([]delivery.Entry{}, ready...), more...)...)
	}
	upstream := log(did("provision", "2"), did("promote", "2"))
	tests := []struct {
		cause       rule.Cause
		own, whole  delivery.Record
		env         delivery.Environment
		before      delivery.Record
		text, next  string
		waits, free bool // free: promote is not refused by a rule
	}{
		{cause: rule.None, own: with(), before: upstream, text: "nothing holds 2 back from prd", next: "falkirk promote 2 --to prd", free: true},
		{cause: rule.Done, own: with(did("promote", "2")), before: upstream, text: "2 is live in prd since 2026-03-02 12:00:00Z, by ann@laptop", free: true},
		{cause: rule.Stopped, own: with(decided("stop", "", "fire")), before: upstream, text: "prd is stopped by bea@desk since 2026-03-02 12:00:00Z: fire", next: "falkirk resume prd"},
		{cause: rule.Stopped, own: with(), whole: log(decided("stop", "", "fire")), before: upstream, text: "everything is stopped by bea@desk", next: "falkirk resume --all"},
		{cause: rule.Banned, own: with(), whole: log(decided("ban", "2", "leaks")), before: upstream, text: "2 is banned by bea@desk since 2026-03-02 12:00:00Z: leaks", next: "falkirk unban 2"},
		{cause: rule.Held, own: with(decided("hold", "1", "audit")), before: upstream, text: "prd is held on 1 by bea@desk", next: "falkirk release-hold prd"},
		{cause: rule.Order, own: with(), text: "2 is not promoted in sat, which comes before prd", next: "falkirk train 2 --to prd"},
		{cause: rule.Soak, own: with(), before: upstream, env: delivery.Environment{Soak: delivery.Duration(time.Hour)}, text: "2 must have been live in sat for 1h: 1h are left, until 2026-03-02 13:00:00Z", waits: true, next: "falkirk train 2 --to prd --wait 1h"},
		{
			cause: rule.Soak, own: with(), before: log(did("promote", "2"), did("promote", "3"), did("promote", "4")), env: delivery.Environment{Soak: delivery.Duration(90 * time.Minute)},
			text: "2 must have been live in sat for 1h30m and is not live there now; 30m are missing", waits: true, next: "falkirk promote 2 --to sat",
		},
		{cause: rule.Superseded, own: with(did("provision", "3"), ended("promote", "3", delivery.ResultWaiting, "board")), before: upstream, text: "2 is superseded by 3, which ann@laptop wants in prd", next: "falkirk provision 2 --to prd"},
		{
			cause: rule.Queued, own: log(did("provision", "1"), ended("promote", "1", delivery.ResultWaiting, "board"), did("provision", "2")), before: upstream,
			env: delivery.Environment{Newer: delivery.NewerWaits}, text: "1 waits in prd before 2", waits: true, next: "falkirk promote 1 --to prd, or falkirk ban 1",
		},
		{cause: rule.Frozen, own: with(), before: upstream, env: delivery.Environment{Freeze: []delivery.Freeze{{Deny: "Mon 08:00 - Mon 18:00", Reason: "fair"}}}, text: "prd is frozen: ", waits: true, next: "falkirk calendar prd"},
		{cause: rule.Frozen, own: with(), before: upstream, env: delivery.Environment{Freeze: []delivery.Freeze{{Deny: "whenever"}}}, text: "prd is frozen: ", waits: true, next: "falkirk calendar prd"},
		{cause: rule.Unprepared, own: log(did("provision", "1"), did("promote", "1")), before: upstream, text: "2 is not ready in prd: it is not provisioned there", next: "falkirk provision 2 --to prd", free: true},
		{cause: rule.Locked, own: with(delivery.Entry{Event: delivery.Opened, Operation: delivery.Operation{ID: "x1", Verb: "prune"}, Holder: &delivery.Holder{Host: "ci", PID: 7}}), before: upstream, text: "operation x1, process 7 on ci", waits: true, next: "falkirk lock show prd", free: true},
		{cause: rule.Gate, own: with(ended("promote", "2", delivery.ResultWaiting, "gate board waits: 1 of 2")), before: upstream, text: "gate board waits: 1 of 2 (since 2026-03-02 12:00:00Z)", waits: true, next: "falkirk promote 2 --to prd", free: true},
		{cause: rule.None, own: with(ended("promote", "2", delivery.ResultShut, "gate smoke is closed: 500"), did("provision", "2")), before: upstream, text: "nothing holds", free: true},
		{cause: rule.Failed, own: with(ended("promote", "2", delivery.ResultShut, "gate smoke is closed: 500")), before: upstream, text: "promote by ann@laptop failed at 2026-03-02 12:00:00Z: gate smoke is closed: 500", next: "falkirk history prd --steps", free: true},
	}
	for _, tt := range tests {
		t.Run(string(tt.cause)+" "+tt.text, func(t *testing.T) {
			t.Parallel()
			env := tt.env
			env.Name, env.After, env.Keep = "prd", []string{"sat"}, 2
			s := rule.Situation{
				Environment: env, Own: tt.own, Whole: tt.whole, Before: map[string]delivery.Record{"sat": tt.before}, Now: noon,
				Operation: delivery.Operation{Verb: delivery.VerbPromote, Version: "2"},
			}
			o := rule.Why(s)
			if o.Cause != tt.cause || !strings.Contains(o.Text, tt.text) || !strings.Contains(o.Next, tt.next) || o.Waits != tt.waits {
				t.Errorf("got %+v\nwant %s %q, next %q, waits %v", o, tt.cause, tt.text, tt.next, tt.waits)
			}
			first := rule.First(s)
			if (first == nil) != tt.free || first != nil && first.Cause != o.Cause {
				t.Errorf("promote is refused by %+v, and why says %s", first, o.Cause)
			}
		})
	}
}
