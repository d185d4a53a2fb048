package release

import (
	"context"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
)

// RetireQuery says that nothing is live any more where the app file has nothing.
type RetireQuery struct {
	usecase.Consent
	Place     string `json:"place"` // as status shows it; an environment is every such place of it
	Component string `json:"component,omitempty"`
	Reason    string `json:"reason"`
	DryRun    bool   `json:"dryRun,omitempty"`
}

func newRetire() usecase.Case[RetireQuery, engine.Retired] {
	return usecase.Case[RetireQuery, engine.Retired]{
		Name: "release.retire", Doc: "Say that nothing is live any more in a place that the app file does not have",
		Effect: usecase.Decides, Reach: usecase.Anywhere, Needs: usecase.Decide,
		Do: retire,
	}
}

func retire(ctx context.Context, c *usecase.Call, q RetireQuery) (engine.Retired, error) {
	app, err := c.App(ctx)
	if err != nil {
		return engine.Retired{}, err
	}
	r := engine.Retirement{
		Scope: delivery.Scope{Place: q.Place, Component: q.Component}, Actor: c.Actor, Reason: q.Reason, DryRun: true, Agreed: q.Plan,
	}
	found, err := app.Engine.Retire(ctx, r)
	if err != nil {
		return engine.Retired{}, err
	}
	if err := stillRuns(ctx, app, r.Scope); err != nil {
		return engine.Retired{}, err
	}
	if q.DryRun {
		return found, nil
	}
	if err := mayRetire(q, found); err != nil {
		return engine.Retired{}, err
	}
	if err := deleteHere(ctx, app, r.Scope); err != nil {
		return engine.Retired{}, err
	}
	r.DryRun = false
	done, err := app.Engine.Retire(ctx, r)
	if err != nil {
		return engine.Retired{}, err
	}
	return done, nil
}

// stillRuns refuses what still runs on the machine of the app file.
func stillRuns(ctx context.Context, app *usecase.App, s delivery.Scope) error {
	here, err := app.Local.List(ctx, s)
	if err != nil {
		return err
	}
	for _, p := range here {
		if !app.Engine.App.Has(p.Place, p.Component) && p.State != "down" {
			err := fault.New(fault.Refused, "%s in %s still runs on this machine", p.Component, p.Place)
			return fault.Hint(err, "falkirk local down %s", app.ScopeOf(p.Place, p.Component))
		}
	}
	return nil
}

// mayRetire asks for consent wherever the environment is protected or not: what is
// there must have been removed before, and only a person knows that.
func mayRetire(q RetireQuery, found engine.Retired) error {
	if q.Yes || q.Plan != "" || len(found.Retired) == 0 {
		return nil
	}
	return &usecase.ConsentError{
		Environments: []string{q.Place}, Plan: found.Digest(),
		Reason: "only the record changes, for " + fault.Count(len(found.Retired), "component", "components") + ": what is there must be removed before",
	}
}

// deleteHere deletes what the machine of the app file keeps of what is retired, so
// that nothing starts it again.
func deleteHere(ctx context.Context, app *usecase.App, s delivery.Scope) error {
	here, err := app.Local.List(ctx, s)
	for _, p := range here {
		if err == nil && !app.Engine.App.Has(p.Place, p.Component) {
			err = app.Local.Delete(ctx, delivery.Scope{Place: p.Place.String(), Component: p.Component})
		}
	}
	return err
}
