package engine

import (
	"context"
	"testing"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// TestMovedMissesNoApproval is a person who approves after a train has asked and
// before it looks on; others who ask in vain wake nobody.
func TestMovedMissesNoApproval(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	e := w.engine()
	was, err := e.Mark(t.Context(), "prd")
	if err != nil {
		t.Fatal(err)
	}
	op := delivery.Operation{ID: "w", Verb: delivery.VerbPromote, App: e.App.Name, Environment: "prd", Version: "2", Actor: "ann", At: e.Now()}
	approval := delivery.Approval{App: e.App.Name, Environment: "prd", Version: "2", Plan: "sha256:1", By: "bea", At: e.Now()}
	_, err = e.Ledger("prd").Decide(t.Context(), delivery.Entry{Event: delivery.Decided, Operation: delivery.Operation{
		ID: "a", Verb: delivery.VerbApprove, App: e.App.Name, Environment: "prd", Version: "2", Actor: "bea", At: e.Now(),
	}, Approval: &approval})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := e.Moved(ctx, "prd", was, time.Hour); err != nil {
		t.Fatalf("an approval was missed: %v", err)
	}

	wait := func(id string) {
		t.Helper()
		op.ID = id
		hold, _, err := e.Ledger("prd").Begin(t.Context(), op)
		if err != nil {
			t.Fatal(err)
		}
		if err := hold.Close(t.Context(), delivery.Entry{Result: delivery.ResultWaiting, Error: "gate waits"}); err != nil {
			t.Fatal(err)
		}
	}
	wait("first")
	if was, err = e.Mark(t.Context(), "prd"); err != nil {
		t.Fatal(err)
	}
	wait("second")
	if now, err := e.Mark(t.Context(), "prd"); err != nil || now != was {
		t.Errorf("asking again is taken for news: %v", err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if err := e.Moved(ended, "prd", was, time.Hour); !fault.Is(err, fault.Interrupted) {
		t.Errorf("interrupted it says %v", err)
	}
}
