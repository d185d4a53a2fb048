package engine

import (
	"context"
	"errors"
	"slices"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/rule"
)

// asked is a request with everything that can be known without holding the
// environment.
type asked struct {
	sit  rule.Situation
	rel  delivery.Release
	now  sight
	plan delivery.Plan
}

// ready looks a request up and refuses it where a rule says no. What is live
// already, and needs nothing, no rule holds back.
func (e *Engine) ready(ctx context.Context, req Request) (asked, error) {
	return e.asking(ctx, req, rule.First)
}

func (e *Engine) asking(ctx context.Context, req Request, first func(rule.Situation) *rule.Obstacle) (asked, error) {
	sit, err := e.situation(ctx, req)
	if err != nil {
		return asked{}, err
	}
	a := asked{sit: sit}
	op := sit.Operation
	if err := sit.Environment.Ready(op.Verb); err != nil {
		return asked{}, err
	}
	ctx = delivery.WithOperation(ctx, op)
	if op.Verb != delivery.VerbPrune {
		if a.rel, err = e.release(ctx, op.Version, recordsOf(sit)...); err != nil {
			return asked{}, err
		}
	} else {
		a.rel = e.liveRelease(ctx, sit.Own) // what serves is asked about by what should
	}
	obstacle := first(sit)
	if obstacle != nil && (op.Verb == delivery.VerbPrune || sit.Own.Live() != op.Version) {
		return asked{}, refusal(obstacle)
	}
	if a.now, err = e.observe(ctx, sit.Environment, a.rel); err != nil {
		return asked{}, err
	}
	if a, err = a.planned(e); err != nil {
		return asked{}, err
	}
	if obstacle != nil && !a.isLive() {
		return asked{}, refusal(obstacle)
	}
	if req.Saved != nil {
		return a, req.Saved.fits(e, a)
	}
	return a, agreed(req.Agreed, sit.Own, op, a.plan)
}

// agreed refuses a plan that is not the one that a person agreed to, where one did.
func agreed(digest string, rec delivery.Record, op delivery.Operation, plan delivery.Plan) error {
	if now := bound(rec, op, plan); digest != "" && now != digest {
		return PlanChanged(digest, now)
	}
	return nil
}

// PlanChanged is the refusal of a request that a person agreed to with another plan
// in mind.
func PlanChanged(agreed, now string) error {
	err := fault.New(fault.Conflict, "the plan has changed since it was agreed to: it was %s and is %s now", agreed, now)
	return fault.Hint(err, "look at the new plan and repeat the command")
}

// situation is what the rules decide by.
func (e *Engine) situation(ctx context.Context, req Request) (rule.Situation, error) {
	env, err := e.App.Environment(req.Environment)
	if err != nil {
		return rule.Situation{}, err
	}
	s := rule.Situation{Environment: env, Before: map[string]delivery.Record{}, Now: e.Now(), Unsafe: e.App.Unsafe}
	if s.Own, err = e.Ledger(env.Name).Read(ctx, delivery.Record{}); err != nil {
		return s, err
	}
	if s.Whole, err = e.Ledger(delivery.Everywhere).Read(ctx, delivery.Record{}); err != nil {
		return s, err
	}
	for _, up := range env.After {
		if s.Before[up], err = e.Ledger(up).Read(ctx, delivery.Record{}); err != nil {
			return s, err
		}
	}
	if req.Version, err = versionFor(req, s.Own, s.Whole); err != nil {
		return s, err
	}
	s.Operation = e.operation(req)
	return s, nil
}

// refusal is an obstacle as an error.
func refusal(o *rule.Obstacle) error {
	kind := fault.Refused
	if o.Waits {
		kind = fault.Pending
	}
	err := fault.New(kind, "%s", o.Text)
	switch o.Cause {
	case rule.Unsafe:
		err = fault.New(fault.Invalid, "%s", o.Text)
	case rule.Stopped:
		err = fault.New(kind, "%s%w", o.Text, errStopped)
	}
	return fault.Hint(err, "%s", o.Next)
}

// errStopped marks the refusal after which nothing at all may be written.
var errStopped = errors.New("")

func (a asked) planned(e *Engine) (asked, error) {
	env, rec, op := a.sit.Environment, a.sit.Own, a.sit.Operation
	switch op.Verb {
	case delivery.VerbProvision:
		a.plan = e.plan(env, delivery.Provision, op.Version, a.now)
	case delivery.VerbPrune:
		if err := clear(rec, a.now); err != nil {
			return asked{}, err
		}
		a.now = a.now.spare(rec.Kept(a.sit.Whole, env.Keep))
		a.plan = e.plan(env, delivery.Prune, "", a.now)
	default:
		if err := provisioned(op, a.now); err != nil {
			return asked{}, err
		}
		a.plan = e.plan(env, delivery.Promote, op.Version, a.now)
	}
	return a, nil
}

// isLive reports whether the release is live, settled, and lacks nothing: then
// no rule has anything to hold back, though a killed run may have to be ended.
func (a asked) isLive() bool {
	return a.plan.IsEmpty() && a.sit.Own.Live() == a.sit.Operation.Version && a.sit.Own.Way == nil
}

