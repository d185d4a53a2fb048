package usecase

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
)

// WithRemoved adds the environments that only the store knows and in which
// something is live, or the one that is asked for, and says what to do with orphans.
func (app *App) WithRemoved(ctx context.Context, only string, all []engine.Status, err error) ([]engine.Status, error) {
	all, err = app.addRemoved(ctx, only, all, err)
	app.advise(ctx, all)
	return all, err
}

func (app *App) addRemoved(ctx context.Context, only string, all []engine.Status, err error) ([]engine.Status, error) {
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

// Orphaned are the environments in which something is live by the record where the
// app file has nothing any more. A ledger that cannot be read has none.
func (app *App) Orphaned(ctx context.Context, names ...string) []engine.Status {
	var all []engine.Status
	for _, name := range names {
		if name == delivery.Everywhere {
			continue
		}
		if st, err := app.Engine.Orphans(ctx, name); err == nil && len(st.Orphans) > 0 {
			all = append(all, st)
		}
	}
	app.advise(ctx, all)
	return all
}

// OrphanLines has a line for each orphan; what to do comes after the last one that
// it is about.
func OrphanLines(st engine.Status, word string) []string {
	var out []string
	missing := "the app file does not have that place or component any more"
	if st.Removed {
		missing = "the app file does not name " + st.Environment + " any more"
	}
	for i, o := range st.Orphans {
		out = append(out, fmt.Sprintf("%s %s in %s: %s is live there by the record, and %s", word, o.Component, o.Place, o.Live, missing))
		if o.Next != "" && (i+1 == len(st.Orphans) || st.Orphans[i+1].Next != o.Next) {
			out = append(out, "  next: "+o.Next)
		}
	}
	return out
}

// Explain adds to an error about an environment that the app file does not name
// that something is live there, and how to end it.
func (app *App) Explain(ctx context.Context, err error) error {
	var unknown delivery.UnknownEnvironment
	if !errors.As(err, &unknown) {
		return err
	}
	stored, _, storeErr := app.Ledgers(ctx)
	if storeErr != nil || !slices.Contains(stored, unknown.Name) {
		return err
	}
	all := app.Orphaned(ctx, unknown.Name)
	if len(all) == 0 {
		return err
	}
	text, orphans := "", all[0].Orphans
	for i, o := range orphans {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%s in %s is on release %s", o.Component, o.Place, o.Live)
	}
	next := orphans[0].Next
	if orphans[len(orphans)-1].Next != next {
		next += "; falkirk status " + unknown.Name + " shows what to do with the others"
	}
	return fault.Hint(fault.New(fault.KindOf(err), "%w; it is orphaned: %s", err, text), "%s", next)
}
