// Package ui is what the commands share: streams, flags, the JSON document, tables,
// progress, questions and completion.
package ui

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"falkirk/internal/config"
	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/face/document"
	"falkirk/internal/fault"
	"falkirk/internal/quote"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/decide"
	"falkirk/internal/usecase/image"
	"falkirk/internal/usecase/inspect"
	"falkirk/internal/usecase/project"
	"falkirk/internal/usecase/release"
	"falkirk/internal/usecase/setup"
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
	Open    usecase.Opener
	Files   func(a delivery.App) []config.Finding       // what does not fit between the app file and the files that it names
	Reach   func(path string) (*Accounts, error)        // reads an app file, and opens nothing that it names
	Redact  func(file *config.File) func(string) string // hides the secrets of an app file
	// Jobs opens the jobs of an app file, or of a file of jobs if the path is not empty.
	Jobs   func(file *config.File, path string) (*usecase.Jobs, error)
	Demo   func(ctx context.Context, d project.DemoRequest) (project.DemoReport, error)
	Hidden []Hidden // entry points of helper processes

	Inspect inspect.Room
	Decide  decide.Room
	Release release.Room
	Image   image.Room
	// SigningKey finds the SSH key at path, or the usual one of this machine.
	SigningKey func(ctx context.Context, path string) (SigningKey, error)
	// Via carries requests for use cases as JSON; nil: they are done as they are.
	Via func(c *usecase.Call) func(ctx context.Context, name string, query json.RawMessage) (json.RawMessage, error)

	Configs   func(ctx context.Context, r setup.ConfigsRequest) ([]setup.ConfigFile, error)
	Schedule  setup.Scheduler
	Function  setup.Functioner
	Decisions func(ctx context.Context, path string) (*engine.Decisions, error) // of an app file
	// JobDecisions are those that a file of jobs names; nil where it names no store.
	JobDecisions func(ctx context.Context, path string) (*engine.Decisions, error)
	Blueprints   []setup.Blueprint
	Getenv       func(string) (string, bool)
	Now          func() time.Time
	Actor        string // who is asking: user@host or the CI job
	Nameless     bool   // Actor is the number of a user without a name
}

// Hidden is an entry point that only Falkirk itself starts.
type Hidden struct {
	Name string
	Run  func(ctx context.Context, args []string) error
}

// Face is one call of the command line.
type Face struct {
	Wiring
	Streams
	AppFile        string   // --file
	JobsFile       string   // --jobs of a command about jobs of sync
	Args           []string // beside the flags
	Output         string   // --output
	Yes            bool     // --yes
	Quiet          bool     // --quiet
	Begun          bool     // the words were understood
	Doc            document.Document
	Compact        bool              // the document is one line, after lines of events
	people         *engine.Decisions // what holds a command back that writes; nil where nothing is asked
	Work           *fault.Work       // whether anything was changed
	Answer         int               // the code of a question that was answered; 0: that of done
	warned         bool              // of a development build
	Readers        *readers          // of Out and Err
	Inks           inks
	RawErr         io.Writer            // Err as it is, for what is drawn over
	WithoutSecrets func(string) string  // takes secrets out; nil until an app file is open
	Plain          io.Writer            // Out for JSON, and for documents that somebody applies: nothing is hidden there
	app            *usecase.App         // nil until an app file is open
	Flush          func() []string      // waits for notices; nil until an app file is open
	typed          *bufio.Reader        // over In, once something was asked
	Stopped        <-chan struct{}      // closed by an interrupt
	CutOff         bool                 // an interrupt came at a question
	drawn          atomic.Pointer[live] // what is drawn over now
}

// CheckOutput refuses an output that is not known.
func (f *Face) CheckOutput() error {
	if f.Output != "text" && f.Output != "json" {
		return fault.Hint(fault.New(fault.Invalid, "--output %q is not known", f.Output), "use text or json")
	}
	return nil
}

// IsJSON reports whether the result is printed as JSON.
func (f *Face) IsJSON() bool { return f.Output == "json" }

// Tell prints an error, what to do next, and how the command ended.
func (f *Face) Tell(err error) {
	Fprintf(f.Err, "%s %s\n", f.Paint(Red, "falkirk:"), Folded(fault.CleanAddresses(err.Error())))
	if hint := fault.HintOf(err); hint != "" {
		Fprintf(f.Err, "  next: %s\n", hint)
	}
	Fprintf(f.Err, "%s\n", lastLine(fault.ExitCode(err)))
}

// Waiting tells what a request waits for, and until when.
func (f *Face) Waiting(line string) {
	line = quote.Line(fault.CleanAddresses(line))
	if l := f.drawn.Load(); l != nil {
		l.print(line)
	} else if !f.Quiet {
		Fprintln(f.Err, line)
	}
}

// lastLine says how the command ended, so that nobody takes a failure for a
// success.
func lastLine(code int) string {
	for _, x := range fault.Exits() {
		if x.Code == code {
			return Sprintf("not done: %s (exit code %d)", x.Name, code)
		}
	}
	return Sprintf("not done (exit code %d)", code)
}

// Path is the app file: the flag, then the environment variable, then the
// nearest one from here upwards.
func (f *Face) Path() (string, error) {
	if f.AppFile != "" {
		return f.AppFile, nil
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

// Exactly takes n arguments, which names describes.
func Exactly(n int, names string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) == n {
			return nil
		}
		return fault.Hint(fault.New(fault.Invalid, "%s takes %s", c.CommandPath(), names), "%s --help", c.CommandPath())
	}
}

// AtMostOne takes one argument or none.
func AtMostOne(name string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) <= 1 {
			return nil
		}
		return fault.Hint(fault.New(fault.Invalid, "%s takes at most one %s", c.CommandPath(), name), "%s --help", c.CommandPath())
	}
}

// Accounts is what the commands work with that look after AWS accounts.
type Accounts struct {
	Falkirk string              // the version that the app file pins
	Redact  func(string) string // takes secrets out of a text
	usecase.Accounts
	Prepare setup.Preparer
}

// Version says which build this is.
type Version struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Modified bool   `json:"modified,omitempty"` // built from a work tree with changes
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// SigningKey is an SSH key of this machine.
type SigningKey struct {
	Public string // the line of its .pub file
	Path   string
	Sign   func(ctx context.Context, message, namespace string, tell io.Writer) (armored string, err error)
}
