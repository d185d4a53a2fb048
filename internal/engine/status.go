package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/rule"
)

// Status is what the ledger and the targets say of one environment.
type Status struct {
	Environment string              `json:"environment"`
	Protected   bool                `json:"protected"`
	Live        string              `json:"live"` // by the ledger; "" if nothing is
	Since       *time.Time          `json:"since,omitempty"`
	By          string              `json:"by,omitempty"`
	Ready       []string            `json:"ready"`               // wait to be promoted
	Unsettled   bool                `json:"unsettled,omitempty"` // a promotion has not ended
	Condition   Condition           `json:"condition"`
	Partial     string              `json:"partial,omitempty"` // what is partial
	Next        string              `json:"next,omitempty"`    // the command that ends what is partial
	Error       string              `json:"error,omitempty"`   // what of the environment could not be read
	Doubt       *rule.Obstacle      `json:"doubt,omitempty"`   // the ledger is not signed as it must be: what it says here may be forged
	Running     *delivery.Operation `json:"running,omitempty"` // holds the environment
	Removed     bool                `json:"removed,omitempty"` // the app file does not name it any more
	Orphans     []Orphan            `json:"orphans,omitempty"` // live by the record where the app file has nothing any more
	Components  []ComponentStatus   `json:"components"`

	Hold    *delivery.Operation  `json:"hold,omitempty"`    // it stays on what it has
	Stop    *delivery.Operation  `json:"stop,omitempty"`    // nothing is written, here or in the whole app
	Freeze  *rule.Obstacle       `json:"freeze,omitempty"`  // no promotion begins now
	Waiting []delivery.Pending   `json:"waiting,omitempty"` // for a gate
	Bans    []delivery.Operation `json:"bans,omitempty"`    // of the whole app
}

// Orphan is what is live by the record where the app file has nothing any more.
type Orphan struct {
	delivery.Standing
	Next string `json:"next,omitempty"` // what to do, one line
}

// orphans are those of an environment, in the order of their places.
func orphans(rec delivery.Record, env delivery.Environment) []Orphan {
	var all []Orphan
	for _, s := range rec.Orphans(env) {
		all = append(all, Orphan{Standing: s})
	}
	slices.SortFunc(all, func(a, b Orphan) int {
		return cmp.Or(a.Place.Compare(b.Place), cmp.Compare(a.Component, b.Component))
	})
	return all
}

// ComponentStatus is one component in one place, as observed.
type ComponentStatus struct {
	Place     delivery.Place `json:"place"`
	Component string         `json:"component"`
	Target    string         `json:"target"`
	Live      string         `json:"live"`
	Digest    string         `json:"digest,omitempty"`   // of the artifact that is live, where the target can tell
	Recorded  string         `json:"recorded,omitempty"` // the release that the ledger says; "" where it has no such component
	Expected  string         `json:"expected,omitempty"` // digest of that release's artifact
	Ready     []string       `json:"ready"`
	URL       string         `json:"url,omitempty"`
	Drift     []string       `json:"drift"`
	Unknown   []string       `json:"unknown,omitempty"` // what of the live release cannot be compared
	Error     string         `json:"error,omitempty"`   // it could not be observed
}

// Drifter is a target that can look for drift more closely than Observe, at
// some cost. It only reads.
type Drifter interface {
	Drift(ctx context.Context, p delivery.Placement) ([]string, error)
}

// Status reads all environments, or the one named, side by side. What cannot
// be observed is in the status and in the error.
func (e *Engine) Status(ctx context.Context, only string) ([]Status, error) {
	return e.status(ctx, only, false)
}

// Inspect is Status with drift looked for also where that takes long.
func (e *Engine) Inspect(ctx context.Context, only string) ([]Status, error) {
	return e.status(ctx, only, true)
}

func (e *Engine) status(ctx context.Context, only string, closely bool) ([]Status, error) {
	envs := e.App.Environments
	if only != "" {
		env, err := e.App.Environment(only)
		if err != nil {
			return nil, err
		}
		envs = []delivery.Environment{env}
	}
	whole, err := e.Ledger(delivery.Everywhere).Read(ctx, delivery.Record{})
	if err != nil {
		return nil, err
	}
	all := make([]Status, len(envs))
	errs := make([]error, len(envs))
	var group errgroup.Group
	for i, env := range envs {
		group.Go(func() error {
			all[i], errs[i] = e.statusOf(ctx, env, whole, closely)
			return nil
		})
	}
	_ = group.Wait() // the functions keep their errors in errs
	return all, errors.Join(errs...)
}

