package decide

import (
	"context"

	"falkirk/internal/delivery"
	"falkirk/internal/usecase"
)

// ApprovalsQuery asks for one environment, or for all.
type ApprovalsQuery struct {
	Environment string `json:"environment,omitempty"`
}

// ApprovalsResult is every approval and rejection in the ledgers, oldest first in each.
type ApprovalsResult []Recorded

// Recorded is one approval or rejection, and the text that is signed.
type Recorded struct {
	delivery.Signed
	Message string `json:"message"`
}

func newApprovals() usecase.Case[ApprovalsQuery, ApprovalsResult] {
	return usecase.Case[ApprovalsQuery, ApprovalsResult]{
		Name: "decide.approvals", Doc: "List who approved or rejected which plan, and what was signed",
		Effect: usecase.Reads, Reach: usecase.Anywhere, Needs: usecase.View,
		Do: approvals,
	}
}

func approvals(ctx context.Context, c *usecase.Call, q ApprovalsQuery) (ApprovalsResult, error) {
	app, err := c.App(ctx)
	if err != nil {
		return nil, err
	}
	environments, err := chosen(app, q.Environment)
	if err != nil {
		return nil, err
	}
	all := ApprovalsResult{}
	for _, env := range environments {
		for e, err := range app.Ledger(env.Name).Entries(ctx) {
			if err != nil {
				return all, err
			}
			if e.Event == delivery.Decided && e.Approval != nil {
				s := delivery.Signed{Approval: *e.Approval, Operation: e.Operation.ID, Actor: e.Operation.Actor}
				all = append(all, Recorded{s, s.Message()})
			}
		}
	}
	return all, nil
}

// chosen is the environment that is asked for, or all.
func chosen(app *usecase.App, only string) ([]delivery.Environment, error) {
	if only == "" {
		return app.Engine.App.Environments, nil
	}
	env, err := app.Engine.App.Environment(only)
	return []delivery.Environment{env}, err
}
