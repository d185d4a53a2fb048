package release

import (
	"cmp"
	"context"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/usecase"
)

// PlanQuery asks what an operation would do.
type PlanQuery struct {
	Verb        delivery.Verb `json:"verb,omitempty"` // provision, promote, rollback or prune; empty: provision, or promote where the release is ready
	Environment string        `json:"environment"`
	Version     string        `json:"version,omitempty"`
	Reason      string        `json:"reason,omitempty"`    // of a rollback
	SkipOrder   string        `json:"skipOrder,omitempty"` // why the order of environments is set aside
	Override    string        `json:"override,omitempty"`  // why a freeze is set aside
}

func (q PlanQuery) request(actor string) engine.Request {
	return engine.Request{
		Verb: q.Verb, Environment: q.Environment, Version: q.Version, Actor: actor, Reason: cmp.Or(q.SkipOrder, q.Reason), Override: q.Override,
	}
}

// check refuses what is no plan of a phase. A rollback finds its release itself.
func (q PlanQuery) check() error {
	if q.Verb == delivery.VerbRollback || q.Verb == "" && q.Version != "" {
		return nil
	}
	return usecase.CheckPhase(string(cmp.Or(q.Verb, delivery.VerbProvision)), q.Version, "plan")
}

func newPlan() usecase.Case[PlanQuery, usecase.Plan] {
	return usecase.Case[PlanQuery, usecase.Plan]{
		Name: "release.plan", Doc: "Show what provision, promote, rollback or prune would do, and change nothing",
		Effect: usecase.Reads, Reach: usecase.Anywhere, Needs: usecase.View,
		Do: plan,
	}
}

func plan(ctx context.Context, c *usecase.Call, q PlanQuery) (usecase.Plan, error) {
	if err := q.check(); err != nil {
		return usecase.Plan{}, err
	}
	app, err := c.App(ctx)
	if err != nil {
		return usecase.Plan{}, err
	}
	p, err := app.Engine.Propose(ctx, q.request(c.Actor))
	if err != nil {
		return usecase.Plan{}, err
	}
	return usecase.Proposed(p), nil
}
