// Package cli is the command line: flags in, an operation for the engine, text
// or JSON out, one exit code. It knows no kind of component, target or gate.
package cli

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"falkirk/internal/fault"
	"falkirk/internal/network"
	"falkirk/internal/usecase"
)

// Main runs one command and returns its exit code.
func Main(ctx context.Context, w Wiring, s Streams, args []string) int {
	f := &face{Wiring: w, Streams: s}
	f.screen, f.inks = s.Err, newInks()
	ctx, f.work = fault.Watch(f.watch(network.WithTeller(ctx, f.waiting)))
	f.plain = newDocumentBorder(f.Out, f.inks, f.isJSON, s.Screen)
	f.Out = newBorder(f.Out, f.inks, f.isJSON)
	f.Err = newBorder(f.Err, f.inks, func() bool { return false })
	defer f.readers.stop()
	root := f.root()
	f.prepare(root)
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil && !f.begun && fault.KindOf(err) == fault.Internal {
		// The words themselves were wrong: an unknown command, a flag that is missing.
		err = fault.Hint(fault.New(fault.Invalid, "%w", err), "%s --help", cmd.CommandPath())
	}
	err = usecase.Interrupted(ctx, err)
	return f.finish(cmd, f.work.Err(f.explain(ctx, cmd, err)))
}

func (f *face) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "falkirk",
		Short: "Takes a build from a laptop or CI to production: pack, provision, promote, prune",
		Long: `Falkirk takes a build from a laptop or CI to production, across accounts and
regions: pack, provision, promote, prune, with gates between environments.

Start with "falkirk demo", or with "falkirk init" in your own repository.`,
		SilenceErrors: true, SilenceUsage: true,
		PersistentPreRunE: func(c *cobra.Command, args []string) error {
			if err := checkGiven(c, args); err != nil {
				return err
			}
			f.begun, f.args = true, args
			if err := f.checkOutput(); err != nil {
				return err
			}
			return f.ask(c)
		},
	}
	root.SetOut(f.Out)
	root.SetErr(f.Err)
	p := root.PersistentFlags()
	p.StringVarP(&f.file, "file", "f", "", "the app file (default: falkirk.yml here or in a folder above; $FALKIRK_FILE)")
	p.StringVarP(&f.output, "output", "o", "text", "text or json")
	p.BoolVarP(&f.yes, "yes", "y", false, "do not ask before changing a protected environment")
	p.BoolVarP(&f.quiet, "quiet", "q", false, "no progress, only the result")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return fault.Hint(fault.New(fault.Invalid, "%w", err), "%s --help", c.CommandPath())
	})
	root.AddGroup(
		&cobra.Group{ID: "life", Title: "The life of a release:"},
		&cobra.Group{ID: "decide", Title: "What people decide:"},
		&cobra.Group{ID: "see", Title: "What is where:"},
		&cobra.Group{ID: "images", Title: "Images in registries:"},
		&cobra.Group{ID: "app", Title: "The app file:"})
	root.AddCommand(f.commands()...)
	f.completeByUse(root)
	for _, h := range f.Hidden {
		root.AddCommand(&cobra.Command{
			Use: h.Name, Hidden: true, DisableFlagParsing: true,
			RunE: func(c *cobra.Command, args []string) error { return h.Run(c.Context(), args) },
		})
	}
	return root
}

// commands lists every command, in the order of the help page.
func (f *face) commands() []*cobra.Command {
	return slices.Concat([]*cobra.Command{
		f.packCmd(), f.planCmd(), f.applyCmd(), f.provisionCmd(), f.promoteCmd(), f.rollbackCmd(), f.pruneCmd(), f.trainCmd(), f.convergeCmd(),
	}, f.decisionCmds(), []*cobra.Command{
		f.retireCmd(),
		f.approveCmd(), f.rejectCmd(), f.approvalsCmd(),
		f.lockCmd(),
		f.statusCmd(), f.exportCmd(), f.diffCmd(), f.whyCmd(), f.historyCmd(), f.verifyCmd(), f.doctorCmd(), f.noticesCmd(), f.calendarCmd(), f.releasesCmd(), f.fetchCmd(), f.logsCmd(), f.localCmd(),
		f.syncCmd(), f.imageCmd(),
		f.initCmd(), f.blueprintCmd(), f.createCmd(), f.deleteCmd(), f.configCmd(), f.schemaCmd(),
		f.demoCmd(), f.versionCmd(), f.referenceCmd(),
	})
}

// finish prints the error or the JSON document, once, and gives the exit code.
func (f *face) finish(cmd *cobra.Command, err error) int {
	f.warnUnsent()
	code := fault.ExitCode(err)
	if err == nil {
		code = f.answer
	}
	switch {
	case f.isJSON():
		f.doc.Command = cmd.CommandPath()
		f.doc.End(code, err)
		if err := f.doc.Write(f.plain, f.compact, f.redact); err != nil {
			f.readers.failed(err)
		}
	case err != nil:
		f.tell(err)
	}
	lost := f.readers.lost()
	if lost != nil && !fault.Is(lost, fault.Interrupted) {
		f.tell(lost)
	}
	if err == nil && lost != nil {
		code = fault.ExitCode(lost)
	}
	return code
}
