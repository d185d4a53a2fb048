package usecase

import (
	"context"

	"falkirk/internal/config"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Jobs are the jobs of sync that a face has chosen: those of the app file, or those
// of a file of jobs.
type Jobs struct {
	App       *config.File           // whose accounts the jobs name; nil: there is no app file
	List      []delivery.SyncSetting // as they are written
	Kept      bool                   // they are the app file's own: results are kept in its store
	Decisions *config.Decisions      // that hold a file of jobs back; nil: none beside those of the app file
	Name      string                 // of the file, without its folder
	// Key reads a file of public keys that a job names.
	Key func(file string) ([]byte, error)
}

// Delivery is the app of the app file; a zero one where there is no app file.
func (j Jobs) Delivery() delivery.App {
	if j.App == nil {
		return delivery.App{}
	}
	return j.App.App
}

// Jobs are the jobs of sync of the call. They are opened once.
func (c *Call) Jobs(ctx context.Context) (*Jobs, error) {
	if c.jobs != nil {
		return c.jobs, nil
	}
	if c.OpenJobs == nil {
		return nil, fault.Hint(fault.New(fault.Refused, "jobs of sync cannot be opened from here"), "use the command line: falkirk sync")
	}
	jobs, err := c.OpenJobs(ctx)
	if err == nil {
		c.jobs = jobs
	}
	return jobs, err
}
