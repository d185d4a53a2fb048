// Package pack turns the components of an app into one release. It knows no
// environment and no kind of component; each kind has a folder below.
package pack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync"
	"time"

	"falkirk/internal/deflate"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Packer makes the artifact of one component. The same files give the same
// artifact on another machine and another day.
type Packer interface {
	// Pack reads below root, the folder of the app file, and reports progress.
	Pack(ctx context.Context, root string, c delivery.Component, report func(delivery.Progress)) (delivery.Artifact, error)
}

// Checker is a packer that can say, before anything is written, that what it reads is
// not there.
type Checker interface {
	Check(ctx context.Context, root string, c delivery.Component) error
}

// New makes the packer of a kind.
type New func(Kit) Packer

// Kit is what a packer works with.
type Kit struct {
	Store
	Deflate *deflate.Deflater      // compresses files, each once; may be nil
	Own     Own                    // what no artifact holds
	Left    func(path, why string) // is told what a packer leaves out by itself; may be nil
}

// Blob is a blob being written; its digest is known at the end.
type Blob = interface {
	io.Writer
	Commit(ctx context.Context) (digest string, size int64, err error)
	Discard()
}

// Store takes the bytes of artifacts, once per digest.
type Store interface {
	Has(ctx context.Context, digest string) (bool, error)
	Write(ctx context.Context) (Blob, error)
	WriteBytes(ctx context.Context, data []byte) (digest string, err error)
}

// Releases is the store of the manifests beside the bytes.
type Releases interface {
	Store
	Add(ctx context.Context, r delivery.Release) (stored delivery.Release, added bool, err error)
	Get(ctx context.Context, app, version string) (delivery.Release, error)
}

// Request says what to pack, and as what.
type Request struct {
	App      delivery.App
	Version  string
	Source   delivery.Source
	By       string // who packs
	Tool     string // falkirk's own version
	At       time.Time
	Packers  map[string]New // by kind of component
	Store    Releases
	Deflate  *deflate.Deflater                           // may be nil
	Parallel int                                         // components packed at once; 0 is one per core
	Report   func(component string, p delivery.Progress) // may be nil; called from several goroutines, one at a time
	Own      Own                                         // what no artifact holds
	Left     func(component, path, why string)           // is told what a packer leaves out by itself; as Report
	Publish  map[string]Publish                          // by kind of component, for those that are kept elsewhere besides
}

// Publish brings an artifact of a release that is stored to where else its
// component's settings want it. It is idempotent.
type Publish func(ctx context.Context, c delivery.Component, r delivery.Release) error

// Pack makes and stores a release: first all bytes, the manifest last, so an
// interrupted pack leaves no release. Packing the same content again changes
// nothing: the answer is the stored release and false.
func Pack(ctx context.Context, r Request) (release delivery.Release, added bool, err error) {
	if err := r.check(); err != nil {
		return delivery.Release{}, false, err
	}
	if r.isMissing(ctx) {
		// All mistakes are found with a store that is not written, so that a repeat ends in the same way.
		_, err := r.release(ctx, &dryStore{store: r.Store, missing: map[string]int64{}})
		if err != nil {
			return delivery.Release{}, false, err
		} // it is there now
	}
	release, err = r.release(ctx, r.Store)
	if err != nil {
		return delivery.Release{}, false, err
	}
	release, added, err = r.Store.Add(ctx, release)
	if err != nil {
		return delivery.Release{}, false, err
	}
	if err := r.publish(ctx, release); err != nil {
		err = fmt.Errorf("release %s is packed, but not published: %w", release.Version, err)
		return delivery.Release{}, false, err
	}
	return release, added, nil
}

// isMissing reports whether the input of a component is not there.
func (r Request) isMissing(ctx context.Context) bool {
	return slices.ContainsFunc(r.App.Components, func(c delivery.Component) bool {
		p, ok := r.Packers[c.Kind](Kit{}).(Checker)
		return ok && p.Check(ctx, r.App.Root, c) != nil
	})
}

// publish does so for every component of a kind that has it. One that fails does
// not stop the others.
func (r Request) publish(ctx context.Context, release delivery.Release) error {
	errs := make([]error, len(r.App.Components))
	var all sync.WaitGroup
	for i, c := range r.App.Components {
		do := r.Publish[c.Kind]
		if do == nil {
			continue
		}
		all.Go(func() {
			if err := do(ctx, c, release); err != nil {
				errs[i] = fmt.Errorf("publish component %s: %w", c.Name, err)
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

func (r Request) check() error {
	errs := []error{delivery.CheckVersion(r.Version)}
	if len(r.App.Components) == 0 {
		errs = append(errs, fault.New(fault.Invalid, "app %s has no component to pack", r.App.Name))
	}
	for _, c := range r.App.Components {
		if r.Packers[c.Kind] == nil {
			errs = append(errs, fault.New(fault.Invalid, "component %s: nothing here packs %q", c.Name, c.Kind))
		}
	}
	return errors.Join(errs...)
}

// release packs all components into store. One that fails does not stop the
// others, so that every mistake is reported at once.
func (r Request) release(ctx context.Context, store Store) (delivery.Release, error) {
	n := len(r.App.Components)
	artifacts, errs := make([]delivery.Artifact, n), make([]error, n)
	slots := make(chan struct{}, max(1, r.parallel()))
	var reporting sync.Mutex
	var all sync.WaitGroup
	for i, c := range r.App.Components {
		all.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			report := func(p delivery.Progress) {
				if r.Report == nil {
					return
				}
				reporting.Lock()
				defer reporting.Unlock()
				r.Report(c.Name, p)
			}
			left := func(path, why string) {
				if r.Left == nil {
					return
				}
				reporting.Lock()
				defer reporting.Unlock()
				r.Left(c.Name, path, why)
			}
			kit := Kit{Store: store, Deflate: r.Deflate, Own: r.Own, Left: left}
			artifacts[i], errs[i] = r.component(ctx, kit, c, report)
		})
	}
	all.Wait()
	if err := ctx.Err(); err != nil {
		return delivery.Release{}, fmt.Errorf("pack %s: %w", r.App.Name, err)
	}
	if err := errors.Join(errs...); err != nil {
		return delivery.Release{}, nextStep(err)
	}
	return delivery.Release{
		Schema: delivery.ReleaseSchema, App: r.App.Name, Version: r.Version, Artifacts: artifacts,
		Source: r.Source, PackedBy: r.By, PackedAt: r.At.UTC(), Tool: r.Tool,
	}, nil
}

func (r Request) component(ctx context.Context, kit Kit, c delivery.Component, report func(delivery.Progress)) (delivery.Artifact, error) {
	if err := ctx.Err(); err != nil {
		return delivery.Artifact{}, err
	}
	a, err := r.Packers[c.Kind](kit).Pack(ctx, r.App.Root, c, report)
	if err != nil {
		return delivery.Artifact{}, fmt.Errorf("pack component %s: %w", c.Name, err)
	}
	a.Component, a.Kind = c.Name, c.Kind
	return a, nil
}

func (r Request) parallel() int {
	if r.Parallel > 0 {
		return r.Parallel
	}
	return runtime.GOMAXPROCS(0)
}

// nextStep adds what to do about input that cannot be packed, where nothing nearer
// to the cause says it.
func nextStep(err error) error {
	if fault.KindOf(err) != fault.Invalid || fault.HintOf(err) != "" {
		return err
	}
	return fault.Hint(err, "correct the file or the component in the app file, then: falkirk pack")
}
