package inspect

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"falkirk/internal/diff"
	"falkirk/internal/diff/page"
	"falkirk/internal/face/cli/ui"
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/inspect"
)

// comparing is one call of falkirk diff.
type comparing struct {
	*ui.Face
	format  string
	rows    int
	code    bool
	observe bool
}

// DiffCmd is the command diff.
func DiffCmd(f *ui.Face) *cobra.Command {
	c := &comparing{Face: f}
	cmd := &cobra.Command{
		Annotations: ui.Asks(f.Inspect.Diff.Entry()),
		Use:         "diff A [B]", Short: "What differs between releases, environments, or a release and what is live",
		Long: `Says what differs between A and B: components, files, bytes, digests, image
layers and configuration, and the commits between.

A and B are versions or environments; an environment stands for what is live
there. Where a name is both, write release:NAME or environment:NAME.

  two releases                   what becomes of A when it turns into B
  a release and an environment   what promoting the release would change there,
                                 in whichever order they are given
  two environments               what becomes of A's live release when it turns
                                 into B's, and what differs in their settings
  one environment                what promoting the release that is live in the
                                 environment before would change there

The exit code is 0 when there is no difference and 7 when there is one; an error
has the code that it has everywhere.`,
		Example: "  falkirk diff 1.3.2 1.4.0\n  falkirk diff 1.4.0 prd\n  falkirk diff prd --format markdown --exit-code=false",
		Args:    oneOrTwo, GroupID: "see", ValidArgsFunction: func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
			return completeSides(f, cmd, args, typed)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.run(cmd.Context(), cmd.Flags().Changed("format"), args)
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&c.format, "format", "text", "text, or markdown for the comment of a pull request")
	fl.IntVar(&c.rows, "files", 20, "files, commits and settings to show of each list; 0 shows all (JSON has all)")
	fl.BoolVar(&c.code, "exit-code", true, "exit with 7 when something differs; with =false that is 0, too")
	fl.BoolVar(&c.observe, "observe", false, "ask the places what is live, in place of the ledger")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"text", "markdown"}, cobra.ShellCompDirectiveNoFileComp)) // fails only for a flag that does not exist
	return cmd
}

func oneOrTwo(cmd *cobra.Command, args []string) error {
	if len(args) == 1 || len(args) == 2 {
		return nil
	}
	return fault.Hint(fault.New(fault.Invalid, "%s takes two releases or environments, or one environment", cmd.CommandPath()), "%s --help", cmd.CommandPath())
}

func (c *comparing) check(formatted bool) error {
	switch {
	case c.format != "text" && c.format != "markdown":
		return fault.Hint(fault.New(fault.Invalid, "--format %q is not known", c.format), "use text or markdown")
	case formatted && c.IsJSON():
		return fault.New(fault.Invalid, "--format does not go with --output json")
	case c.rows < 0:
		return fault.Hint(fault.New(fault.Invalid, "--files %d is less than nothing", c.rows), "0 shows all")
	}
	return nil
}

func (c *comparing) run(ctx context.Context, formatted bool, args []string) error {
	if err := c.check(formatted); err != nil {
		return err
	}
	q := inspect.DiffQuery{A: args[0], Observe: c.observe}
	if len(args) == 2 {
		q.B = args[1]
	}
	r, err := usecase.Do(ctx, c.Call(), c.Inspect.Diff, q)
	if err != nil {
		return err
	}
	c.Doc.Result = r
	if r.Different && c.code {
		c.Answer = fault.Different
	}
	return c.Text(func() { c.print(r) })
}

func (c *comparing) print(r diff.Report) {
	o := page.Options{Rows: c.rows, Clean: c.WithoutSecrets}
	if c.format == "markdown" {
		fmt.Fprint(c.Out, page.Markdown(r, o))
		return
	}
	o.Paint = c.Paint
	fmt.Fprint(c.Out, page.Text(r, o))
}

func completeSides(f *ui.Face, cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 1 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	envs, _ := f.CompleteEnvironments(cmd, nil, typed)
	versions, how := f.CompleteVersions(cmd, nil, typed)
	return append(envs, versions...), how
}
