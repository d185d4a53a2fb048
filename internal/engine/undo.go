package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// undo takes back what the run did, with a time limit of its own, which an
// interrupt does not cut short. Then it looks, and says of each component in
// each place whether it is as it was before: in the ledger, in an event and, where
// something is not, in the error.
func (r *run) undo(ctx context.Context, cause error, p phase) error {
	interrupted := ctx
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.e.undoLimit())
	defer cancel()
	ctx, release := r.hold.Guard(ctx)
	defer release()
	r.undoes.Store(true)
	r.report(Event{Kind: Undoing, Error: cause.Error()})
	now, failed := r.lookBack(ctx, interrupted, cause)
	if failed == nil {
		failed = p.back(ctx, now)
	}
	if fault.Is(failed, fault.Locked) || errors.Is(failed, errStopped) {
		return remaining(cause, failed, nil)
	}
	if !r.blind {
		var err error
		if now, err = r.lookBack(ctx, interrupted, failed); err != nil {
			failed = errors.Join(failed, fmt.Errorf("look at what is there now: %w", err))
		}
		if err != nil && !r.blind {
			return remaining(cause, failed, nil)
		}
	}
	if r.blind {
		return unseen(cause, failed, p)
	}
	all := p.undone(now)
	note := summary(all)
	r.report(Event{Kind: Undone, Note: note, Undo: all})
	err := r.hold.Append(ctx, delivery.Entry{Event: delivery.Undone, Note: note, Undo: all})
	return errors.Join(remaining(cause, failed, all), err)
}

// lookBack looks at what is there on the way back. After a failure because a
// service does not answer the look is short, and an interrupt ends it. Where it
// gets no answer either, the run is blind: it does not look again.
func (r *run) lookBack(ctx, interrupted context.Context, failed error) (sight, error) {
	if !fault.Is(failed, fault.Unavailable) {
		return r.look(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, r.e.lookLimit())
	defer cancel()
	stop := context.AfterFunc(interrupted, func() {
		t := time.AfterFunc(lastLook, cancel)
		context.AfterFunc(ctx, func() { t.Stop() })
	})
	defer stop()
	now, err := r.look(ctx)
	r.blind = err != nil && (ctx.Err() != nil || fault.Is(err, fault.Unavailable))
	return now, err
}

// unseen says that it is not known what is there after a run that failed.
func unseen(cause, failed error, p phase) error {
	err := fault.New(fault.Internal, "%w\nit is not known what is in %s now, and what this run changed is not taken back: %w", cause, p.plan.Environment, failed)
	return fault.Hint(err, "when the service answers again: %s", p.repeat)
}

// remaining adds to the cause what was not taken back. Something that remains is
// a failure of its own: a closed gate alone leaves everything as it was.
func remaining(cause, failed error, all []delivery.Undo) error {
	left := notBack(all)
	switch {
	case fault.Is(failed, fault.Locked):
		return errors.Join(cause, failed)
	case failed != nil:
		cause = fault.New(fault.Internal, "%w\nand it could not be taken back: %w", cause, failed)
	case len(left) == 0:
		return cause
	default:
		cause = fault.New(fault.Internal, "%w", cause)
	}
	if len(left) == 0 {
		return cause
	}
	err := fault.New(fault.Internal, "%w\n%s", cause, summary(all))
	return fault.Hint(err, "%s", left[0].Next)
}

// summary says in one text what was taken back and what was not.
func summary(all []delivery.Undo) string {
	left := notBack(all)
	if len(left) == 0 {
		return "everything that this run changed is as it was before"
	}
	var lines []string
	for _, u := range left {
		lines = append(lines, fmt.Sprintf("%s in %s is now on %s (before: %s)", u.Component, u.Place, u.Is, u.Was))
	}
	changes, remain := "changes", "remain"
	if len(all) == 1 {
		changes = "change"
	}
	if len(left) == 1 {
		remain = "remains"
	}
	return fmt.Sprintf("%d of %d %s %s: %s", len(left), len(all), changes, remain, strings.Join(lines, "; "))
}

func notBack(all []delivery.Undo) []delivery.Undo {
	return slices.DeleteFunc(slices.Clone(all), func(u delivery.Undo) bool { return u.Back })
}

// compare tells of each placement whether it is as it was before the run.
func compare(before, now sight, stance func(seen) string, next string) []delivery.Undo {
	all := make([]delivery.Undo, len(now))
	for i, x := range now {
		u := delivery.Undo{Place: x.Place, Component: x.Component, Was: stance(before[i]), Is: stance(x)}
		u.Back = u.Was == u.Is
		if !u.Back {
			u.Next = next
		}
		all[i] = u
	}
	return all
}

// on says which release is live.
func on(x seen) string {
	if x.State.Live == "" {
		return "none"
	}
	return releaseOr(x.State.Live)
}

// holding says which release is live, and whether a version is ready beside it.
func holding(version string) func(seen) string {
	return func(x seen) string {
		if x.State.Live != version && slices.Contains(x.State.Present, version) {
			return on(x) + ", with " + version + " provisioned"
		}
		return on(x)
	}
}
