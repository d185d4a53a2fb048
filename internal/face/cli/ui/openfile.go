package ui

import (
	"context"

	"falkirk/internal/config"
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
)

// openFile reads the app file and opens nothing that it names. Its secrets are hidden.
func (f *Face) openFile() (*config.File, error) {
	file, err := f.loadUsed()
	if file != nil && f.Redact != nil {
		f.hide(f.Redact(file))
	}
	return file, err
}

// openJobs opens the jobs of sync: those of the file that --jobs names, else those of
// the app file, else those of the file that FALKIRK_JOBS names. A file of jobs needs
// no app file.
func (f *Face) openJobs(context.Context) (*usecase.Jobs, error) {
	jobs := f.JobsFile
	_, err := f.Path()
	if env, ok := f.Getenv("FALKIRK_JOBS"); ok && jobs == "" && fault.Is(err, fault.NotFound) {
		jobs = env
	}
	if jobs != "" && f.AppFile == "" {
		return f.Jobs(nil, jobs)
	}
	if err != nil {
		return nil, fault.Hint(err, "falkirk init makes an app file; --jobs FILE or --source need none")
	}
	file, err := f.openFile()
	if err != nil {
		return nil, err
	}
	return f.Jobs(file, jobs)
}

// loadUsed reads the app file for a command that needs only some blocks of it.
func (f *Face) loadUsed() (*config.File, error) { return f.LoadBy(config.Open) }

// LoadBy reads the app file by one of the functions of config.
func (f *Face) LoadBy(read func(string, config.Kinds, func(string) (string, bool)) (*config.File, error)) (*config.File, error) {
	path, err := f.Path()
	if err != nil {
		return nil, err
	}
	if err := f.fits(config.Pinned(path)); err != nil {
		return nil, err
	}
	file, err := read(path, f.Kinds, f.Getenv)
	if err != nil {
		return nil, err
	}
	return file, f.fits(file.Falkirk)
}
