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
and the next promote or converge takes note.`,
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
			c.doc.Result = script
			return c.text(func() { writeScript(c.plain, app.Engine.App, script) })
		},
	}
	c.toFlag(cmd)
	cmd.Flags().StringVar(&phase, "phase", "provision", "provision, promote or prune")
	_ = cmd.RegisterFlagCompletionFunc("phase", cobra.FixedCompletions([]string{"provision", "promote", "prune"}, cobra.ShellCompDirectiveNoFileComp)) // fails only for a flag that does not exist
	c.asideFlags(cmd)
	return cmd
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

const scriptHead = `#!/bin/sh
# %s in %s, as plain commands of the AWS CLI. Plan %s
# The ledger of falkirk does not learn of it.
set -eu

# assume ROLE [OPTION...] takes on a role for the rest of the subshell.
assume() {
  role=$1; shift
  set -- $(aws sts assume-role --role-arn "$role" --role-session-name falkirk-export "$@" \
    --query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]' --output text)
  export AWS_ACCESS_KEY_ID="$1" AWS_SECRET_ACCESS_KEY="$2" AWS_SESSION_TOKEN="$3"
}
`

// writeScript writes a script: a subshell for each place, as credentials must
// not outlive it.
func writeScript(w io.Writer, app delivery.App, s engine.Script) {
	fprintf(w, scriptHead, strings.TrimSpace(string(s.Plan.Phase)+" "+s.Plan.Version), s.Plan.Environment, s.Digest)
	for _, p := range s.Places {
		fprintf(w, "\n# %s\n", p.Place)
		if len(p.Commands) == 0 {
			fprintln(w, "# nothing to do")
			continue
		}
		fprintln(w, "(")
		for _, line := range reach(app, p.Place) {
			fprintln(w, block("  "+line))
		}
		for _, c := range p.Commands {
			fprintf(w, "\n  # %s: %s\n", c.Component, c.Summary)
			for _, line := range c.Lines {
				fprintln(w, block("  "+line))
			}
		}
		fprintln(w, ")")
	}
}

// reach are the commands that take on the roles of a place's account.
func reach(app delivery.App, p delivery.Place) []string {
	a, _ := app.Account(p.Account)
	lines := []string{"export AWS_REGION=" + p.Region + " AWS_DEFAULT_REGION=" + p.Region}
	if a.Endpoint != "" {
		lines = append(lines, "export AWS_ENDPOINT_URL="+a.Endpoint)
	}
	for _, role := range a.Via {
		lines = append(lines, "assume "+role)
	}
	if a.Role != "" {
		line := "assume " + a.Role
		if a.ExternalID != "" {
			line += ` --external-id "$EXTERNAL_ID"`
		}
		lines = append(lines, line)
	}
	return lines
}