// isIdle reports whether the request has been done already, to its end. An
// operation that is open in the ledger may be that of a killed run, which is
// to be ended.
func (a asked) isIdle() bool {
	rec, op := a.sit.Own, a.sit.Operation
	if !a.plan.IsEmpty() || rec.Open != nil {
		return false
	}
	switch op.Verb {
	case delivery.VerbPrune:
		// One that removed everything, and then failed at a gate or a hook, is not done.
		return rec.Bound == nil || rec.Bound.Verb != op.Verb
	case delivery.VerbProvision:
		return slices.Contains(rec.Readied, op.Version) || slices.Contains(rec.Promoted, op.Version)
	default:
		return rec.Live() == op.Version && rec.Way == nil
	}
}

func (e *Engine) operation(req Request) delivery.Operation {
	op := delivery.Operation{
		ID: e.NewID(), Verb: req.Verb, App: e.App.Name, Environment: req.Environment,
		Version: req.Version, Actor: req.Actor, Reason: req.Reason, Override: req.Override, At: e.Now().UTC(),
	}
	if req.Saved != nil {
		op.Plan = req.Saved.Digest
	}
	return op
}

// versionFor is the version of a request. A rollback without one goes on with a
// rollback that has not settled, or back from a promotion that has not, or to
// the previous release.
func versionFor(req Request, rec, whole delivery.Record) (string, error) {
	switch {
	case req.Verb == delivery.VerbPrune:
		return "", nil
	case req.Version != "":
		return req.Version, delivery.CheckVersion(req.Version)
	case req.Verb != delivery.VerbRollback:
		return "", fault.Hint(fault.New(fault.Invalid, "%s needs a version", req.Verb), "falkirk releases lists them")
	}
	v := rec.Previous(whole)
	switch {
	case rec.Toward != "":
		v = rec.Toward
	case rec.Way != nil:
		v = rec.Live()
	}
	if old := rec.Previous(delivery.Record{}); v == "" && old != "" {
		ban, _ := whole.Banned(old)
		err := fault.New(fault.Refused, "%s cannot roll back to %s: it is banned by %s: %s", req.Environment, old, oneLine(ban.Actor), oneLine(ban.Reason))
		return "", fault.Hint(err, "falkirk rollback %s --to VERSION, or falkirk unban %s", req.Environment, old)
	}
	if v == "" {
		err := fault.New(fault.Refused, "%s has no earlier release to roll back to", req.Environment)
		if back := earlier(rec, whole); len(back) > 0 {
			err = fault.New(fault.Refused, "%s has no earlier release to roll back to by itself: %s", req.Environment, whyNot(rec, back[0]))
			return "", fault.Hint(err, "falkirk rollback %s --to %s", req.Environment, strings.Join(back, ", or --to "))
		}
		return "", fault.Hint(err, "falkirk history %s shows what was live", req.Environment)
	}
	return v, nil
}

// earlier lists the last three releases that were live and are not banned, newest
// first, without the live one: a rollback that names one may go to it.
func earlier(rec, whole delivery.Record) []string {
	var all []string
	for _, t := range slices.Backward(rec.Tenures) {
		_, banned := whole.Banned(t.Version)
		if !banned && t.Version != rec.Live() && !slices.Contains(all, t.Version) {
			all = append(all, t.Version)
		}
	}
	return all[:min(3, len(all))]
}

// whyNot says why a rollback does not choose a release that was live.
func whyNot(rec delivery.Record, version string) string {
	if _, failed := rec.Failed(version); failed {
		return version + " has failed here"
	}
	return version + " was rolled back"
}

func provisioned(op delivery.Operation, now sight) error {
	missing := now.notReady()
	if len(missing) == 0 {
		return nil
	}
	err := fault.New(fault.Refused, "%s is not ready in %s: %s", op.Version, op.Environment, strings.Join(missing, ", "))
	if now.isOther() {
		return fault.Hint(err, "%s was packed elsewhere with other content: pack under another version", op.Version)
	}
	return fault.Hint(err, "falkirk provision %s --to %s", op.Version, op.Environment)
}

// isOther reports whether the version of a placement is live there with other content,
// so that it cannot be provisioned.
func (s sight) isOther() bool {
	return slices.ContainsFunc(s, func(x seen) bool {
		return x.Version != "" && x.State.Live == x.Version && x.State.Digest != "" && x.Artifact.Digest != "" && x.State.Digest != x.Artifact.Digest
	})
}

// clear refuses to prune while it is not clear which release serves: every
// placement must be on the release that the ledger says is live.
func clear(rec delivery.Record, now sight) error {
	want := rec.Live()
	var odd []string
	for _, x := range now {
		// A component that the live release does not have is rightly not live.
		if x.State.Live != want && (x.State.Live != "" || want == "") {
			odd = append(odd, x.Component+" in "+x.Place.String()+" is on "+releaseOr(x.State.Live))
		}
	}
	if len(odd) == 0 && rec.Way == nil {
		return nil
	}
	if rec.Way != nil {
		odd = append(odd, "a promotion has not ended")
	}
	err := fault.New(fault.Refused, "nothing is pruned, because it is not clear which release serves: %s is recorded, but %s",
		releaseOr(want), strings.Join(odd, ", "))
	return fault.Hint(err, "falkirk promote VERSION --to %s settles it", now.environment())
}

func (s sight) environment() string {
	if len(s) == 0 {
		return "ENVIRONMENT"
	}
	return s[0].Place.Environment
}

// oneLine is a text of a person as a part of a line.
func oneLine(text string) string { return strings.Join(strings.FieldsFunc(text, isBreak), "; ") }

func isBreak(r rune) bool { return r == '\n' || r == '\r' }

func orNothing(v string) string {
	if v == "" {
		return "nothing"
	}
	return v
}
