package app

import (
	"context"

	"falkirk/internal/config"
	"falkirk/internal/engine"
	"falkirk/internal/face/cli/ui"
	"falkirk/internal/fault"
	"falkirk/internal/target/local"
	"falkirk/internal/usecase"
)

// files opens what a request from another machine is about.
type files struct {
	w    ui.Wiring
	file string                    // app file; "" is that of FALKIRK_FILE, or the nearest
	jobs string                    // file of jobs; "" is that of FALKIRK_JOBS where there is no app file
	hide func(func(string) string) // told what takes the secrets of an app file out of a text
}

func (f *files) call() *usecase.Call {
	return &usecase.Call{
		Actor: f.w.Actor, File: f.read, Accounts: f.accounts, Open: f.open, OpenJobs: f.openJobs, Decisions: f.decisions,
	}
}

// path is the app file, and refuses one that is for another version of falkirk.
func (f *files) path() (string, error) {
	path := f.file
	if path == "" {
		path, _ = f.w.Getenv("FALKIRK_FILE")
	}
	if path == "" {
		var err error
		if path, err = config.Find("."); err != nil {
			return "", err
		}
	}
	_, err := config.CheckPin(config.Pinned(path), f.w.Version.Version)
	return path, err
}

// jobsFile is the file of jobs, or "" where the jobs are those of the app file.
func (f *files) jobsFile() string {
	jobs := f.jobs
	if _, err := f.path(); jobs == "" && fault.Is(err, fault.NotFound) {
		jobs, _ = f.w.Getenv("FALKIRK_JOBS")
	}
	return jobs
}

func (f *files) read() (*config.File, error) {
	path, err := f.path()
	if err != nil {
		return nil, err
	}
	file, err := config.Open(path, f.w.Kinds, f.w.Getenv)
	if file != nil {
		f.hide(f.w.Redact(file))
	}
	return file, err
}

func (f *files) accounts() (usecase.Accounts, error) {
	path, err := f.path()
	if err != nil {
		return usecase.Accounts{}, err
	}
	all, err := f.w.Reach(path)
	if err != nil {
		return usecase.Accounts{}, err
	}
	f.hide(all.Redact)
	return all.Accounts, nil
}

// open opens the app file. A local target is only looked at: what a function starts
// is gone after its answer.
func (f *files) open(ctx context.Context, report func(engine.Event)) (*usecase.App, error) {
	path, err := f.path()
	if err != nil {
		return nil, err
	}
	a, err := f.w.Open(ctx, path, report)
	if err != nil {
		return nil, err
	}
	f.hide(a.Redact)
	t := a.Engine.Targets[kindLocal].(*local.Target)
	a.Engine.Targets[kindLocal] = nowhere{t, t}
	return a, nil
}

func (f *files) openJobs(context.Context) (*usecase.Jobs, error) {
	if jobs := f.jobsFile(); jobs != "" && f.file == "" {
		return f.w.Jobs(nil, jobs)
	}
	file, err := f.read()
	if err != nil {
		return nil, err
	}
	return f.w.Jobs(file, f.jobs)
}

func (f *files) decisions(ctx context.Context) (*engine.Decisions, error) {
	path, err := f.path()
	jobs := f.jobsFile()
	switch {
	case fault.Is(err, fault.NotFound) && jobs != "":
		return f.w.JobDecisions(ctx, jobs)
	case fault.Is(err, fault.NotFound):
		return nil, nil
	case err != nil:
		return nil, err
	}
	return f.w.Decisions(ctx, path)
}
