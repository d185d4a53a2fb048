package release

import (
	"context"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
)

// TrainQuery takes a release through the environments up to the named one.
type TrainQuery struct {
	usecase.Consent
	Version     string            `json:"version"`
	Environment string            `json:"environment"`
	Wait        delivery.Duration `json:"wait,omitempty"`      // goes on by itself when a gate, a freeze or a soak time lets it, for at most so long
	SkipOrder   string            `json:"skipOrder,omitempty"` // why the order of environments is set aside
	Override    string            `json:"override,omitempty"`  // why a freeze is set aside
}

// TrainResult is how far the train came. It is nil where it did not begin.
type TrainResult struct {
	Version string          `json:"version"`
	To      string          `json:"to"`
	Legs    []engine.Leg    `json:"legs"`
	Ended   []engine.Event  `json:"ended"`          // how each operation ended, and what is live
	Undo    []delivery.Undo `json:"undo,omitempty"` // of a run that failed: what was taken back, and what was not
}

func newTrain() usecase.Case[TrainQuery, *TrainResult] {
	return usecase.Case[TrainQuery, *TrainResult]{
		Name: "release.train", Doc: "Take a release through the environments in their order",
		Effect: usecase.Runs, Reach: usecase.Anywhere, Needs: usecase.Promote,
		Do: train,
	}
}

func train(ctx context.Context, c *usecase.Call, q TrainQuery) (*TrainResult, error) {
	app, err := c.App(ctx)
	if err != nil {
		return nil, err
	}
	names, err := route(app, q.Environment)
	if err != nil {
		return nil, err
	}
	err = mayChange(app, q.Consent, func() (string, error) { return app.Engine.TrainDigest(ctx, q.Environment, q.Version) }, names...)
	if err != nil {
		return nil, err
	}
	app.Tidy()
	ended := listen(c)
	defer ended.stop()
	legs, err := ride(ctx, c, app, q)
	return &TrainResult{Version: q.Version, To: q.Environment, Legs: legs, Ended: ended.all, Undo: ended.undo}, err
}

// route are the environments on the way to one, with that one.
func route(app *usecase.App, to string) ([]string, error) {
	all, err := app.Engine.App.Route(to)
	var names []string
	for _, env := range all {
		names = append(names, env.Name)
	}
	return names, err
}

// ride takes the train, and goes on when it may for as long as the query waits,
// without holding anything meanwhile. It is bound to what a person agreed to when it
// begins.
func ride(ctx context.Context, c *usecase.Call, app *usecase.App, q TrainQuery) ([]engine.Leg, error) {
	req := engine.Request{Version: q.Version, Actor: c.Actor, Reason: q.SkipOrder, Override: q.Override, Agreed: q.Plan}
	end, again := time.Now().Add(time.Duration(q.Wait)), false
	for {
		was, err := app.Engine.Mark(ctx, q.Environment) // before it asks: what comes meanwhile is not missed
		if err != nil {
			return nil, err
		}
		legs, err := app.Engine.Train(ctx, q.Environment, req)
		if again {
			err = fault.Begun(err)
		}
		again, req.Agreed = true, ""
		left := time.Until(end)
		if !fault.Is(err, fault.Pending) || left <= 0 {
			return legs, err
		}
		c.Waiting(err.Error(), left)
		if err := app.Engine.Moved(ctx, q.Environment, was, left); err != nil {
			return legs, err
		}
	}
}

// TrainPlanQuery asks what a train would provision.
type TrainPlanQuery struct {
	Version     string `json:"version"`
	Environment string `json:"environment"`
}

// TrainPlanResult is the plan of each environment on the way.
type TrainPlanResult []usecase.Plan

func newTrainPlan() usecase.Case[TrainPlanQuery, TrainPlanResult] {
	return usecase.Case[TrainPlanQuery, TrainPlanResult]{
		Name: "release.train-plan", Doc: "Show what a train would provision in each environment, and change nothing",
		Effect: usecase.Reads, Reach: usecase.Anywhere, Needs: usecase.View,
		Do: trainPlan,
	}
}

func trainPlan(ctx context.Context, c *usecase.Call, q TrainPlanQuery) (TrainPlanResult, error) {
	app, err := c.App(ctx)
	if err != nil {
		return nil, err
	}
	names, err := route(app, q.Environment)
	if err != nil {
		return nil, err
	}
	plans := TrainPlanResult{}
	for _, name := range names {
		p, err := app.Engine.Propose(ctx, engine.Request{Verb: delivery.VerbProvision, Environment: name, Version: q.Version, Actor: c.Actor})
		if err != nil {
			return nil, err
		}
		plans = append(plans, usecase.Proposed(p))
	}
	return plans, nil
}
