package pack_test

import (
	"context"
	"io/fs"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"falkirk/internal/bucket/file"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/pack"
	"falkirk/internal/release"
)

// word packs the name of a component, or fails where the name says so.
type word struct {
	store  pack.Store
	suffix string
}

func (w word) Pack(ctx context.Context, _ string, c delivery.Component, report func(delivery.Progress)) (delivery.Artifact, error) {
	report(delivery.Progress{Done: 1, Total: 1, Unit: "files"})
	if strings.HasPrefix(c.Name, "bad") {
		return delivery.Artifact{}, fault.New(fault.Invalid, "no %s today", c.Name)
	}
	digest, err := w.store.WriteBytes(ctx, []byte(c.Name+w.suffix))
	return delivery.Artifact{Digest: digest, Size: int64(len(c.Name))}, err
}

func request(t *testing.T, dir, suffix string, components ...string) pack.Request {
	t.Helper()
	r := pack.Request{
		App: delivery.App{Name: "shop"}, Version: "1.0", By: "ada", Tool: "test", At: time.Unix(1e9, 0),
		Packers: map[string]pack.New{"word": func(k pack.Kit) pack.Packer { return word{k.Store, suffix} }},
		Store:   release.New(file.New(dir)),
	}
	for _, name := range components {
		r.App.Components = append(r.App.Components, delivery.Component{Name: name, Kind: "word"})
	}
	return r
}

// files lists what a store holds.
func files(t *testing.T, dir string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			list = append(list, p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestPackKeepsTheOrderOfTheAppFile(t *testing.T) {
	t.Parallel()
	r := request(t, t.TempDir(), "", "web", "api", "docs")
	var reports atomic.Int64
	r.Report = func(string, delivery.Progress) { reports.Add(1) }
	got, added, err := pack.Pack(t.Context(), r)
	if err != nil || !added {
		t.Fatalf("added %v, %v", added, err)
	}
	var names []string
	for _, a := range got.Artifacts {
		names = append(names, a.Component+" "+a.Kind)
	}
	if diff := cmp.Diff([]string{"web word", "api word", "docs word"}, names); diff != "" {
		t.Error(diff)
	}
	if reports.Load() != 3 {
		t.Errorf("%d reports", reports.Load())
	}
	stored, err := r.Store.Get(t.Context(), "shop", "1.0")
	if diff := cmp.Diff(got, stored); diff != "" || err != nil {
		t.Errorf("stored (-packed +stored):\n%s%v", diff, err)
	}
	r.At, r.By = r.At.Add(time.Hour), "bob"
	again, added, err := pack.Pack(t.Context(), r)
	if diff := cmp.Diff(got, again); diff != "" || added || err != nil {
		t.Errorf("again: added %v, %v\n%s", added, err, diff)
	}
}

func TestPackReportsAllMistakesAndWritesNoRelease(t *testing.T) {
	t.Parallel()
	r := request(t, t.TempDir(), "", "bad1", "good", "bad2")
	_, added, err := pack.Pack(t.Context(), r)
	if added || !fault.Is(err, fault.Invalid) {
		t.Fatalf("added %v, %v", added, err)
	}
	for _, says := range []string{"pack component bad1: no bad1 today", "pack component bad2: no bad2 today"} {
		if !strings.Contains(err.Error(), says) {
			t.Errorf("%q does not say %q", err, says)
		}
	}
	if _, err := r.Store.Get(t.Context(), "shop", "1.0"); !fault.Is(err, fault.NotFound) {
		t.Errorf("there is a release: %v", err)
	}
	r.App.Components = append(r.App.Components, delivery.Component{Name: "x", Kind: "unheard"})
	r.Version = "no version"
	if _, _, err := pack.Pack(t.Context(), r); err == nil || !strings.Contains(err.Error(), "unheard") || !strings.Contains(err.Error(), "no version") {
		t.Errorf("unknown kind and bad version: %v", err)
	}
}

func TestPackThatIsInterruptedSaysSo(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := request(t, t.TempDir(), "", "web")
	if _, added, err := pack.Pack(ctx, r); added || !fault.Is(err, fault.Interrupted) {
		t.Errorf("added %v, %v", added, err)
	}
}

func TestPlanWritesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := request(t, dir, "", "web", "api")
	p, err := pack.Plan(t.Context(), r)
	if err != nil || !p.New || p.Blobs != 2 || p.Bytes != 6 {
		t.Fatalf("plan is %+v, %v", p, err)
	}
	if got := files(t, dir); len(got) > 0 {
		t.Errorf("plan wrote %v", got)
	}
	got, _, err := pack.Pack(t.Context(), r)
	if diff := cmp.Diff(p.Release, got); diff != "" || err != nil {
		t.Errorf("packed is not what was planned: %v\n%s", err, diff)
	}
	before := files(t, dir)
	if p, err = pack.Plan(t.Context(), r); err != nil || p.New || p.Bytes != 0 {
		t.Errorf("plan of what is there: %+v, %v", p, err)
	}
	if _, err = pack.Plan(t.Context(), request(t, dir, "!", "web", "api")); !fault.Is(err, fault.Conflict) {
		t.Errorf("plan of other content: %v", err)
	}
	if diff := cmp.Diff(before, files(t, dir)); diff != "" {
		t.Error(diff)
	}
}
