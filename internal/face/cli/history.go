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
	Served    []served           `json:"served"`         // what each place said from outside
	Warnings  []string           `json:"warnings"`       // and what was undone
	Undo      []delivery.Undo    `json:"undo,omitempty"` // of a run that failed: what was taken back, and what was not
	Approval  *delivery.Approval `json:"approval,omitempty"`

	entries []delivery.Entry // newest first
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

// asking is which operations of a history are wanted.
type asking struct {
	only    []string // an environment, or none
	release string   // "" is all
	limit   int      // 0 is all
}

func (f *face) historyCmd() *cobra.Command {
	var a asking
	var steps bool
	cmd := &cobra.Command{
		Annotations: does(EffectReads),
		Use:         "history [ENVIRONMENT]", Short: "Who did what, when, why, and how it ended",
		Example: "  falkirk history prd\n  falkirk history --release 1.4.0 --steps",
		Args:    atMostOne("ENVIRONMENT"), GroupID: "see", ValidArgsFunction: f.completeEnvironments,
		RunE: func(cmd *cobra.Command, args []string) error {
			app, err := f.open(cmd.Context(), func(engine.Event) {})
			if err != nil {
				return err
			}
			a.only = args
			all, err := histories(cmd.Context(), app, a)
			if err != nil {
				return err
			}
			f.doc.Result = all
			if err := f.text(func() { f.printHistory(all, steps) }); err != nil {
				return err
			}
			names, err := app.StoredLedgers(cmd.Context(), strings.Join(args, ""))
			f.noteOrphans(cmd.Context(), app, names...)
			return err
		},
	}
	cmd.Flags().IntVar(&a.limit, "limit", 20, "operations to show, newest first; 0 shows all")
	cmd.Flags().StringVar(&a.release, "release", "", "only what was done with this `VERSION`")
	_ = cmd.RegisterFlagCompletionFunc("release", f.completeVersions)
	cmd.Flags().BoolVar(&steps, "steps", false, "show every step, every gate's answer, and what each place said it serves")
	return cmd
}

// histories reads the ledgers of the environments asked for; decisions about the
// whole app belong to each.
func histories(ctx context.Context, app *App, a asking) ([]happening, error) {
	names, err := app.StoredLedgers(ctx, strings.Join(a.only, ""))
	if err != nil {
		return nil, err
	}
	if len(a.only) > 0 {
		names = append(names, delivery.Everywhere)
	}
	all := []happening{}
	for _, name := range names {
		hs, err := happenings(ctx, app.Ledger(name), a)
		if err != nil {
			return nil, err
		}
		all = append(all, hs...)
	}
	slices.SortStableFunc(all, func(a, b happening) int { return b.Operation.At.Compare(a.Operation.At) })
	if a.limit > 0 && len(all) > a.limit {
		all = all[:a.limit]
	}
	return all, nil
}

// happenings groups the entries of a ledger by operation, from its end and no
// further back than the limit asks for.
func happenings(ctx context.Context, log Log, a asking) ([]happening, error) {
	var all []*happening
	index := map[string]*happening{}
	begun := 0
	for e, err := range log.Back(ctx) {
		if err != nil {
			return nil, err
		}
		if a.release != "" && e.Operation.Version != a.release {
			continue
		}
		h, ok := index[e.Operation.ID]
		if !ok {
			h = &happening{Operation: e.Operation}
			index[e.Operation.ID], all = h, append(all, h)
		}
		h.entries = append(h.entries, e)
		if e.Event == delivery.Opened || e.Event == delivery.Decided {
			begun++
		}
		if a.limit > 0 && begun >= a.limit && begun == len(all) {
			break
		}
	}
	out := make([]happening, len(all))
	for i, h := range all {
		out[len(all)-1-i] = h.told()
	}
	return out, nil
}

// told is the happening with what its entries say.
func (h *happening) told() happening {
	out := happening{
		Operation: h.Operation, Steps: []step{}, Gates: []gate{}, Hooks: []gate{}, Served: []served{}, Warnings: []string{},
	}
	for _, e := range slices.Backward(h.entries) {
		out.add(e)
	}
	return out
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
		h.Undo = append(h.Undo, e.Undo...)
	case delivery.Decided:
		h.Result, h.Ended, h.Approval = delivery.ResultDone, &e.At, e.Approval
	case delivery.Closed, delivery.Taken:
		h.Result, h.Error, h.Ended = e.Result, e.Error, &e.At
	}
}

func (f *face) printHistory(all []happening, steps bool) {
	if len(all) == 0 {
		fprintln(f.Out, "no operations yet")
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
			fprintln(f.Out)
		}
		fprintf(f.Out, "%s  %s in %s by %s: %s\n", moment(h.Operation.At), heading(h.Operation),
			where(h.Operation), h.Operation.Actor, orDash(string(h.Result)))
		if r := h.Operation.Reason; r != "" {
			fprintf(f.Out, "    reason: %s\n", r)
		}
		if a := h.Approval; a != nil {
			fprintf(f.Out, "    %s\n", spoken(*a))
		}
		for _, w := range h.Warnings {
			fprintf(f.Out, "    %s %s\n", f.paint(yellow, "note:"), w)
		}
		if h.Operation.Override != "" {
			fprintf(f.Out, "    freeze set aside: %s\n", h.Operation.Override)
		}
		for _, s := range h.Steps {
			fprintf(f.Out, "    %s %s %s: %s\n", f.sign(s.Step.Sign), s.Step.Place, s.Step.Component, s.Step.Summary)
		}
		for _, g := range h.Gates {
			fprintf(f.Out, "    gate %s in %s is %s: %s\n", g.Gate, g.Where, g.Verdict.Answer, g.Verdict.Reason)
		}
		for _, k := range h.Hooks {
			fprintf(f.Out, "    hook %s in %s passed\n", k.Gate, k.Where)
		}
		for _, s := range h.Served {
			fprintf(f.Out, "    %s serves %s of %s\n", s.Place, orNothing(s.Version), s.Component)
		}
		if h.Error != "" {
			fprintf(f.Out, "    %s %s\n", f.paint(red, "error:"), folded(h.Error))
		}
	}
}
