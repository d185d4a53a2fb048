package inspect

import (
	"io"
	"strings"

	"github.com/spf13/cobra"

	"falkirk/internal/face/cli/ui"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/inspect"
)

// ExportCmd is the command export.
func ExportCmd(f *ui.Face) *cobra.Command {
	c := &ui.Change{Face: f}
	var phase string
	cmd := &cobra.Command{
		Annotations: ui.Asks(f.Inspect.Export.Entry()),
		Use:         "export [VERSION] --to ENVIRONMENT",
		Short:       "Write a plan as a shell script of plain aws commands",
		Long: `Writes what provision, promote or prune would do now as a POSIX shell script that
needs the AWS CLI and no Falkirk: to read, to keep, or for the day on which Falkirk
cannot run. What the script changes is not in the ledger; falkirk status shows it,
and the next promote or converge takes note.

A parameter of a stack and an externalId that come from ${env:NAME} are not in the
script: it reads NAME from its environment. It changes nothing where NAME is not set,
or has another value than now, by a checksum of 16 bits.`,
		Example: "  falkirk export 1.4.0 --to prd --phase promote > promote.sh",
		Args:    ui.AtMostOne("VERSION"), ValidArgsFunction: f.CompleteVersions, GroupID: "see",
		RunE: func(cmd *cobra.Command, args []string) error {
			q := inspect.ExportQuery{Phase: phase, Version: strings.Join(args, ""), Environment: c.To, SkipOrder: c.Skip, Override: c.Freeze}
			script, err := usecase.Do(cmd.Context(), f.Call(), f.Inspect.Export, q)
			if err != nil {
				return err
			}
			f.Doc.Result = script
			return f.Text(func() { _, _ = io.WriteString(f.Plain, script.Text) }) // a failure shows when the command ends
		},
	}
	c.ToFlag(cmd)
	cmd.Flags().StringVar(&phase, "phase", "provision", "provision, promote or prune")
	_ = cmd.RegisterFlagCompletionFunc("phase", cobra.FixedCompletions([]string{"provision", "promote", "prune"}, cobra.ShellCompDirectiveNoFileComp)) // fails only for a flag that does not exist
	c.AsideFlags(cmd)
	return cmd
}
