package cli

import (
	"io"
	"strings"

	"github.com/spf13/cobra"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
)

func (f *face) exportCmd() *cobra.Command {
	c := &change{face: f}
	var phase string
	cmd := &cobra.Command{
		Annotations: does(EffectReads),
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
		Args:    atMostOne("VERSION"), ValidArgsFunction: f.completeVersions, GroupID: "see",
		RunE: func(cmd *cobra.Command, args []string) error {
			req := engine.Request{Verb: delivery.Verb(phase), Environment: c.to, Actor: c.Actor, Version: strings.Join(args, ""), Reason: c.skip, Override: c.freeze}
			if err := checkPhase(phase, args, "export"); err != nil {
				return err
			}
			app, err := c.open(cmd.Context(), func(engine.Event) {})
			if err != nil {
				return err
			}
			script, err := app.Engine.Export(cmd.Context(), req)
			if err != nil {
				return err
			}
			var text strings.Builder
			writeScript(&text, app.Engine.App, script)
			c.doc.Result = exported{script, text.String()}
			return c.text(func() { _, _ = io.WriteString(c.plain, text.String()) }) // a failure shows when the command ends
		},
	}
	c.toFlag(cmd)
	cmd.Flags().StringVar(&phase, "phase", "provision", "provision, promote or prune")
	_ = cmd.RegisterFlagCompletionFunc("phase", cobra.FixedCompletions([]string{"provision", "promote", "prune"}, cobra.ShellCompDirectiveNoFileComp)) // fails only for a flag that does not exist
	c.asideFlags(cmd)
	return cmd
}

// exported is the plan with its commands, and the script that has them all.
type exported struct {
	engine.Script
	Text string `json:"script"`
}

// checkPhase refuses what is no phase, and a version where there is none.
func checkPhase(phase string, args []string, command string) error {
	switch phase {
	case "provision", "promote":
		if len(args) == 0 {
			return fault.Hint(fault.New(fault.Invalid, "%s needs a VERSION", command), "falkirk releases lists them")
		}
	case "prune":
		if len(args) > 0 {
			return fault.Hint(fault.New(fault.Invalid, "a plan to prune takes no VERSION"), "leave the VERSION out")
		}
	default:
		return fault.Hint(fault.New(fault.Invalid, "--phase %q is not known", phase), "give --phase provision, --phase promote or --phase prune")
	}
	return nil
}
