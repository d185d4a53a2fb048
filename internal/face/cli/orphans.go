package cli

import (
	"context"
	"errors"
	"slices"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
)

// withRemoved adds the environments that only the store knows and in which
// something is live, or the one that is asked for, and says what to do with orphans.
func withRemoved(ctx context.Context, app *App, only string, all []engine.Status, err error) ([]engine.Status, error) {
	all, err = addRemoved(ctx, app, only, all, err)
	advise(ctx, app, all)
	return all, err
}

func addRemoved(ctx context.Context, app *App, only string, all []engine.Status, err error) ([]engine.Status, error) {
	if err != nil && (only == "" || !fault.Is(err, fault.NotFound) || len(all) > 0) {
		return all, err
	}
	if err == nil && only != "" {
		return all, nil
	}
	stored, _, storeErr := app.Ledgers(ctx)
	if storeErr != nil {
		return all, storeErr
	}
	for _, name := range stored {
		if _, unknown := app.Engine.App.Environment(name); unknown == nil || name == delivery.Everywhere || only != "" && name != only {
			continue
		}
		st, readErr := app.Engine.Removed(ctx, name)
		if readErr != nil {
			return all, readErr
		}
		if only != "" || len(st.Orphans) > 0 {
			all, err = append(all, st), nil
		}
	}
	return all, err
}

// orphaned are the environments in which something is live by the record where the
// app file has nothing any more. A ledger that cannot be read has none.
func orphaned(ctx context.Context, app *App, names ...string) []engine.Status {
	var all []engine.Status
	for _, name := range names {
		if name == delivery.Everywhere {
			continue
		}
		if st, err := app.Engine.Orphans(ctx, name); err == nil && len(st.Orphans) > 0 {
			all = append(all, st)
		}
	}
	advise(ctx, app, all)
	return all
}

// noteOrphans says which of these environments have orphaned places, and what to do.
func (f *face) noteOrphans(ctx context.Context, app *App, names ...string) {
	for _, st := range orphaned(ctx, app, names...) {
		if f.isJSON() {
			f.doc.Warnings = append(f.doc.Warnings, orphanLines(st, "orphaned")...)
			continue
		}
		for _, line := range f.orphans(st) {
			fprintln(f.Err, line)
		}
	}
}

// orphans names what is live where the app file has nothing any more.
func (f *face) orphans(st engine.Status) []string {
	return orphanLines(st, f.paint(yellow, "orphaned"))
}

// orphanLines has a line for each orphan; what to do comes after the last one that
// it is about.
func orphanLines(st engine.Status, word string) []string {
	var out []string
	missing := "the app file does not have that place or component any more"
	if st.Removed {
		missing = "the app file does not name " + st.Environment + " any more"
	}
	for i, o := range st.Orphans {
		out = append(out, sprintf("%s %s in %s: %s is live there by the record, and %s", word, o.Component, o.Place, o.Live, missing))
		if o.Next != "" && (i+1 == len(st.Orphans) || st.Orphans[i+1].Next != o.Next) {
			out = append(out, "  next: "+o.Next)
		}
	}
	return out
}

// explain adds to an error about an environment that the app file does not name
// that something is live there, and how to end it.
func (f *face) explain(ctx context.Context, err error) error {
	var unknown delivery.UnknownEnvironment
	if !errors.As(err, &unknown) {
		return err
	}
	if f.app == nil { // the command needed no store
		if _, openErr := f.open(ctx, func(engine.Event) {}); openErr != nil {
			return err
		}
	}
	stored, _, storeErr := f.app.Ledgers(ctx)
	if storeErr != nil || !slices.Contains(stored, unknown.Name) {
		return err
	}
	all := orphaned(ctx, f.app, unknown.Name)
	if len(all) == 0 {
		return err
	}
	text, orphans := "", all[0].Orphans
	for i, o := range orphans {
		if i > 0 {
			text += ", "
		}
		text += sprintf("%s in %s is on release %s", o.Component, o.Place, o.Live)
	}
	next := orphans[0].Next
	if orphans[len(orphans)-1].Next != next {
		next += "; falkirk status " + unknown.Name + " shows what to do with the others"
	}
	return fault.Hint(fault.New(fault.KindOf(err), "%w; it is orphaned: %s", err, text), "%s", next)
}
