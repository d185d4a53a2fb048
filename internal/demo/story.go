package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
)

// Stage is what the demo acts with; the wiring gives it.
type Stage struct {
	Folder string
	Self   string                  // this program, which is also the service
	Say    func(text string)       // a part of the story, of one or more lines
	Open   func() (*Actors, error) // reads the app file, which changes with each release
}

// Actors act on the app as it is in the folder now.
type Actors struct {
	Pack   func(ctx context.Context, version string) error
	Plan   func(ctx context.Context, r engine.Request) error // shows it
	Run    func(ctx context.Context, r engine.Request) (engine.Result, error)
	Train  func(ctx context.Context, to, version string) error
	Status func(ctx context.Context) ([]engine.Status, error)
}

// Report is how the story ended.
type Report struct {
	Environments []engine.Status
	Served       int64
	Failed       int64
	Rollback     time.Duration // the slowest that was seen
}

// story is one telling.
type story struct {
	Stage
	Report
	traffic *traffic
	acts    *Actors
}

// Tell goes through the life of three releases. Whatever is not as it should
// be is an error; the caller takes the app down.
func Tell(ctx context.Context, s Stage) (Report, error) {
	t := &story{Stage: s, traffic: newTraffic()}
	err := t.tell(ctx)
	t.traffic.end()
	t.Served, t.Failed = t.traffic.served.Load(), t.traffic.failed.Load()
	err = errors.Join(err, t.traffic.verdict())
	if t.acts != nil {
		var seeErr error
		t.Environments, seeErr = t.acts.Status(context.WithoutCancel(ctx))
		err = errors.Join(err, seeErr)
	}
	return t.Report, err
}

func (t *story) tell(ctx context.Context) error {
	first, second, slow := versions()
	for _, act := range []func(context.Context) error{
		func(ctx context.Context) error { return t.begin(ctx, first) },
		func(ctx context.Context) error { return t.upgrade(ctx, second) },
		func(ctx context.Context) error { return t.caught(ctx, slow, second) },
		func(ctx context.Context) error { return t.backAndForth(ctx, first, second) },
		t.prune,
	} {
		if err := ctx.Err(); err != nil {
			return fault.New(fault.Interrupted, "the demo was stopped")
		}
		if err := act(ctx); err != nil {
			return err
		}
	}
	return nil
}

// pack writes a version into the folder and packs it.
func (t *story) pack(ctx context.Context, v version) error {
	if err := v.write(t.Folder); err != nil {
		return fmt.Errorf("write the demo's app: %w", err)
	}
	acts, err := t.Open()
	if err != nil {
		return err
	}
	t.acts = acts
	return acts.Pack(ctx, v.Version)
}

func (t *story) begin(ctx context.Context, v version) error {
	t.Say("# An app of a web page and an HTTP service, in " + t.Folder)
	if err := link(t.Self, filepath.Join(t.Folder, "bin", "service")); err != nil {
		return fmt.Errorf("put the service into the demo's app: %w", err)
	}
	if err := v.write(t.Folder); err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(t.Folder, "falkirk.yml"))
	if err != nil {
		return err
	}
	t.Say("\n" + indent(string(text)))
	t.Say("# Pack once: " + v.Version + " is an immutable set of artifacts, addressed by digest")
	if err := t.pack(ctx, v); err != nil {
		return err
	}
	t.Say("\n# The train takes it through dev and sat to both regions of prd")
	t.traffic.allow(v.Version)
	if err := t.acts.Train(ctx, "prd", v.Version); err != nil {
		return err
	}
	places, err := t.addresses(ctx)
	if err != nil {
		return err
	}
	t.Say("\n# From here on clients read page, assets and service of both regions without a break")
	t.traffic.start(ctx, places, 3)
	return nil
}

func (t *story) upgrade(ctx context.Context, v version) error {
	t.Say("\n# " + v.Version + ": first the plan, then the upgrade under traffic")
	if err := t.pack(ctx, v); err != nil {
		return err
	}
	if err := t.acts.Plan(ctx, engine.Request{Verb: delivery.VerbProvision, Environment: "prd", Version: v.Version}); err != nil {
		return err
	}
	t.traffic.allow(v.Version)
	if err := t.acts.Train(ctx, "prd", v.Version); err != nil {
		return err
	}
	return t.expect(ctx, v.Version)
}

// caught promotes a release that is too slow: the gate must catch it, and prd
// must be on the release before.
func (t *story) caught(ctx context.Context, bad, before version) error {
	t.Say("\n# " + bad.Version + " is too slow. The gate after promote catches it, and both regions go back")
	if err := t.pack(ctx, bad); err != nil {
		return err
	}
	t.traffic.allow(bad.Version)
	err := t.acts.Train(ctx, "prd", bad.Version)
	if err == nil {
		return errors.New("the bad release went live: the gate did not catch it")
	}
	if !fault.Is(err, fault.Closed) {
		return err
	}
	if err := t.expect(ctx, before.Version); err != nil {
		return err
	}
	t.Say("  gate closed: as a command this ends with exit code 3. All of prd is on " + before.Version + " again")
	return nil
}

func (t *story) backAndForth(ctx context.Context, first, second version) error {
	t.Say("\n# A rollback is a promotion of the release before, which stands ready: it takes no time")
	began := time.Now()
	if _, err := t.acts.Run(ctx, engine.Request{Verb: delivery.VerbRollback, Environment: "prd"}); err != nil {
		return err
	}
	t.Rollback = time.Since(began)
	if err := t.expect(ctx, first.Version); err != nil {
		return err
	}
	t.Say(fmt.Sprintf("  prd is back on %s after %d ms. And forward again:", first.Version, t.Rollback.Milliseconds()))
	_, err := t.acts.Run(ctx, engine.Request{Verb: delivery.VerbPromote, Environment: "prd", Version: second.Version})
	if err != nil {
		return err
	}
	return t.expect(ctx, second.Version)
}

func (t *story) prune(ctx context.Context) error {
	t.Say("\n# Prune removes what is neither live nor kept: the bad release")
	_, _, slow := versions()
	if _, err := t.acts.Run(ctx, engine.Request{Verb: delivery.VerbPrune, Environment: "prd"}); err != nil {
		return err
	}
	t.traffic.stopped(slow.Version)
	all, err := t.acts.Status(ctx)
	if err != nil {
		return err
	}
	for _, c := range environment(all, "prd").Components {
		if slices.Contains(c.Ready, slow.Version) {
			return fmt.Errorf("%s of %s is still in %s after the prune", slow.Version, c.Component, c.Place)
		}
	}
	return nil
}

// expect fails unless all of prd is on a release.
func (t *story) expect(ctx context.Context, version string) error {
	all, err := t.acts.Status(ctx)
	if err != nil {
		return err
	}
	for _, c := range environment(all, "prd").Components {
		if c.Live != version {
			return fmt.Errorf("%s in %s is on %s and not on %s", c.Component, c.Place, c.Live, version)
		}
	}
	return nil
}

// addresses lists where the pages of prd are.
func (t *story) addresses(ctx context.Context) ([]string, error) {
	all, err := t.acts.Status(ctx)
	var urls []string
	for _, c := range environment(all, "prd").Components {
		if c.Component == "web" {
			urls = append(urls, c.URL)
		}
	}
	return urls, err
}

func environment(all []engine.Status, name string) engine.Status {
	for _, st := range all {
		if st.Environment == name {
			return st
		}
	}
	return engine.Status{}
}

// link puts a file at a place without copying it where the system allows.
func link(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	if os.Link(from, to) == nil {
		return nil
	}
	raw, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, raw, 0o755)
}

func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n    ") + "\n"
}
