// Package cli is the command line: flags in, an operation for the engine, text
// or JSON out, one exit code. It knows no kind of component, target or gate.
package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"falkirk/internal/config"
	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/face/document"
	"falkirk/internal/fault"
	"falkirk/internal/images"
	"falkirk/internal/network"
	"falkirk/internal/quote"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/inspect"
)

// Streams are where a command reads and writes. Results go to Out, everything
// about the run goes to Err.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	Terminal bool // Err is a terminal: progress may be drawn over
	Screen   bool // Out is a terminal: nothing that steers it may leave
	Ask      bool // In is a terminal: questions may be asked
	Color    bool
}

// Wiring is what the command line needs from the rest of the program.
type Wiring struct {
	Version Version
	Kinds   config.Kinds
	Open    Opener
	Files   func(a delivery.App) []config.Finding // what does not fit between the app file and the files that it names
	Reach   func(path string) (*Accounts, error)  // reads an app file, and opens nothing that it names
	Sync    func(r SyncRequest) (*Syncs, error)
	Images  func(r ImageRequest) (*images.Tool, error)
	Demo    func(ctx context.Context, d DemoRequest) (DemoReport, error)
	Hidden  []Hidden // entry points of helper processes

	Inspect inspect.Room
	// Via carries requests for use cases as JSON; nil: they are done as they are.
	Via func(c *usecase.Call) func(ctx context.Context, name string, query json.RawMessage) (json.RawMessage, error)

	Configs    func(ctx context.Context, r ConfigsRequest) ([]ConfigFile, error)
	Schedule   Scheduler
	Function   Functioner
	Decisions  func(ctx context.Context, path string) (*engine.Decisions, error) // of an app file
	Jobs       func(ctx context.Context, path string) (*engine.Decisions, error) // of a file of jobs; nil where it names no store
	Blueprints []Blueprint
	Getenv     func(string) (string, bool)
	Now        func() time.Time
	Actor      string // who is asking: user@host or the CI job
	Nameless   bool   // Actor is the number of a user without a name
}

// Hidden is an entry point that only Falkirk itself starts.
type Hidden struct {
	Name string
	Run  func(ctx context.Context, args []string) error
}

// face is one call of the command line.
type face struct {
	Wiring
	Streams
	file    string   // --file
	args    []string // beside the flags
	output  string   // --output
	yes     bool     // --yes
	quiet   bool     // --quiet
	begun   bool     // the words were understood
	doc     document.Document
	compact bool              // the document is one line, after lines of events
	people  *engine.Decisions // what holds a command back that writes; nil where nothing is asked
	work    *fault.Work       // whether anything was changed
	answer  int               // the code of a question that was answered; 0: that of done
	warned  bool              // of a development build
	readers *readers          // of Out and Err
	inks    inks
	screen  io.Writer            // Err as it is, for what is drawn over
	redact  func(string) string  // takes secrets out; nil until an app file is open
	plain   io.Writer            // Out for JSON, and for documents that somebody applies: nothing is hidden there
	app     *App                 // nil until an app file is open
	flush   func() []string      // waits for notices; nil until an app file is open
	typed   *bufio.Reader        // over In, once something was asked
	drawn   atomic.Pointer[live] // what is drawn over now
}

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
	if ctx.Err() != nil && err != nil && fault.KindOf(err) == fault.Internal && errors.Is(err, context.Canceled) {
		err = fault.New(fault.Interrupted, "%w", err)
	}
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

func (f *face) checkOutput() error {
	if f.output != "text" && f.output != "json" {
		return fault.Hint(fault.New(fault.Invalid, "--output %q is not known", f.output), "use text or json")
	}
	return nil
}

func (f *face) isJSON() bool { return f.output == "json" }

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

// tell prints an error, what to do next, and how the command ended.
func (f *face) tell(err error) {
	fprintf(f.Err, "%s %s\n", f.paint(red, "falkirk:"), folded(fault.CleanAddresses(err.Error())))
	if hint := fault.HintOf(err); hint != "" {
		fprintf(f.Err, "  next: %s\n", hint)
	}
	fprintf(f.Err, "%s\n", lastLine(fault.ExitCode(err)))
}

// waiting tells what a request waits for, and until when.
func (f *face) waiting(line string) {
	line = quote.Line(fault.CleanAddresses(line))
	if l := f.drawn.Load(); l != nil {
		l.print(line)
	} else if !f.quiet {
		fprintln(f.Err, line)
	}
}

// lastLine says how the command ended, so that nobody takes a failure for a
// success.
func lastLine(code int) string {
	for _, x := range fault.Exits() {
		if x.Code == code {
			return sprintf("not done: %s (exit code %d)", x.Name, code)
		}
	}
	return sprintf("not done (exit code %d)", code)
}

// path is the app file: the flag, then the environment variable, then the
// nearest one from here upwards.
func (f *face) path() (string, error) {
	if f.file != "" {
		return f.file, nil
	}
	if p, ok := f.Getenv("FALKIRK_FILE"); ok && p != "" {
		return p, nil
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the working folder: %w", err)
	}
	return config.Find(dir)
}

func exactly(n int, names string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) == n {
			return nil
		}
		return fault.Hint(fault.New(fault.Invalid, "%s takes %s", c.CommandPath(), names), "%s --help", c.CommandPath())
	}
}

func atMostOne(name string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) <= 1 {
			return nil
		}
		return fault.Hint(fault.New(fault.Invalid, "%s takes at most one %s", c.CommandPath(), name), "%s --help", c.CommandPath())
	}
}
