package inspect

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"falkirk/internal/delivery"
	"falkirk/internal/face/cli/ui"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/inspect"
)

// HistoryCmd is the command history.
func HistoryCmd(f *ui.Face) *cobra.Command {
	var q inspect.HistoryQuery
	var steps bool
	cmd := &cobra.Command{
		Annotations: ui.Asks(f.Inspect.History.Entry()),
		Use:         "history [ENVIRONMENT]", Short: "Who did what, when, why, and how it ended",
		Example: "  falkirk history prd\n  falkirk history --release 1.4.0 --steps",
		Args:    ui.AtMostOne("ENVIRONMENT"), GroupID: "see", ValidArgsFunction: f.CompleteEnvironments,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, showNotes := f.Held()
			q.Environment = strings.Join(args, "")
			all, err := usecase.Do(cmd.Context(), c, f.Inspect.History, q)
			if err != nil {
				return err
			}
			f.Doc.Result = all
			err = f.Text(func() { PrintHistory(f, all, steps) })
			showNotes()
			return err
		},
	}
	cmd.Flags().IntVar(&q.Limit, "limit", 20, "operations to show, newest first; 0 shows all")
	cmd.Flags().StringVar(&q.Release, "release", "", "only what was done with this `VERSION`")
	_ = cmd.RegisterFlagCompletionFunc("release", f.CompleteVersions)
	cmd.Flags().BoolVar(&steps, "steps", false, "show every step, every gate's answer, and what each place said it serves")
	return cmd
}

// PrintHistory prints operations, newest first; with steps also what each did.
func PrintHistory(f *ui.Face, all inspect.HistoryResult, steps bool) {
	if len(all) == 0 {
		ui.Fprintln(f.Out, "no operations yet")
		return
	}
	if steps {
		printSteps(f, all)
		return
	}
	rows := [][]string{{"WHEN", "ENVIRONMENT", "WHAT", "BY", "RESULT", "STEPS", "TOOK", "REASON"}}
	for _, h := range all {
		result, length := ui.OrDash(string(h.Result)), "-"
		if h.Ended != nil {
			length = ui.Took(h.Ended.Sub(h.Operation.At))
		}
		rows = append(rows, []string{
			ui.Moment(h.Operation.At), where(h.Operation), ui.Heading(h.Operation),
			h.Operation.Actor, result, fmt.Sprint(len(h.Steps)), length, ui.OrDash(reasons(h.Operation)),
		})
	}
	ui.Table(f.Out, rows)
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

func printSteps(f *ui.Face, all inspect.HistoryResult) {
	for i, h := range all {
		if i > 0 {
			ui.Fprintln(f.Out)
		}
		ui.Fprintf(f.Out, "%s  %s in %s by %s: %s\n", ui.Moment(h.Operation.At), ui.Heading(h.Operation),
			where(h.Operation), h.Operation.Actor, ui.OrDash(string(h.Result)))
		if r := h.Operation.Reason; r != "" {
			ui.Fprintf(f.Out, "    reason: %s\n", r)
		}
		if a := h.Approval; a != nil {
			ui.Fprintf(f.Out, "    %s\n", ui.Spoken(*a))
		}
		for _, w := range h.Warnings {
			ui.Fprintf(f.Out, "    %s %s\n", f.Paint(ui.Yellow, "note:"), w)
		}
		if h.Operation.Override != "" {
			ui.Fprintf(f.Out, "    freeze set aside: %s\n", h.Operation.Override)
		}
		for _, s := range h.Steps {
			ui.Fprintf(f.Out, "    %s %s %s: %s\n", f.Sign(s.Step.Sign), s.Step.Place, s.Step.Component, s.Step.Summary)
		}
		for _, g := range h.Gates {
			ui.Fprintf(f.Out, "    gate %s in %s is %s: %s\n", g.Gate, g.Where, g.Verdict.Answer, g.Verdict.Reason)
		}
		for _, k := range h.Hooks {
			ui.Fprintf(f.Out, "    hook %s in %s passed\n", k.Gate, k.Where)
		}
		for _, s := range h.Served {
			ui.Fprintf(f.Out, "    %s serves %s of %s\n", s.Place, ui.OrNothing(s.Version), s.Component)
		}
		if h.Error != "" {
			ui.Fprintf(f.Out, "    %s %s\n", f.Paint(ui.Red, "error:"), ui.Folded(h.Error))
		}
	}
}
