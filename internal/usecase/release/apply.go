package release

import (
	"context"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/rule"
	"falkirk/internal/usecase"
)

// SaveResult is a plan that can be carried out later, as a file holds it.
type SaveResult struct {
	engine.Saved
	Obstacle *rule.Obstacle `json:"obstacle,omitempty"` // what refuses it now; no part of the file
}

func newSave() usecase.Case[PlanQuery, SaveResult] {
	return usecase.Case[PlanQuery, SaveResult]{
		Name: "release.save", Doc: "Make a plan that can be carried out later, if nothing has changed by then",
		Effect: usecase.Reads, Reach: usecase.Anywhere, Needs: usecase.View,
		Do: save,
	}
}

func save(ctx context.Context, c *usecase.Call, q PlanQuery) (SaveResult, error) {
	if q.Verb == delivery.VerbRollback { // apply takes none
		return SaveResult{}, usecase.CheckPhase(string(q.Verb), q.Version, "plan")
	}
	if err := q.check(); err != nil {
		return SaveResult{}, err
	}
	app, err := c.App(ctx)
	if err != nil {
		return SaveResult{}, err
	}
	saved, obstacle, err := app.Engine.Save(ctx, q.request(c.Actor))
	if err != nil {
		return SaveResult{}, err
	}
	return SaveResult{saved, obstacle}, nil
}

// ApplyQuery carries out a saved plan.
type ApplyQuery struct {
	usecase.Consent
	Saved engine.Saved `json:"saved"` // the content of the file
}

func newApply() usecase.Case[ApplyQuery, *ChangeResult] {
	return usecase.Case[ApplyQuery, *ChangeResult]{
		Name: "release.apply", Doc: "Carry out a saved plan, if nothing has changed since it was made",
		Effect: usecase.Runs, Reach: usecase.Anywhere, Needs: usecase.Promote,
		Do: apply,
	}
}

// apply is bound to the saved plan by the engine, so what a person agrees to is the
// digest of that.
func apply(ctx context.Context, c *usecase.Call, q ApplyQuery) (*ChangeResult, error) {
	if err := q.Saved.Check(); err != nil {
		return nil, err
	}
	app, err := c.App(ctx)
	if err != nil {
		return nil, err
	}
	protected, err := app.Protected(q.Saved.Plan.Environment)
	if err != nil {
		return nil, err
	}
	if err := q.Check(protected, func() (string, error) { return q.Saved.Digest, nil }); err != nil {
		return nil, err
	}
	return carryOut(c, app, func() (engine.Result, error) { return app.Engine.Apply(ctx, q.Saved, c.Actor) })
}
