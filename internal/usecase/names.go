package usecase

import (
	"context"
	"slices"

	"falkirk/internal/delivery"
)

// NamedLedgers are the ledgers by the app file, with that of the whole app at the
// end, or the one environment that is asked for.
func (app *App) NamedLedgers(only string) ([]string, error) {
	if only != "" {
		_, err := app.Engine.App.Environment(only)
		return []string{only}, err
	}
	var names []string
	for _, env := range app.Engine.App.Environments {
		names = append(names, env.Name)
	}
	return append(names, delivery.Everywhere), nil
}

// StoredLedgers are the ledgers of an app, or the one that is asked for, also those of
// environments that only the store or the anchors name.
func (app *App) StoredLedgers(ctx context.Context, only string, anchors ...delivery.Anchor) ([]string, error) {
	named, err := app.NamedLedgers(only)
	if err == nil && only != "" {
		return named, nil
	}
	stored, _, storeErr := app.Ledgers(ctx)
	if storeErr != nil {
		return nil, storeErr
	}
	for _, a := range anchors {
		stored = append(stored, a.Environment)
	}
	if only != "" {
		if slices.Contains(stored, only) {
			return []string{only}, nil
		}
		return nil, err
	}
	slices.Sort(stored)
	for _, name := range slices.Compact(stored) {
		if !slices.Contains(named, name) {
			named = append(named, name)
		}
	}
	return named, nil
}
