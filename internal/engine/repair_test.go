package engine

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// advised carries out the command that status names.
func advised(t *testing.T, w *world, command string) error {
	t.Helper()
	words := strings.Fields(strings.ReplaceAll(command, "VERSION", "1"))
	if len(words) < 3 || words[0] != "falkirk" {
		t.Fatalf("status names %q", command)
	}
	switch words[1] {
	case "converge":
		_, err := converge(t, w, words[2])
		return err
	case "train":
		return train(t, w, words[2])
	}
	_, err := w.engine().Run(t.Context(), Request{Verb: delivery.Verb(words[1]), Version: words[2], Environment: words[4], Actor: "ann"})
	return err
}

// TestStatusNamesACommandThatIsAccepted: what status names for a partial
// environment is carried out, and what converge names where it refuses, too.
func TestStatusNamesACommandThatIsAccepted(t *testing.T) {
	t.Parallel()
	leave := func(w *world, version string) { // as a stack that provision changes
		w.at(delivery.Placement{Place: delivery.Place{Environment: "prd", Region: "eu"}, Component: "api"}).live = version
	}
	provision := func(t *testing.T, w *world) error {
		_, err := w.engine().Run(t.Context(), Request{Verb: delivery.VerbProvision, Version: "1", Environment: "prd", Actor: "ann"})
		return err
	}
	tests := map[string]struct {
		before func(*testing.T, *world)
		next   string
	}{
		"a provision that failed": {func(t *testing.T, w *world) {
			w.broken["prd/us web lay"] = errors.New("no power")
			if err := provision(t, w); err == nil {
				t.Fatal("it is done")
			}
			leave(w, "1")
		}, "falkirk provision 1 --to prd"},
		"a provision that is done": {func(t *testing.T, w *world) {
			if err := provision(t, w); err != nil {
				t.Fatal(err)
			}
			leave(w, "1")
		}, ""},
		"a first promotion that failed": {func(t *testing.T, w *world) {
			w.broken["prd/us web switch"] = errors.New("no power")
			if err := train(t, w, "1"); err == nil {
				t.Fatal("it is done")
			}
			leave(w, "1")
		}, "falkirk train VERSION --to prd"},
		"something live without a record": {func(_ *testing.T, w *world) { leave(w, "1") }, "falkirk train VERSION --to prd"},
		"one place on another release": {func(t *testing.T, w *world) {
			mustTrain(t, w, "1", "2")
			leave(w, "1")
		}, "falkirk converge prd"},
		"a first promotion that waits": {func(t *testing.T, w *world) {
			w.gate = delivery.Waiting
			if err := train(t, w, "1"); !fault.Is(err, fault.Pending) {
				t.Fatal(err)
			}
			w.gate = delivery.Open
		}, "falkirk converge prd"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			mustTrainTo(t, w, "dev", "1")
			test.before(t, w)
			maps.DeleteFunc(w.broken, func(string, error) bool { return true })
			all, err := w.engine().Status(t.Context(), "prd")
			if err != nil {
				t.Fatal(err)
			}
			if st := all[0]; st.Next != test.next || (st.Condition == Partial) != (test.next != "") {
				t.Fatalf("it is %s, next %q, want %q: %s", st.Condition, st.Next, test.next, st.Partial)
			}
			if !strings.HasPrefix(test.next, "falkirk converge") {
				if _, err := converge(t, w, "prd"); test.next != "" && fault.HintOf(err) != test.next {
					t.Errorf("converge says %v, next %q", err, fault.HintOf(err))
				}
			}
			if test.next == "" {
				return
			}
			if err := advised(t, w, test.next); err != nil {
				t.Errorf("%s: %v", test.next, err)
			}
		})
	}
}

func mustTrainTo(t *testing.T, w *world, env, version string) {
	t.Helper()
	if _, err := w.engine().Train(t.Context(), env, Request{Version: version, Actor: "ann"}); err != nil {
		t.Fatal(err)
	}
}

// TestARollbackAfterARollbackNamesWhereItCanGo: what was rolled back is no release
// that a rollback chooses, and the hint names it; that command is accepted.
func TestARollbackAfterARollbackNamesWhereItCanGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mustTrain(t, w, "1", "2")
	rollback := func(version string) error {
		_, err := w.engine().Run(t.Context(), Request{Verb: delivery.VerbRollback, Version: version, Environment: "prd", Actor: "ann"})
		return err
	}
	if err := rollback(""); err != nil {
		t.Fatal(err)
	}
	err := rollback("")
	if !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "2 was rolled back") || fault.HintOf(err) != "falkirk rollback prd --to 2" {
		t.Fatalf("%v, next %q", err, fault.HintOf(err))
	}
	if err := rollback("2"); err != nil {
		t.Fatal(err)
	}
	wantLive(t, w, "prd", "2")
}
