package imagesync

import (
	"context"

	"falkirk/internal/oci"
)

// mayWrite asks whether anything may be written now. A refusal ends the job:
// nothing more is begun, and what was not done is left for the next run.
func (j *Job) mayWrite(ctx context.Context, r *Result) bool {
	if j.opt.People == nil || j.opt.DryRun {
		return true
	}
	if r.held() != nil {
		return false
	}
	err := j.opt.People.Ask(ctx, "")
	if err != nil {
		r.hold(err)
	}
	return err == nil
}

// mayCopy asks whether one image may be written: one of a banned release is
// refused, also as part of an index. What was asked about is what is copied then.
func (j *Job) mayCopy(ctx context.Context, p *pair, w *oci.Wish) error {
	if j.opt.People == nil || j.opt.DryRun || !j.opt.People.HasBans() {
		return nil
	}
	m, err := p.from.Manifest(ctx, w.Digest)
	if err != nil {
		return err
	}
	if len(j.set.Platforms) == 0 {
		w.Digest = m.Digest
	}
	digests := []string{m.Digest}
	for _, child := range m.Children() {
		digests = append(digests, child.Digest.String())
	}
	return j.opt.People.AskImage(ctx, digests...)
}

// hold notes why the job was held back; the first reason counts.
func (r *Result) hold(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped == nil {
		r.stopped = err
	}
}

// IsHeld reports whether the job ended because nothing may be written.
func (r *Result) IsHeld() bool { return r.held() != nil }

func (r *Result) held() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stopped
}
