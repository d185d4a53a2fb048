package cli

import (
	"context"
	"slices"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
)

// withRemoved adds the environments that only the store knows and in which
// something is live, or the one that is asked for.
func withRemoved(ctx context.Context, app *App, only string, all []engine.Status, err error) ([]engine.Status, error) {
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

// orphans names what is live where the app file has nothing any more.
func (f *face) orphans(st engine.Status) []string {
	return orphanLines(st, f.paint(yellow, "orphaned"))
}

func orphanLines(st engine.Status, orphaned string) []string {
	var out []string
	missing := "the app file does not have that place or component any more"
	if st.Removed {
		missing = "the app file does not name " + st.Environment + " any more"
	}
	for _, o := range st.Orphans {
		out = append(out, sprintf("%s %s in %s: %s is live there by the record, and %s", orphaned, o.Component, o.Place, o.Live, missing))
	}
	if len(out) > 0 {
		out = append(out, "  next: put it back into the app file under its former name to go on with it; else remove what is there by hand (on this machine: falkirk local down "+st.Environment+"), then: falkirk retire "+st.Orphans[0].Place.String()+" --reason TEXT")
	}
	return out
}

// tellOrphans says on the screen what a command on an environment leaves alone.
func (f *face) tellOrphans(ctx context.Context, app *App, environment string) error {
	env, err := app.Engine.App.Environment(environment)
	if err != nil {
		return err
	}
	rec, err := app.Engine.Ledger(env.Name).Read(ctx, delivery.Record{})
	if err != nil {
		return err
	}
	for _, line := range f.orphans(engine.Status{Environment: env.Name, Orphans: rec.Orphans(env)}) {
		fprintln(f.Err, line)
	}
	return nil
}

// isKnownHere reports whether something of an environment is on this machine,
// though the app file does not name it any more.
func isKnownHere(ctx context.Context, app *App, environment string) bool {
	all, err := app.Local.List(ctx, environment)
	return err == nil && slices.ContainsFunc(all, func(p Process) bool { return p.Place.Environment == environment })
}
