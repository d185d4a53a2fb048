package cli

import (
	"github.com/spf13/cobra"

	"falkirk/internal/usecase/release"
)

func (f *face) applyCmd() *cobra.Command {
	c := &change{face: f}
	cmd := &cobra.Command{
		Annotations: asks(f.Release.Apply.Entry()),
		Use:         "apply FILE",
		Short:       "Carry out a saved plan, if nothing has changed since it was made",
		Long: `Carries out a plan that "falkirk plan --save" wrote. If the app file, the release,
the environment or its ledger have changed since, the command names what has and
does nothing. A plan that was applied in part is finished by the same command.`,
		Example: "  falkirk plan 1.4.0 --to prd --phase promote --save p.json\n  falkirk apply p.json",
		Args:    exactly(1, "one FILE"), GroupID: "life",
		RunE: func(cmd *cobra.Command, args []string) error {
			saved, err := readSaved(args[0])
			if err != nil {
				return err
			}
			return changed(cmd.Context(), c, f.Release.Apply, release.ApplyQuery{Consent: c.flagged(), Saved: saved})
		},
	}
	cmd.Flags().BoolVar(&c.follow, "follow", false, "with --output json: one line per event, then the document on a line")
	return cmd
}

func (f *face) planShowCmd() *cobra.Command {
	return &cobra.Command{
		Annotations: does(EffectReads),
		Use:         "show FILE", Short: "Show a saved plan", Args: exactly(1, "one FILE"),
		RunE: func(_ *cobra.Command, args []string) error {
			saved, err := readSaved(args[0])
			if err != nil {
				return err
			}
			f.doc.Result = saved
			return f.text(func() {
				f.printPlan(saved.Plan, saved.Digest)
				fprintf(f.Out, "made by %s at %s; falkirk apply %s\n", saved.MadeBy, moment(saved.MadeAt), args[0])
			})
		},
	}
}
