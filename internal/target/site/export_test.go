package site_test

import (
	"context"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/test/emulators/python"
)

// script runs a phase as the plain commands that come to it.
func (w *world) script(phase delivery.Phase, version string, remove ...string) {
	w.t.Helper()
	p := w.placement(version)
	p.Remove = remove
	st, err := w.target.Observe(w.t.Context(), p)
	w.must(st, err)
	lines := []string{"set -eu"}
	for _, s := range w.target.Plan(phase, p, st) {
		more, err := w.target.Export(w.t.Context(), p, s)
		w.must(more, err)
		lines = append(lines, more...)
	}
	ctx, cancel := context.WithTimeout(w.t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh")
	cmd.Env = append(w.server.Env(), "PATH="+python.AWSFolder(w.t)+":/usr/bin:/bin")
	cmd.WaitDelay = time.Second
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n"))
	if out, err := cmd.CombinedOutput(); err != nil {
		w.t.Fatalf("%s %s as a script: %v\n%s\n%s", phase, version, err, out, strings.Join(lines, "\n"))
	}
}

// A plan done by hand, with the AWS CLI, comes to the same: Falkirk finds
// nothing to do after it.
func TestScripts(t *testing.T) {
	t.Parallel()
	w, cli := front(t)
	next := merge(second, map[string]string{"it's a $(name).33333333.js": "shell"})
	w.pack("1", first)
	w.pack("2", next)
	w.script(delivery.Provision, "1")
	if st := w.observe("1"); !slices.Equal(st.Ready, []string{"1"}) || len(w.target.Plan(delivery.Provision, w.placement("1"), st)) > 0 {
		t.Fatalf("after the script 1 is not ready: %+v", st)
	}
	w.script(delivery.Promote, "1")
	w.expect("the first release by scripts", first)
	w.expectIdle("1")
	for key, text := range first {
		w.witness(cli, key, text)
	}
	w.provision("2")
	w.script(delivery.Promote, "2")
	w.expectIdle("2")
	w.promote("1")
	w.expectIdle("1")
	w.promote("2")
	w.script(delivery.Prune, "", "1")
	w.expect("pruned by a script", next)
	w.expectIdle("2")
	if all := w.invalidated(cli); len(all) != 4 {
		t.Errorf("there were %d invalidations", len(all))
	}
}

func TestNoScriptWithoutABucket(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.located = false
	w.target = w.another()
	w.pack("1", first)
	p := w.placement("1")
	for _, s := range w.target.Plan(delivery.Provision, p, w.observe("1")) {
		if _, err := w.target.Export(t.Context(), p, s); !fault.Is(err, fault.Invalid) {
			t.Errorf("the files of this machine are copied by a script: %v", err)
		}
	}
}
