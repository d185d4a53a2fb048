package inspect

import (
	"context"
	"slices"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/usecase"
)

// HistoryQuery says which operations are wanted.
type HistoryQuery struct {
	Environment string `json:"environment,omitempty"` // with the decisions about the whole app; empty: all
	Release     string `json:"release,omitempty"`     // only what was done with this version
	Limit       int    `json:"limit,omitempty"`       // how many, newest first; 0: all
}

// HistoryResult is the operations, newest first.
type HistoryResult []PastOperation

// PastOperation is one operation as the ledger has it.
type PastOperation struct {
	Operation delivery.Operation `json:"operation"`
	Result    delivery.Result    `json:"result,omitempty"` // empty: under way, or its process died
	Error     string             `json:"error,omitempty"`
	Ended     *time.Time         `json:"ended,omitempty"`
	Steps     []StepDone         `json:"steps"`
	Gates     []Verdict          `json:"gates"`
	Hooks     []Verdict          `json:"hooks"`
	Served    []Served           `json:"served"`         // what each place served when it was asked from outside
	Warnings  []string           `json:"warnings"`       // and what was undone
	Undo      []delivery.Undo    `json:"undo,omitempty"` // of a run that failed: what was taken back, and what was not
	Approval  *delivery.Approval `json:"approval,omitempty"`
}

// StepDone is a step that was done.
type StepDone struct {
	At   time.Time     `json:"at"`
	Step delivery.Step `json:"step"`
	Note string        `json:"note,omitempty"`
}

// Verdict is what a gate or a hook said.
type Verdict struct {
	At      time.Time        `json:"at"`
	Gate    string           `json:"gate"`
	Where   string           `json:"where"`
	Verdict delivery.Verdict `json:"verdict"`
}

// Served is what a place served.
type Served struct {
	At time.Time `json:"at"`
	delivery.Serving
}

func newHistory() usecase.Case[HistoryQuery, HistoryResult] {
	return usecase.Case[HistoryQuery, HistoryResult]{
		Name: "inspect.history", Doc: "Show who did what, when, why, and how it ended",
		Effect: usecase.Reads, Reach: usecase.Anywhere, Needs: usecase.View,
		Do: history,
	}
}

func history(ctx context.Context, c *usecase.Call, q HistoryQuery) (HistoryResult, error) {
	app, err := c.App(ctx)
	if err != nil {
		return nil, err
	}
	names, err := app.StoredLedgers(ctx, q.Environment)
	if err != nil {
		return nil, err
	}
	ledgers := names
	if q.Environment != "" {
		ledgers = append(slices.Clone(names), delivery.Everywhere)
	}
	all := HistoryResult{}
	for _, name := range ledgers {
		some, err := pastOperations(ctx, app.Ledger(name), q)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	slices.SortStableFunc(all, func(a, b PastOperation) int { return b.Operation.At.Compare(a.Operation.At) })
	if q.Limit > 0 && len(all) > q.Limit {
		all = all[:q.Limit]
	}
	c.NoteOrphans(ctx, app, names...)
	return all, nil
}

// pastOperations groups the entries of a ledger by operation. It reads from the end,
// and no more than the limit needs.
func pastOperations(ctx context.Context, log usecase.Log, q HistoryQuery) ([]PastOperation, error) {
	entries := map[string][]delivery.Entry{} // by operation, newest first
	var ids []string                         // newest first
	begun := 0
	for e, err := range log.Back(ctx) {
		if err != nil {
			return nil, err
		}
		if q.Release != "" && e.Operation.Version != q.Release {
			continue
		}
		id := e.Operation.ID
		if entries[id] == nil {
			ids = append(ids, id)
		}
		entries[id] = append(entries[id], e)
		if e.Event == delivery.Opened || e.Event == delivery.Decided {
			begun++
		}
		if q.Limit > 0 && begun >= q.Limit && begun == len(ids) {
			break
		}
	}
	var all []PastOperation
	for _, id := range slices.Backward(ids) {
		all = append(all, pastOperation(entries[id]))
	}
	return all, nil
}

func pastOperation(newestFirst []delivery.Entry) PastOperation {
	p := PastOperation{
		Operation: newestFirst[0].Operation,
		Steps:     []StepDone{}, Gates: []Verdict{}, Hooks: []Verdict{}, Served: []Served{}, Warnings: []string{},
	}
	for _, e := range slices.Backward(newestFirst) {
		p.add(e)
	}
	return p
}

func (p *PastOperation) add(e delivery.Entry) {
	switch e.Event {
	case delivery.Did:
		if e.Step != nil {
			p.Steps = append(p.Steps, StepDone{At: e.At, Step: *e.Step, Note: e.Note})
		}
	case delivery.Asked:
		if e.Verdict != nil {
			p.Gates = append(p.Gates, Verdict{At: e.At, Gate: e.Gate, Where: e.Note, Verdict: *e.Verdict})
		}
	case delivery.Hooked:
		if e.Verdict != nil {
			p.Hooks = append(p.Hooks, Verdict{At: e.At, Gate: e.Gate, Where: e.Note, Verdict: *e.Verdict})
		}
	case delivery.Proved:
		if e.Serving != nil {
			p.Served = append(p.Served, Served{At: e.At, Serving: *e.Serving})
		}
	case delivery.Warned, delivery.Undone:
		p.Warnings = append(p.Warnings, e.Note)
		p.Undo = append(p.Undo, e.Undo...)
	case delivery.Decided:
		p.Result, p.Ended, p.Approval = delivery.ResultDone, &e.At, e.Approval
	case delivery.Closed, delivery.Taken:
		p.Result, p.Error, p.Ended = e.Result, e.Error, &e.At
	}
}
