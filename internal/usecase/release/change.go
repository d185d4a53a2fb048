package release

import (
	"context"
	"sync"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/usecase"
)

// ChangeResult is what became of an operation, also of one that failed. It is nil
// where none was begun: the request was refused, or a person must agree first.
type ChangeResult struct {
	Operation delivery.Operation  `json:"operation"`
	Changed   bool                `json:"changed"`
	Steps     int                 `json:"steps"`
	Result    delivery.Result     `json:"result,omitempty"`
	Standing  []delivery.Standing `json:"standing"`
	Undo      []delivery.Undo     `json:"undo,omitempty"` // of a run that failed: what was taken back, and what was not
}

// change carries out one request for an environment.
func change(ctx context.Context, c *usecase.Call, agreed usecase.Consent, req engine.Request) (*ChangeResult, error) {
	app, err := c.App(ctx)
	if err != nil {
		return nil, err
	}
	req.Actor = c.Actor
	err = mayChange(app, agreed, func() (string, error) {
		_, digest, err := app.Engine.Preview(ctx, req)
		return digest, err
	}, req.Environment)
	if err != nil {
		return nil, err
	}
	req.Agreed = agreed.Plan
	return carryOut(c, app, func() (engine.Result, error) { return app.Engine.Run(ctx, req) })
}

// mayChange asks whether a person must agree first. A digest that the request names
// is compared by the engine, which looks at what is there anyway.
func mayChange(app *usecase.App, agreed usecase.Consent, digest func() (string, error), environments ...string) error {
	protected, err := app.Protected(environments...)
	if err != nil || agreed.Plan != "" {
		return err
	}
	return agreed.Check(protected, digest)
}

// carryOut runs one operation and gathers how it ended.
func carryOut(c *usecase.Call, app *usecase.App, run func() (engine.Result, error)) (*ChangeResult, error) {
	app.Tidy()
	ended := listen(c)
	defer ended.stop()
	res, err := run()
	return ended.result(res), err
}

// endings gathers from the events of runs how they ended.
type endings struct {
	stop func()
	mu   sync.Mutex
	all  []engine.Event
	undo []delivery.Undo // of the last run that failed
}

func listen(c *usecase.Call) *endings {
	e := &endings{all: []engine.Event{}}
	e.stop = c.Hear(e.hear)
	return e
}

func (e *endings) hear(ev usecase.Event) {
	if ev.Run == nil {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	switch ev.Run.Kind {
	case engine.Ended:
		e.all = append(e.all, *ev.Run)
	case engine.Undone:
		e.undo = ev.Run.Undo
	}
}

// result is the end of the one operation. An error has no engine.Result, and the
// event has all that is known.
func (e *endings) result(res engine.Result) *ChangeResult {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := &ChangeResult{Operation: res.Operation, Changed: res.Changed, Steps: res.Steps, Standing: res.Standing, Undo: e.undo}
	if n := len(e.all); n > 0 {
		last := e.all[n-1]
		out.Operation, out.Result, out.Standing = last.Operation, last.Result, last.Standing
	}
	if out.Standing == nil {
		out.Standing = []delivery.Standing{}
	}
	return out
}
