package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
)

// happening is one operation as the ledger tells it.
type happening struct {
	Operation delivery.Operation `json:"operation"`
	Result    delivery.Result    `json:"result,omitempty"` // empty: under way, or its process died
	Error     string             `json:"error,omitempty"`
	Ended     *time.Time         `json:"ended,omitempty"`
	Steps     []step             `json:"steps"`
	Gates     []gate             `json:"gates"`
	Hooks     []gate             `json:"hooks"`
	Served    []served           `json:"served"`   // what each place said from outside
	Warnings  []string           `json:"warnings"` // and what was undone
	Approval  *delivery.Approval `json:"approval,omitempty"`
}

type served struct {
	At time.Time `json:"at"`
	delivery.Serving
}

type step struct {
	At   time.Time     `json:"at"`
	Step delivery.Step `json:"step"`
	Note string        `json:"note,omitempty"`
}

type gate struct {
	At      time.Time        `json:"at"`
	Gate    string           `json:"gate"`
	Where   string           `json:"where"`
	Verdict delivery.Verdict `json:"verdict"`
}

func (f *face) historyCmd() *cobra.Command {
	var limit int
	var steps bool
	cmd := &cobra.Command{
		Use: "history [ENVIRONMENT]", Short: "Who did what, when, and how it ended",
		Args: atMostOne("ENVIRONMENT"), GroupID: "see", ValidArgsFunction: f.completeEnvironments,
		RunE: func(cmd *cobra.Command, args []string) error {
			app, err := f.open(cmd.Context(), func(engine.Event) {})
			if err != nil {
				return err
			}
			all, err := histories(cmd.Context(), app, args, limit)
			if err != nil {
				return err
			}
			f.doc.Result = all
			return f.text(func() { f.printHistory(all, steps) })
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 20, "operations to show, newest first; 0 shows all")
	cmd.Flags().BoolVar(&steps, "steps", false, "show every step and every gate's answer")
	return cmd
}

func histories(ctx context.Context, app *App, only []string, limit int) ([]happening, error) {
	all := []happening{}
	for _, env := range append(slices.Clip(app.Engine.App.Environments), delivery.Environment{Name: delivery.Everywhere}) {
		if len(only) == 1 && env.Name != only[0] && env.Name != delivery.Everywhere {
			continue
		}
		hs, err := happenings(ctx, app.Ledger(env.Name))
		if err != nil {
			return nil, err
		}
		all = append(all, hs...)
	}
	if len(only) == 1 {
		if _, err := app.Engine.App.Environment(only[0]); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(all, func(a, b happening) int { return b.Operation.At.Compare(a.Operation.At) })
	if limit > 0 && len(all) > limit {
		all = all[:limit]
	}
	return all, nil
}

// happenings groups the entries of a ledger by operation.
func happenings(ctx context.Context, log Log) ([]happening, error) {
	var all []happening
	index := map[string]int{}
	for e, err := range log.Entries(ctx) {
		if err != nil {
			return nil, err
		}
		i, ok := index[e.Operation.ID]
		if !ok {
			i = len(all)
			index[e.Operation.ID] = i
			all = append(all, happening{Operation: e.Operation, Steps: []step{}, Gates: []gate{}, Hooks: []gate{}, Served: []served{}, Warnings: []string{}})
		}
		all[i].add(e)
	}
	return all, nil
}

func (h *happening) add(e delivery.Entry) {
	switch e.Event {
	case delivery.Did:
		if e.Step != nil {
			h.Steps = append(h.Steps, step{At: e.At, Step: *e.Step, Note: e.Note})
		}
	case delivery.Asked:
		if e.Verdict != nil {
			h.Gates = append(h.Gates, gate{At: e.At, Gate: e.Gate, Where: e.Note, Verdict: *e.Verdict})
		}
	case delivery.Hooked:
		if e.Verdict != nil {
			h.Hooks = append(h.Hooks, gate{At: e.At, Gate: e.Gate, Where: e.Note, Verdict: *e.Verdict})
		}
	case delivery.Proved:
		if e.Serving != nil {
			h.Served = append(h.Served, served{At: e.At, Serving: *e.Serving})
		}
	case delivery.Warned, delivery.Undone:
		h.Warnings = append(h.Warnings, e.Note)
	case delivery.Decided:
		h.Result, h.Ended, h.Approval = delivery.ResultDone, &e.At, e.Approval
	case delivery.Closed, delivery.Taken:
		h.Result, h.Error, h.Ended = e.Result, e.Error, &e.At
	}
}

func (f *face) printHistory(all []happening, steps bool) {
	if len(all) == 0 {
		fmt.Fprintln(f.Out, "nothing has happened yet")
		return
	}
	if steps {
		f.printSteps(all)
		return
	}
	rows := [][]string{{"WHEN", "ENVIRONMENT", "WHAT", "BY", "RESULT", "STEPS", "TOOK", "REASON"}}
	for _, h := range all {
		result, length := orDash(string(h.Result)), "-"
		if h.Ended != nil {
			length = took(h.Ended.Sub(h.Operation.At))
		}
		rows = append(rows, []string{
			moment(h.Operation.At), where(h.Operation), heading(h.Operation),
			h.Operation.Actor, result, fmt.Sprint(len(h.Steps)), length, orDash(reasons(h.Operation)),
		})
	}
	table(f.Out, rows)
}

// where is the environment of an operation, as people read it.
func where(op delivery.Operation) string {
	if op.Environment == delivery.Everywhere {
		return "(all)"
	}
	return op.Environment
}

// reasons is why, as whoever asked has said it.
func reasons(op delivery.Operation) string {
	if op.Override == "" {
		return op.Reason
	}
	return strings.TrimPrefix(op.Reason+"; freeze: "+op.Override, "; ")
}

func (f *face) printSteps(all []happening) {
	for i, h := range all {
		if i > 0 {
			fmt.Fprintln(f.Out)
		}
		fmt.Fprintf(f.Out, "%s  %s in %s by %s: %s\n", moment(h.Operation.At), heading(h.Operation),
			where(h.Operation), h.Operation.Actor, orDash(string(h.Result)))
		if r := reasons(h.Operation); r != "" {
			fmt.Fprintf(f.Out, "    reason: %s\n", r)
		}
		for _, w := range h.Warnings {
			fmt.Fprintf(f.Out, "    %s %s\n", f.paint(yellow, "note:"), w)
		}
		if h.Operation.Override != "" {
			fmt.Fprintf(f.Out, "    freeze set aside: %s\n", h.Operation.Override)
		}
		for _, s := range h.Steps {
			fmt.Fprintf(f.Out, "    %s %s %s: %s\n", f.sign(s.Step.Sign), s.Step.Place, s.Step.Component, s.Step.Summary)
		}
		for _, g := range h.Gates {
			fmt.Fprintf(f.Out, "    gate %s in %s is %s: %s\n", g.Gate, g.Where, g.Verdict.Answer, g.Verdict.Reason)
		}
		for _, k := range h.Hooks {
			fmt.Fprintf(f.Out, "    hook %s in %s passed\n", k.Gate, k.Where)
		}
		for _, s := range h.Served {
			fmt.Fprintf(f.Out, "    %s serves %s of %s\n", s.Place, orNothing(s.Version), s.Component)
		}
		if h.Error != "" {
			fmt.Fprintf(f.Out, "    %s %s\n", f.paint(red, "error:"), h.Error)
		}
	}
}
