package ui

import (
	"context"

	"falkirk/internal/config"
	"falkirk/internal/engine"
	"falkirk/internal/usecase"
)

// OpenApp opens the app file; from then on its secrets are hidden.
func (f *Face) OpenApp(ctx context.Context, report func(engine.Event)) (*usecase.App, error) {
	path, err := f.Path()
	if err != nil {
		return nil, err
	}
	if err := f.fits(config.Pinned(path)); err != nil {
		return nil, err
	}
	app, err := f.Open(ctx, path, report)
	if err != nil {
		return nil, err
	}
	f.hide(app.Redact)
	if app.Shown != nil {
		app.Shown(versionsIn(f.Args)...)
	}
	f.app, f.Flush = app, app.Flush
	return app, f.fits(app.File.Falkirk)
}

// ReachAccounts opens the accounts of the app file.
func (f *Face) ReachAccounts() (*Accounts, error) {
	path, err := f.Path()
	if err != nil {
		return nil, err
	}
	if err := f.fits(config.Pinned(path)); err != nil {
		return nil, err
	}
	all, err := f.Reach(path)
	if err != nil {
		return nil, err
	}
	f.hide(all.Redact)
	return all, f.fits(all.Falkirk)
}

// accounts are those of the app file, for use cases.
func (f *Face) accounts() (usecase.Accounts, error) {
	all, err := f.ReachAccounts()
	if err != nil {
		return usecase.Accounts{}, err
	}
	return all.Accounts, nil
}
