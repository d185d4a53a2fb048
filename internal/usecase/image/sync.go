package image

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/imagesync"
	"falkirk/internal/usecase"
)

// SyncQuery says which jobs run, and how.
type SyncQuery struct {
	Names   []string `json:"names,omitempty"` // only these jobs; empty: all
	Job     *Job     `json:"job,omitempty"`   // this job, in place of those of a file
	Only    string   `json:"only,omitempty"`  // REPOSITORY or REPOSITORY:TAG
	DryRun  bool     `json:"dryRun,omitempty"`
	Require bool     `json:"require,omitempty"` // a pattern that matches nothing is a failure
}

// ChangesNothing reports whether only what would be done is asked for.
func (q SyncQuery) ChangesNothing() bool { return q.DryRun }

// Job is the settings of one job. What is missing in JSON is as in an app file.
// Public keys are texts.
type Job struct{ imagesync.Settings }

// UnmarshalJSON refuses fields that are not known.
func (j *Job) UnmarshalJSON(raw []byte) error {
	s := imagesync.Defaults()
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	err := d.Decode(&s)
	j.Settings = s
	return err
}

// SyncResult is the result of each job, also of those that failed.
type SyncResult []*imagesync.Result

func newSync(open Opener) usecase.Case[SyncQuery, SyncResult] {
	return usecase.Case[SyncQuery, SyncResult]{
		Name: "image.sync", Doc: "Keep images of one registry also in another",
		Effect: usecase.Writes, Reach: usecase.Anywhere, Needs: usecase.Pack,
		Do: func(ctx context.Context, c *usecase.Call, q SyncQuery) (SyncResult, error) {
			w, err := openWork(ctx, c, open, q)
			if err != nil {
				return nil, err
			}
			return w.run(ctx, c, q)
		},
	}
}

// work is jobs with what they work with.
type work struct {
	jobs  []imagesync.Settings
	means Means
	opt   imagesync.Options
	kept  bool
}

// openWork opens the jobs that are asked for. They share logins and connections.
func openWork(ctx context.Context, c *usecase.Call, open Opener, q SyncQuery) (work, error) {
	from, err := openJobs(ctx, c, q)
	if err != nil {
		return work{}, err
	}
	w := work{means: open(from.Delivery()), kept: from.Kept}
	if w.jobs, err = chosen(from, q); err != nil {
		return work{}, err
	}
	w.opt = imagesync.Options{Registries: w.means.Registries, Whose: w.means.Whose, Only: q.Only, DryRun: q.DryRun, Require: q.Require, By: c.Actor}
	for _, s := range w.jobs {
		if _, err := imagesync.New(s, w.opt); err != nil {
			return work{}, err
		}
	}
	w.opt.People, err = w.people(ctx, c, from, q)
	return w, err
}

// openJobs opens the jobs of the call. A job of the request needs an app file only
// for the accounts that it names.
func openJobs(ctx context.Context, c *usecase.Call, q SyncQuery) (*usecase.Jobs, error) {
	if q.Job == nil {
		return c.Jobs(ctx)
	}
	if len(q.Names) > 0 {
		return nil, fault.New(fault.Invalid, "the request names jobs of a file and has a job of its own: it can have one of them")
	}
	from := &usecase.Jobs{}
	if q.Job.Account == "" && q.Job.SourceAccount == "" {
		return from, nil
	}
	file, err := c.AppFile(ctx)
	from.App = file
	return from, err
}

// chosen are the jobs that are asked for, with the texts of their keys.
func chosen(from *usecase.Jobs, q SyncQuery) ([]imagesync.Settings, error) {
	if q.Job != nil {
		return []imagesync.Settings{q.Job.Settings}, checkJob(from.Delivery(), q.Job.Settings)
	}
	all, err := imagesync.Read(from.List, q.Names)
	if err != nil {
		return nil, err
	}
	if all, err = imagesync.Named(all, q.Names); err != nil {
		return nil, err
	}
	for i := range all {
		if all[i], err = all[i].WithKeys(from.Key); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// checkJob checks a job of a request, as an app file is checked.
func checkJob(a delivery.App, s imagesync.Settings) error {
	if err := s.CheckWhole(); err != nil {
		return err
	}
	if err := hasAccount(a, s.Account); err != nil {
		return err
	}
	return hasAccount(a, s.SourceAccount)
}

// people are asked before images are written: about the app of the app file, and
// about the app that the file of jobs names.
func (w work) people(ctx context.Context, c *usecase.Call, from *usecase.Jobs, q SyncQuery) (imagesync.People, error) {
	var asked []imagesync.People
	if d := c.People(); d != nil {
		asked = append(asked, d)
	}
	if from.Decisions != nil && !q.DryRun {
		d, err := w.means.Decisions(ctx, *from.Decisions, from.Name)
		if err != nil {
			return nil, err
		}
		asked = append(asked, d)
	}
	return imagesync.Everybody(asked...), nil
}

// run runs the jobs one after another. One that fails does not keep the others
// from running.
func (w work) run(ctx context.Context, c *usecase.Call, q SyncQuery) (SyncResult, error) {
	results := SyncResult{}
	var errs []error
	for _, s := range w.jobs {
		r, err := w.runOne(ctx, c, s)
		if r != nil {
			results = append(results, r)
			c.Synced(r)
		}
		errs = append(errs, err)
	}
	return results, joined(errs)
}

func (w work) runOne(ctx context.Context, c *usecase.Call, s imagesync.Settings) (*imagesync.Result, error) {
	opt := w.opt
	opt.Report = func(ev imagesync.Event) { c.Syncing(s.Label(), ev) }
	opt.Report(imagesync.Event{})
	j, err := imagesync.New(s, opt)
	if err != nil {
		return nil, err
	}
	r, err := j.Run(ctx)
	if !w.kept {
		return r, err
	}
	if kept := w.means.Last.Keep(fault.Unwatched(context.WithoutCancel(ctx)), r); err == nil && kept != nil {
		r.Error = fault.CleanAddresses(kept.Error()) // nothing that failed says that it was done
		err = kept
	}
	return r, err
}

// joined is the one error that there is, or all of them under the kind of the
// first.
func joined(errs []error) error {
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if len(errs) < 2 {
		return errors.Join(errs...)
	}
	return fault.Hint(fault.New(fault.KindOf(errs[0]), "%d jobs failed: %w", len(errs), errors.Join(errs...)), "%s", fault.HintOf(errs[0]))
}