func (e *Engine) statusOf(ctx context.Context, env delivery.Environment, whole delivery.Record, closely bool) (Status, error) {
	rec, err := e.Ledger(env.Name).Read(ctx, delivery.Record{})
	if err != nil {
		return Status{Environment: env.Name}, err
	}
	st := Status{
		Environment: env.Name, Protected: env.Protected, Live: rec.Live(),
		Ready: append([]string{}, rec.Readied...), Unsettled: rec.Way != nil,
		Components: make([]ComponentStatus, len(env.Landings)),
		Hold:       rec.Hold, Stop: cmp.Or(whole.Stop, rec.Stop), Waiting: rec.Waiting, Bans: whole.Bans,
		Freeze: rule.Freeze(rule.Situation{Environment: env, Now: e.Now()}),
		Doubt:  rule.Doubt(env.Name, rec, whole),
	}
	if n := len(rec.Tenures); n > 0 {
		st.Since, st.By = &rec.Tenures[n-1].Since, rec.Tenures[n-1].By
	}
	if env.Unusable == "" {
		st.Orphans = orphans(rec, env)
	}
	if rec.Open != nil {
		st.Running = &rec.Open.Operation
	}
	st.Error = string(cmp.Or(env.Unusable, env.NoRules))
	err = errors.Join(env.Unusable.Err("environment "+env.Name), e.components(ctx, env, rec, st.Components, closely))
	st.judge(rec)
	e.elsewhere(ctx, &st, rec)
	return st, err
}

// Orphans are the orphaned places and components of an environment, also of one that
// the app file does not name any more; without what to do. It reads the ledger only.
func (e *Engine) Orphans(ctx context.Context, name string) (Status, error) {
	env, err := e.App.Environment(name)
	if err != nil {
		return e.Removed(ctx, name)
	}
	st := Status{Environment: name}
	if env.Unusable != "" {
		return st, nil
	}
	rec, err := e.Ledger(name).Read(ctx, delivery.Record{})
	st.Orphans = orphans(rec, env)
	return st, err
}

// Removed is what is live by the record in an environment that the app file does
// not name any more. Nothing is observed: nobody knows how.
func (e *Engine) Removed(ctx context.Context, name string) (Status, error) {
	rec, err := e.Ledger(name).Read(ctx, delivery.Record{})
	st := Status{
		Environment: name, Removed: true, Live: rec.Live(), Ready: []string{}, Components: []ComponentStatus{},
		Orphans: orphans(rec, delivery.Environment{Name: name}), Condition: Empty,
	}
	if len(st.Orphans) > 0 {
		st.Condition = Orphaned
	}
	return st, err
}

func (e *Engine) components(ctx context.Context, env delivery.Environment, rec delivery.Record, into []ComponentStatus, closely bool) error {
	rel := e.liveRelease(ctx, rec)
	errs := make([]error, len(env.Landings))
	var group errgroup.Group
	group.SetLimit(env.Parallel)
	for i, l := range env.Landings {
		group.Go(func() error {
			p := placement(e.App.Name, env, l, rel)
			c := ComponentStatus{
				Place: l.Place, Component: l.Component, Target: l.Target, Ready: []string{}, Drift: []string{},
				Recorded: p.Version, Expected: p.Artifact.Digest,
			}
			if rel.Version == "" {
				c.Recorded = rec.Live() // the manifest cannot be read
			}
			p, now, err := e.observeOne(ctx, p)
			if d, can := e.Targets[p.Target].(Drifter); can && err == nil && closely {
				var more []string
				more, err = d.Drift(ctx, p)
				now.Drift = append(now.Drift, more...)
			}
			if err != nil {
				c.Error, errs[i] = fault.CleanAddresses(err.Error()), fmt.Errorf("observe %s in %s: %w", p.Component, p.Place, err)
			} else {
				c.fill(rec, p, now)
			}
			into[i] = c
			return nil
		})
	}
	_ = group.Wait() // the functions keep their errors in errs
	return errors.Join(errs...)
}

func (c *ComponentStatus) fill(rec delivery.Record, p delivery.Placement, now delivery.State) {
	c.Live, c.Digest, c.URL = now.Live, now.Digest, now.Endpoint.URL
	c.Ready = append(c.Ready, now.Ready...)
	c.Drift = append(c.Drift, now.Drift...)
	c.Unknown = now.Unknown
	if now.Stale { // what differs is in Drift
		c.Live = p.Version
	}
	if want := rec.Live(); want != "" && p.Version != "" && c.Live != want {
		c.Drift = append(c.Drift, fmt.Sprintf("release %s is recorded, but %s is live", want, releaseOr(now.Live)))
	}
	if now.Digest != "" && p.Version == now.Live && p.Artifact.Digest != "" && now.Digest != p.Artifact.Digest {
		c.Drift = append(c.Drift, fmt.Sprintf("release %s has %s, but %s is live; it was packed elsewhere under this version: pack under another one", now.Live, p.Artifact.Digest, now.Digest))
	}
}

// liveRelease is the manifest of what is live. A status is worth having even
// when the manifest is gone, so that is no error here.
func (e *Engine) liveRelease(ctx context.Context, rec delivery.Record) delivery.Release {
	if rec.Live() == "" {
		return delivery.Release{}
	}
	rel, err := e.Releases.Get(ctx, e.App.Name, rec.Live())
	if err != nil {
		return delivery.Release{}
	}
	return rel
}
