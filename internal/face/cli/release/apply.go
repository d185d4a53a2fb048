package release

import (
	"github.com/spf13/cobra"

	"falkirk/internal/face/cli/ui"
	"falkirk/internal/usecase/release"
)

// ApplyCmd is the command apply.
func ApplyCmd(f *ui.Face) *cobra.Command {
	c := &ui.Change{Face: f}
	cmd := &cobra.Command{
		Annotations: ui.Asks(f.Release.Apply.Entry()),
		Use:         "apply FILE",
		Short:       "Carry out a saved plan, if nothing has changed since it was made",
		Long: `Carries out a plan that "falkirk plan --save" wrote. If the app file, the release,
the environment or its ledger have changed since, the command names what has and
does nothing. A plan that was applied in part is finished by the same command.`,
		Example: "  falkirk plan 1.4.0 --to prd --phase promote --save p.json\n  falkirk apply p.json",
		Args:    ui.Exactly(1, "one FILE"), GroupID: "life",
		RunE: func(cmd *cobra.Command, args []string) error {
			saved, err := ui.ReadSaved(args[0])
			if err != nil {
				return err
			}
			return ui.Changed(cmd.Context(), c, f.Release.Apply, release.ApplyQuery{Consent: c.Flagged(), Saved: saved})
		},
	}
	cmd.Flags().BoolVar(&c.Follow, "follow", false, "with --output json: one line per event, then the document on a line")
	return cmd
}

func planShowCmd(f *ui.Face) *cobra.Command {
	return &cobra.Command{
		Annotations: ui.Does(ui.EffectReads),
		Use:         "show FILE", Short: "Show a saved plan", Args: ui.Exactly(1, "one FILE"),
		RunE: func(_ *cobra.Command, args []string) error {
			saved, err := ui.ReadSaved(args[0])
			if err != nil {
				return err
			}
			f.Doc.Result = saved
			return f.Text(func() {
				f.PrintPlan(saved.Plan, saved.Digest)
				ui.Fprintf(f.Out, "made by %s at %s; falkirk apply %s\n", saved.MadeBy, ui.Moment(saved.MadeAt), args[0])
			})
		},
	}
}
