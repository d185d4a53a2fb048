package decide

import (
	"context"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
)

// EnvironmentQuery decides about one environment.
type EnvironmentQuery struct {
	Environment string `json:"environment"`
	Reason      string `json:"reason,omitempty"` // everybody who is refused reads it
}

// VersionQuery decides about one release, in every environment.
type VersionQuery struct {
	Version string `json:"version"`
	Reason  string `json:"reason,omitempty"`
}

// ScopeQuery decides about one environment, or about the whole app.
type ScopeQuery struct {
	Environment string `json:"environment,omitempty"`
	All         bool   `json:"all,omitempty"` // the whole app, without an environment
	Reason      string `json:"reason,omitempty"`
}

func newHold() usecase.Case[EnvironmentQuery, engine.Decided] {
	return decision("decide.hold", "Keep an environment on the release that it has", delivery.VerbHold, ofEnvironment)
}

func newReleaseHold() usecase.Case[EnvironmentQuery, engine.Decided] {
	return decision("decide.release-hold", "Let a held environment change again", delivery.VerbRelease, ofEnvironment)
}

func newBan() usecase.Case[VersionQuery, engine.Decided] {
	k := decision("decide.ban", "Forbid a release in every environment", delivery.VerbBan, ofVersion)
	decided := k.Do
	k.Do = func(ctx context.Context, c *usecase.Call, q VersionQuery) (engine.Decided, error) {
		done, err := decided(ctx, c, q)
		if err == nil {
			warnUnknown(ctx, c, done)
		}
		return done, err
	}
	return k
}

func newUnban() usecase.Case[VersionQuery, engine.Decided] {
	return decision("decide.unban", "Allow a banned release again", delivery.VerbUnban, ofVersion)
}

func newStop() usecase.Case[ScopeQuery, engine.Decided] {
	return decision("decide.stop", "Stop all writes in an environment or everywhere, until they are resumed", delivery.VerbStop, ofScope)
}

func newResume() usecase.Case[ScopeQuery, engine.Decided] {
	return decision("decide.resume", "Allow writes in a stopped environment again", delivery.VerbResume, ofScope)
}

func newSignLedger() usecase.Case[ScopeQuery, engine.Decided] {
	return decision("decide.sign-ledger", "Sign a ledger as it is now, so that rules rely on its earlier entries", delivery.VerbSignLedger, ofScope)
}

// decision is a use case that writes what a person decides into a ledger.
func decision[Q any](name, doc string, verb delivery.Verb, of func(Q) (engine.Decision, error)) usecase.Case[Q, engine.Decided] {
	return usecase.Case[Q, engine.Decided]{
		Name: name, Doc: doc, Effect: usecase.Decides, Reach: usecase.Anywhere, Needs: usecase.Decide,
		Do: func(ctx context.Context, c *usecase.Call, q Q) (engine.Decided, error) {
			d, err := of(q)
			if err != nil {
				return engine.Decided{}, err
			}
			d.Verb, d.Actor = verb, c.Actor
			if err := checkReason(verb, d.Reason); err != nil {
				return engine.Decided{}, err
			}
			app, err := c.App(ctx)
			if err != nil {
				return engine.Decided{}, err
			}
			return app.Engine.Decide(ctx, d)
		},
	}
}

func ofEnvironment(q EnvironmentQuery) (engine.Decision, error) {
	return engine.Decision{Environment: q.Environment, Reason: q.Reason}, checkEnvironment(q.Environment)
}

func ofVersion(q VersionQuery) (engine.Decision, error) {
	return engine.Decision{Environment: delivery.Everywhere, Version: q.Version, Reason: q.Reason}, nil
}

func ofScope(q ScopeQuery) (engine.Decision, error) {
	switch {
	case q.All && q.Environment != "":
		err := fault.New(fault.Invalid, "an environment and the whole app are given; give one of them")
		return engine.Decision{}, fault.Hint(err, "leave out the environment, or leave out all")
	case q.All:
		return engine.Decision{Environment: delivery.Everywhere, Reason: q.Reason}, nil
	}
	return engine.Decision{Environment: q.Environment, Reason: q.Reason}, checkEnvironment(q.Environment)
}

// checkEnvironment refuses the name of the whole app: it is no environment.
func checkEnvironment(name string) error {
	switch name {
	case "":
		return fault.Hint(fault.New(fault.Invalid, "no environment is given"), "name one; falkirk status lists them")
	case delivery.Everywhere:
		return fault.Hint(fault.New(fault.NotFound, "no environment %q", name), "falkirk status lists the environments")
	}
	return nil
}

// checkReason refuses a decision without a reason where others are held back by it.
func checkReason(verb delivery.Verb, reason string) error {
	switch verb {
	case delivery.VerbRelease, delivery.VerbUnban, delivery.VerbResume, delivery.VerbApprove:
	default:
		if strings.TrimSpace(reason) == "" {
			return fault.Hint(fault.New(fault.Invalid, "%s needs a reason", verb), "give a reason; everybody who is refused reads it")
		}
	}
	return nil
}

// warnUnknown warns of a ban of what is not in the store: it may be mistyped, or
// not packed yet. A ban never fails because of that.
func warnUnknown(ctx context.Context, c *usecase.Call, done engine.Decided) {
	app, err := c.App(ctx)
	if err != nil || !done.Changed {
		return
	}
	version := done.Operation.Version
	if _, err := app.Releases.Get(ctx, app.Engine.App.Name, version); fault.Is(err, fault.NotFound) {
		c.Warn("no release " + version + " is in the store; the ban holds if it is packed. Compare with: falkirk releases")
	}
}
