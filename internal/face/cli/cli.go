// Package cli is the command line: the list of commands, one exit code, and the
// answer as text or JSON. Its commands are in rooms with the names of those of usecase.
package cli

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	decidecmd "falkirk/internal/face/cli/decide"
	imagecmd "falkirk/internal/face/cli/image"
	inspectcmd "falkirk/internal/face/cli/inspect"
	projectcmd "falkirk/internal/face/cli/project"
	releasecmd "falkirk/internal/face/cli/release"
	setupcmd "falkirk/internal/face/cli/setup"
	"falkirk/internal/face/cli/ui"
	"falkirk/internal/fault"
	"falkirk/internal/network"
	"falkirk/internal/usecase"
)

// Main runs one command and returns its exit code.
func Main(ctx context.Context, w ui.Wiring, s ui.Streams, args []string) int {
	f := &ui.Face{Wiring: w, Streams: s}
	f.RawErr, f.Inks = s.Err, ui.NewInks()
	ctx, f.Work = fault.Watch(f.Watch(network.WithTeller(ctx, f.Waiting)))
	f.Plain = ui.NewDocumentBorder(f.Out, f.Inks, f.IsJSON, s.Screen)
	f.Out = ui.NewBorder(f.Out, f.Inks, f.IsJSON)
	f.Err = ui.NewBorder(f.Err, f.Inks, func() bool { return false })
	defer f.Readers.Stop()
	f.Stopped = ctx.Done()
	root := root(f)
	prepare(f, root)
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil && !f.Begun && fault.KindOf(err) == fault.Internal {
		// The words themselves were wrong: an unknown command, a flag that is missing.
		err = fault.Hint(fault.New(fault.Invalid, "%w", err), "%s --help", cmd.CommandPath())
	}
	err = usecase.Interrupted(ctx, err)
	if f.CutOff && err != nil {
		err = fault.New(fault.Interrupted, "stopped at the question: %w", err)
	}
	return finish(f, cmd, f.Work.Err(f.Explain(ctx, cmd, err)))
}

func root(f *ui.Face) *cobra.Command {
	root := &cobra.Command{
		Use:   "falkirk",
		Short: "Takes a build from a laptop or CI to production: pack, provision, promote, prune",
		Long: `Falkirk takes a build from a laptop or CI to production, across accounts and
regions: pack, provision, promote, prune, with gates between environments.

Start with "falkirk demo", or with "falkirk init" in your own repository.`,
		SilenceErrors: true, SilenceUsage: true,
		PersistentPreRunE: func(c *cobra.Command, args []string) error {
			if err := ui.CheckGiven(c, args); err != nil {
				return err
			}
			f.Begun, f.Args = true, args
			if err := f.CheckOutput(); err != nil {
				return err
			}
			return f.AskRules(c)
		},
	}
	root.SetOut(f.Out)
	root.SetErr(f.Err)
	p := root.PersistentFlags()
	p.StringVarP(&f.AppFile, "file", "f", "", "the app file (default: falkirk.yml here or in a folder above; $FALKIRK_FILE)")
	p.StringVarP(&f.Output, "output", "o", "text", "text or json")
	p.BoolVarP(&f.Yes, "yes", "y", false, "do not ask before changing a protected environment")
	p.BoolVarP(&f.Quiet, "quiet", "q", false, "no progress, only the result")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return fault.Hint(fault.New(fault.Invalid, "%w", err), "%s --help", c.CommandPath())
	})
	root.AddGroup(
		&cobra.Group{ID: "life", Title: "The life of a release:"},
		&cobra.Group{ID: "decide", Title: "What people decide:"},
		&cobra.Group{ID: "see", Title: "What is where:"},
		&cobra.Group{ID: "images", Title: "Images in registries:"},
		&cobra.Group{ID: "app", Title: "The app file:"})
	root.AddCommand(commands(f)...)
	completeByUse(f, root)
	for _, h := range f.Hidden {
		root.AddCommand(&cobra.Command{
			Use: h.Name, Hidden: true, DisableFlagParsing: true,
			RunE: func(c *cobra.Command, args []string) error { return h.Run(c.Context(), args) },
		})
	}
	return root
}

// commands lists every command, in the order of the help page.
func commands(f *ui.Face) []*cobra.Command {
	return slices.Concat([]*cobra.Command{
		releasecmd.PackCmd(f), releasecmd.PlanCmd(f), releasecmd.ApplyCmd(f), releasecmd.ProvisionCmd(f), releasecmd.PromoteCmd(f), releasecmd.RollbackCmd(f), releasecmd.PruneCmd(f), releasecmd.TrainCmd(f), releasecmd.ConvergeCmd(f),
	}, decidecmd.DecisionCmds(f), []*cobra.Command{
		releasecmd.RetireCmd(f),
		decidecmd.ApproveCmd(f), decidecmd.RejectCmd(f), decidecmd.ApprovalsCmd(f),
		decidecmd.LockCmd(f),
		inspectcmd.StatusCmd(f), inspectcmd.ExportCmd(f), inspectcmd.DiffCmd(f), inspectcmd.WhyCmd(f), inspectcmd.HistoryCmd(f), inspectcmd.VerifyCmd(f), setupcmd.DoctorCmd(f), inspectcmd.NoticesCmd(f), inspectcmd.CalendarCmd(f), releasecmd.ReleasesCmd(f), releasecmd.FetchCmd(f), inspectcmd.LogsCmd(f), inspectcmd.LocalCmd(f),
		imagecmd.SyncCmd(f), imagecmd.ImageCmd(f),
		projectcmd.InitCmd(f), setupcmd.BlueprintCmd(f), setupcmd.CreateCmd(f), setupcmd.DeleteCmd(f), projectcmd.ConfigCmd(f), projectcmd.SchemaCmd(f),
		projectcmd.DemoCmd(f), projectcmd.VersionCmd(f), referenceCmd(f),
	})
}

// finish prints the error or the JSON document, once, and gives the exit code.
func finish(f *ui.Face, cmd *cobra.Command, err error) int {
	inspectcmd.WarnUnsent(f)
	code := fault.ExitCode(err)
	if err == nil {
		code = f.Answer
	}
	switch {
	case f.IsJSON():
		f.Doc.Command = cmd.CommandPath()
		f.Doc.End(code, err)
		if err := f.Doc.Write(f.Plain, f.Compact, f.WithoutSecrets); err != nil {
			f.Readers.Failed(err)
		}
	case err != nil:
		f.Tell(err)
	}
	lost := f.Readers.Lost()
	if lost != nil && !fault.Is(lost, fault.Interrupted) {
		f.Tell(lost)
	}
	if err == nil && lost != nil {
		code = fault.ExitCode(lost)
	}
	return code
}
