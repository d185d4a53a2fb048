package cli

import (
	"context"
	"falkirk/internal/config"
	"falkirk/internal/engine"
	"falkirk/internal/usecase"
)

func (f *face) open(ctx context.Context, report func(engine.Event)) (*usecase.App, error) {
	path, err := f.path()
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
		app.Shown(versionsIn(f.args)...)
	}
	f.app, f.flush = app, app.Flush
	return app, f.fits(app.File.Falkirk)
}

// reach opens the accounts of the app file.
func (f *face) reach() (*Accounts, error) {
	path, err := f.path()
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
func (f *face) accounts() (usecase.Accounts, error) {
	all, err := f.reach()
	if err != nil {
		return usecase.Accounts{}, err
	}
	return all.Accounts, nil
}
