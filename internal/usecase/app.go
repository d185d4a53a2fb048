package usecase

import (
	"context"
	"io"
	"iter"
	"time"

	"falkirk/internal/config"
	"falkirk/internal/delivery"
	"falkirk/internal/diff"
	"falkirk/internal/engine"
)

// Opener opens an app file; what happens in runs goes to report.
type Opener func(ctx context.Context, path string, report func(engine.Event)) (*App, error)

// App is an opened app file with everything that use cases need.
type App struct {
	File     *config.File
	Engine   *engine.Engine
	Releases Releases
	Blob     func(ctx context.Context, digest string) (io.ReadCloser, error) // proves the digest while it is read
	Ledger   func(environment string) Log
	Audit    func(ctx context.Context) (delivery.BlobProof, error) // reads every blob of the store
	// Ledgers are the environments that have a ledger, also those that the app file
	// no longer names; others are folders beside them that are no ledger.
	Ledgers   func(ctx context.Context) (names, others []string, err error)
	Packer    Packer
	Local     Local
	Differ    Differ
	Redact    func(string) string   // takes secrets out of a text
	Shown     func(names ...string) // notes names that Redact leaves
	Tidy      func()                // removes what killed commands have left in the store
	Flush     func() []string       // waits for notices to be sent, for some seconds at most, and says which were not
	TryNotice func(ctx context.Context, s delivery.NoticeSetting, actor string) error
	Logs      func(ctx context.Context, r LogRequest, w io.Writer) error
}

// Releases reads the store of releases.
type Releases interface {
	List(ctx context.Context, app string) ([]delivery.Release, error)
	Get(ctx context.Context, app, version string) (delivery.Release, error)
}

// Log is the ledger of one environment, or of the whole app.
type Log interface {
	Entries(ctx context.Context) iter.Seq2[delivery.Entry, error] // from the first to the last
	Back(ctx context.Context) iter.Seq2[delivery.Entry, error]    // from the last to the first
	Verify(ctx context.Context) (delivery.Proof, error)
	Anchor(ctx context.Context) (delivery.Anchor, error)
	Contains(ctx context.Context, a delivery.Anchor) (*delivery.Break, error) // nil: the entry is there
	Locks
}

// Locks shows and takes away the lock of an environment.
type Locks interface {
	Lock(ctx context.Context) (delivery.Lock, error)
	Steal(ctx context.Context, actor, reason string) (delivery.Lock, error)
}

// Packer packs the app. Its notes are warnings about the version.
type Packer func(ctx context.Context, r PackRequest) (p Packed, notes []string, err error)

// PackRequest asks for a release. An empty version is taken from git.
type PackRequest struct {
	Version string
	DryRun  bool
	Actor   string
	People  *engine.Decisions // what people decided; nil in a dry run
	Report  func(component string, p delivery.Progress)
}

// Packed is the release, and whether it is new.
type Packed struct {
	Release delivery.Release `json:"release"`
	Added   bool             `json:"added"`            // false: the same content was packed under this version before
	Bytes   int64            `json:"bytes,omitempty"`  // of a dry run: what the store does not have yet
	Healed  int              `json:"healed,omitempty"` // damaged blobs that were written again
	LeftOut []LeftOut        `json:"leftOut,omitempty"`
}

// LeftOut is a file or a folder that pack left out by itself.
type LeftOut struct {
	Component string `json:"component"`
	Path      string `json:"path"` // as seen from the component's folder
	Why       string `json:"why"`
}

// LogRequest asks for what a component printed.
type LogRequest struct {
	Environment string `json:"environment"`
	Component   string `json:"component"`
	Region      string `json:"region,omitempty"`  // empty: the first
	Version     string `json:"version,omitempty"` // empty: the live release
	Follow      bool   `json:"follow,omitempty"`  // go on until the call is ended
}

// Local steers the runtime on this machine.
type Local interface {
	Up(ctx context.Context, scope delivery.Scope) ([]Process, error)
	Down(ctx context.Context, scope delivery.Scope) ([]Process, error)
	Delete(ctx context.Context, scope delivery.Scope) error // of what is down
	List(ctx context.Context, scope delivery.Scope) ([]Process, error)
}

// Process is one release of a component in the local runtime.
type Process struct {
	Place     delivery.Place `json:"place"`
	Component string         `json:"component"`
	Kind      string         `json:"kind"` // image or site
	Version   string         `json:"version"`
	Live      bool           `json:"live"`
	State     string         `json:"state"` // healthy, unhealthy, unsupervised or down
	PID       int            `json:"pid"`   // 0: no process
	Port      int            `json:"port"`
	Since     time.Time      `json:"since,omitzero"`
	Restarts  int            `json:"restarts"`
	ProxyPort int            `json:"proxyPort"` // of the place
	Error     string         `json:"error,omitempty"`
}

// Differ fetches what a comparison needs.
type Differ interface {
	// Fill reads what is inside of the parts that differ.
	Fill(ctx context.Context, from, to *diff.Content) error
	Commits(ctx context.Context, from, to delivery.Source) diff.Commits
}
