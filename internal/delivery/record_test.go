package delivery

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// life folds a line of short words: "p1" provisions release 1, "+1" promotes
// it, "!1" is a promotion that fails, "<1" rolls back to it.
func life(words ...string) Record {
	var r Record
	for i, w := range words {
		op := Operation{ID: w, Version: w[1:]}
		result := ResultDone
		switch w[0] {
		case 'p':
			op.Verb = VerbProvision
		case '+':
			op.Verb = VerbPromote
		case '<':
			op.Verb = VerbRollback
		case '!':
			op.Verb, result = VerbPromote, ResultFailed
		}
		r = told(r, Entry{Number: i + 1, Event: Closed, Operation: op, Result: result, Settled: true}, w)
	}
	return r
}

// told folds an entry of an operation, which is opened first if it is not open.
func told(r Record, e Entry, hash string) Record {
	if !r.Belongs(e) {
		r = r.Fold(Entry{Number: e.Number, Event: Opened, Operation: e.Operation}, hash)
	}
	return r.Fold(e, hash)
}

func TestRecordOfALife(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name           string
		words          []string
		live, previous string
		kept           []string // with keep 1
	}{
		{"nothing yet", nil, "", "", nil},
		{"first release", []string{"p1", "+1"}, "1", "", []string{"1"}},
		{"upgrade keeps the former", []string{"p1", "+1", "p2", "+2"}, "2", "1", []string{"2", "1"}},
		{"keep counts the others", []string{"p1", "+1", "p2", "+2", "p3", "+3"}, "3", "2", []string{"3", "2"}},
		{"what waits is kept", []string{"p1", "+1", "p2"}, "1", "", []string{"1", "2"}},
		{"what was passed over is not", []string{"p1", "+1", "p2", "p3", "+3"}, "3", "1", []string{"3", "1"}},
		{"a failed one is not kept", []string{"p1", "+1", "p2", "!2"}, "1", "", []string{"1"}},
		{"a rolled back one is not kept", []string{"p1", "+1", "p2", "+2", "<1"}, "1", "", []string{"1"}},
		{"rolling back twice goes on back", []string{"p1", "+1", "p2", "+2", "p3", "+3", "<2"}, "2", "1", []string{"2", "1"}},
		{"the same again is one tenure", []string{"p1", "+1", "+1", "p2", "+2"}, "2", "1", []string{"2", "1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := life(tt.words...)
			if r.Live() != tt.live || r.Previous(Record{}) != tt.previous {
				t.Errorf("live %q, previous %q; want %q, %q", r.Live(), r.Previous(Record{}), tt.live, tt.previous)
			}
			if diff := cmp.Diff(tt.kept, r.Kept(Record{}, 1)); diff != "" {
				t.Error("kept:", diff)
			}
		})
	}
}

func TestWayBackOutlivesEverythingButSettling(t *testing.T) {
	t.Parallel()
	way := []Standing{{Component: "api", Live: "1"}}
	promote := Operation{ID: "a", Verb: VerbPromote, Version: "2"}
	r := told(Record{}, Entry{Event: Planned, Operation: promote, Before: way}, "")
	for _, e := range []Entry{
		{Event: Taken, Operation: promote, Result: ResultLost},
		{Event: Closed, Operation: promote, Result: ResultInterrupted},
		{Event: Closed, Operation: Operation{Verb: VerbProvision, Version: "3"}, Result: ResultDone, Settled: true},
	} {
		if r = told(r, e, ""); r.Way == nil {
			t.Fatalf("the way back is gone after %s of %s", e.Event, e.Operation.Verb)
		}
	}
	if r = told(r, Entry{Event: Closed, Operation: promote, Result: ResultFailed, Settled: true}, ""); r.Way != nil {
		t.Error("a settled promotion keeps a way back")
	}
}

func TestFoldDoesNotChangeItsReceiver(t *testing.T) {
	t.Parallel()
	r := life("p1", "+1", "p2")
	told(r, Entry{Event: Closed, Operation: Operation{Verb: VerbPromote, Version: "2"}, Result: ResultDone}, "")
	told(r, Entry{Event: Closed, Operation: Operation{Verb: VerbPromote, Version: "9"}, Result: ResultDone}, "")
	if diff := cmp.Diff(life("p1", "+1", "p2"), r); diff != "" {
		t.Error(diff)
	}
}

func TestAskedByIsWhoAskedFirst(t *testing.T) {
	t.Parallel()
	promote := func(actor string) Operation {
		return Operation{ID: actor, Verb: VerbPromote, Version: "2", Actor: actor}
	}
	ended := func(actor string, result Result) Entry {
		return Entry{Event: Closed, Operation: promote(actor), Result: result}
	}
	r := told(told(Record{}, ended("anna", ResultWaiting), ""), ended("ben", ResultWaiting), "")
	if len(r.Waiting) != 1 || r.Waiting[0].Operation.Actor != "ben" || r.AskedBy(promote("carla")) != "anna" {
		t.Errorf("%+v is asked by %s, want anna", r.Waiting, r.AskedBy(promote("carla")))
	}
	other := promote("carla")
	if other.Version = "3"; r.AskedBy(other) != "carla" {
		t.Errorf("another release is asked by %s", r.AskedBy(other))
	}
	if r = told(told(r, ended("ben", ResultShut), ""), ended("carla", ResultShut), ""); r.AskedBy(promote("carla")) != "anna" {
		t.Errorf("what a gate closed is asked by %s, want anna", r.AskedBy(promote("carla")))
	}
	if r := told(r, ended("ben", ResultFailed), ""); r.AskedBy(promote("carla")) != "carla" {
		t.Errorf("after a failure it is asked by %s", r.AskedBy(promote("carla")))
	}
	if r = told(r, ended("ben", ResultDone), ""); r.AskedBy(promote("carla")) != "carla" {
		t.Errorf("after it was done it is asked by %s", r.AskedBy(promote("carla")))
	}
}
