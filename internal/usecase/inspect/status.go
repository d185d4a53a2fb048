package inspect

import (
	"context"
	"slices"

	"falkirk/internal/engine"
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
)

// StatusQuery asks for one environment, or for all.
type StatusQuery struct {
	Environment string `json:"environment,omitempty"`
	Drift       bool   `json:"drift,omitempty"` // each service looks for drift itself; it may take minutes
}

// StatusResult is every environment that was asked for. What could not be observed
// is said in it.
type StatusResult []engine.Status

func newStatus() usecase.Case[StatusQuery, StatusResult] {
	return usecase.Case[StatusQuery, StatusResult]{
		Name: "inspect.status", Doc: "Show what is live where, since when, by whom, what is ready, and drift",
		Effect: usecase.Reads, Reach: usecase.Anywhere, Needs: usecase.View,
		Do: status,
	}
}

func status(ctx context.Context, c *usecase.Call, q StatusQuery) (StatusResult, error) {
	app, err := c.App(ctx)
	if err != nil {
		return nil, err
	}
	look := app.Engine.Status
	if q.Drift {
		look = app.Engine.Inspect
	}
	all, err := look(ctx, q.Environment)
	all, err = app.WithRemoved(ctx, q.Environment, all, err)
	return append(StatusResult{}, all...), err
}

// IsSeen reports whether the ledger of every environment was read, so that only
// what is live somewhere could not be observed.
func (all StatusResult) IsSeen() bool {
	return len(all) > 0 && !slices.ContainsFunc(all, func(st engine.Status) bool { return st.Condition == "" })
}

// Code is the exit code of the worst condition: unknown before unsettled before
// partial before drift before an operation under way.
func (all StatusResult) Code() int {
	found := map[int]bool{}
	for _, st := range all {
		found[codeOf(st)] = true
		if len(st.Orphans) > 0 {
			found[fault.Different] = true // it is live, and the app file says that nothing is
		}
	}
	for _, code := range []int{fault.Unknown, fault.Unsettled, fault.Partial, fault.Different, fault.InUse} {
		if found[code] {
			return code
		}
	}
	return 0
}

func codeOf(st engine.Status) int {
	unseen := st.Error != "" || slices.ContainsFunc(st.Components, func(c engine.ComponentStatus) bool { return c.Error != "" })
	switch {
	case unseen || st.Condition == engine.Unknown:
		return fault.Unknown
	case st.Condition == engine.Running:
		return fault.InUse
	case st.Condition == engine.Partial && st.Unsettled:
		return fault.Unsettled
	case st.Condition == engine.Partial:
		return fault.Partial
	case st.Condition == engine.Drifted:
		return fault.Different
	}
	return 0
}
