package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"falkirk/internal/delivery"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/inspect"
)

func (f *face) historyCmd() *cobra.Command {
	var q inspect.HistoryQuery
	var steps bool
	cmd := &cobra.Command{
		Annotations: asks(f.Inspect.History.Entry()),
		Use:         "history [ENVIRONMENT]", Short: "Who did what, when, why, and how it ended",
		Example: "  falkirk history prd\n  falkirk history --release 1.4.0 --steps",
		Args:    atMostOne("ENVIRONMENT"), GroupID: "see", ValidArgsFunction: f.completeEnvironments,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, showNotes := f.held()
			q.Environment = strings.Join(args, "")
			all, err := usecase.Do(cmd.Context(), c, f.Inspect.History, q)
			if err != nil {
				return err
			}
			f.doc.Result = all
			err = f.text(func() { f.printHistory(all, steps) })
			showNotes()
			return err
		},
	}
	cmd.Flags().IntVar(&q.Limit, "limit", 20, "operations to show, newest first; 0 shows all")
	cmd.Flags().StringVar(&q.Release, "release", "", "only what was done with this `VERSION`")
	_ = cmd.RegisterFlagCompletionFunc("release", f.completeVersions)
	cmd.Flags().BoolVar(&steps, "steps", false, "show every step, every gate's answer, and what each place said it serves")
	return cmd
}

func (f *face) printHistory(all inspect.HistoryResult, steps bool) {
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

// reasons is why, as the person who asked said it.
func reasons(op delivery.Operation) string {
	if op.Override == "" {
		return op.Reason
	}
	return strings.TrimPrefix(op.Reason+"; freeze: "+op.Override, "; ")
}

func (f *face) printSteps(all inspect.HistoryResult) {
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
