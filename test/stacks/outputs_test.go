package stacks

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
	"falkirk/test/chaos"
	"falkirk/test/emulators"
	"falkirk/test/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

// pair is a, which refers to an output of z.
func pair(t *testing.T, server *emulators.Server, name, whenZ string) *world {
	t.Helper()
	z := &node{when: whenZ, local: "z", out: "one"}
	a := &node{when: "promote", local: "a", out: "a", reads: []int{0}}
	return newWorld(t, server, name, []*node{z, a}, []int{1, 0})
}

// A stack whose template is the same, and that refers to an output that a release
// changes, is in the plan, and one train makes it right. The first release of both
// can be provisioned, too.
func TestWhatRefersToAChangedOutputIsPlanned(t *testing.T) {
	t.Parallel()
	server := emulator(t)
	for _, when := range []string{"promote", "provision"} {
		t.Run(when, func(t *testing.T) {
			t.Parallel()
			w := pair(t, server, "planned-"+when, when)
			w.must("1.0.0")
			w.nodes[0].out = "two"
			app, err := w.pack("2.0.0")
			if err != nil {
				t.Fatal(err)
			}
			verb := map[string]delivery.Verb{"promote": delivery.VerbPromote, "provision": delivery.VerbProvision}[when]
			e := w.engine(app)
			if when == "promote" {
				if _, err := e.Run(t.Context(), engine.Request{Verb: delivery.VerbProvision, Environment: "dev", Version: "2.0.0", Actor: "ann"}); err != nil {
					t.Fatal(err)
				}
			}
			p, err := e.Propose(t.Context(), engine.Request{Verb: verb, Environment: "dev", Version: "2.0.0", Actor: "ann"})
			if err != nil {
				t.Fatal(err)
			}
			steps := p.Plan.Places[0].Steps
			if len(steps) != 2 || steps[0].Component != "n0" || steps[1].Component != "n1" || !strings.Contains(steps[1].Summary, "what it reads from n0") {
				t.Errorf("the plan is %+v", steps)
			}
			if !slices.ContainsFunc(p.Changes, func(f engine.Forecast) bool {
				return f.Component == "n1" && slices.Contains(f.Lines, "unknown: what it reads from n0, which changes before it")
			}) {
				t.Errorf("the forecast is %+v", p.Changes)
			}
			w.must("2.0.0")
		})
	}
}

// must takes what the app says now through the environment: it is there after one
// train, and a second one has nothing to do.
func (w *world) must(version string) {
	w.t.Helper()
	app, err := w.pack(version)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.train(app, version); err != nil {
		w.t.Fatalf("train %s: %v\n%s", version, err, w.appFile())
	}
	w.isRight(app, version)
}

func (w *world) isRight(app delivery.App, version string) {
	w.t.Helper()
	if all := w.differences(); len(all) > 0 {
		w.t.Fatalf("train %s is done, and\n%s\n%s", version, strings.Join(all, "\n"), w.appFile())
	}
	if changed, err := w.train(app, version); err != nil || changed {
		w.t.Fatalf("a second train %s: changed %t, %v\n%s", version, changed, err, w.appFile())
	}
}

// A stack that is provisioned refers to none that is promoted: the file says so.
func TestAReferenceThatIsTooLateIsRefused(t *testing.T) {
	t.Parallel()
	z := &node{when: "promote", local: "z", out: "one"}
	b := &node{when: "provision", local: "b", out: "b", reads: []int{0}}
	_, err := newWorld(t, &emulators.Server{URL: "http://127.0.0.1:1"}, "late", []*node{z, b}, []int{0, 1}).pack("1")
	want := `component "n1" in dev/a/eu-central-1 reads ${stack.late-n0.Out} when it is provisioned, and component "n0" changes its stack later, when it is promoted`
	if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), want) {
		t.Errorf("it says %v", err)
	}
}

// Random stacks refer to each other, and change at random, release after release.
// After one train everything is what the templates and the references say, or the
// command says that it failed; a second train has nothing to do. What a closed gate
// takes back is as it was.
func TestStacksThatReferToEachOther(t *testing.T) {
	t.Parallel()
	server := emulator(t)
	worlds, releases := chaos.Count(6, 100), 4
	for seed := range worlds {
		t.Run(strconv.Itoa(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(uint64(seed), 1)) //nolint:gosec // a test that can be repeated
			w := random(t, server, r, seed)
			w.must("1")
			for n := 2; n <= releases; n++ {
				before := w.clone()
				rewired := w.change(r)
				version := strconv.Itoa(n)
				if !rewired && r.IntN(2) == 0 { // the way back fits the app file as it is now
					w.takenBack(version, before)
				}
				if r.IntN(3) == 0 {
					w.broken(r, version)
				}
				w.must(version)
			}
		})
	}
}

// random is a world of 2 to 4 stacks.
func random(t *testing.T, server *emulators.Server, r *rand.Rand, seed int) *world {
	t.Helper()
	var nodes []*node
	for i := range 2 + r.IntN(3) {
		n := &node{when: []string{"provision", "promote"}[r.IntN(2)], local: "l0", out: "o0", pass: r.IntN(2) == 0}
		nodes = append(nodes, n)
		for j := range i {
			if r.IntN(3) > 0 && (n.when == "promote" || nodes[j].when == "provision") {
				n.reads = append(n.reads, j)
			}
		}
	}
	return newWorld(t, server, fmt.Sprintf("any-%d", seed), nodes, r.Perm(len(nodes)))
}

// change changes some of the stacks, and reports whether any refers to others than before.
func (w *world) change(r *rand.Rand) (rewired bool) {
	for i, n := range w.nodes {
		switch r.IntN(5) {
		case 0:
			n.local = fmt.Sprintf("l%d", r.IntN(100))
		case 1, 2:
			n.out = fmt.Sprintf("o%d", r.IntN(100))
		case 3:
			n.pass = !n.pass
			j := r.IntN(i + 1)
			if at := slices.Index(n.reads, j); at >= 0 {
				rewired = true
				n.reads = slices.Delete(n.reads, at, at+1)
			} else if j < i && (n.when == "promote" || w.nodes[j].when == "provision") {
				n.reads = append(n.reads, j)
				slices.Sort(n.reads)
				rewired = true
			}
		}
	}
	return rewired
}

func (w *world) clone() []*node {
	var all []*node
	for _, n := range w.nodes {
		same := *n
		same.reads = slices.Clone(n.reads)
		all = append(all, &same)
	}
	return all
}

// takenBack has a gate say no: what is promoted is of the release before, with what
// the stacks give that were provisioned, which stay.
func (w *world) takenBack(version string, before []*node) {
	w.t.Helper()
	app, err := w.pack(version)
	if err != nil {
		w.t.Fatal(err)
	}
	e := w.engine(app)
	req := engine.Request{Verb: delivery.VerbProvision, Environment: "dev", Version: version, Actor: "ann"}
	if _, err := e.Run(w.t.Context(), req); err != nil {
		w.t.Fatalf("provision %s: %v\n%s", version, err, w.appFile())
	}
	w.gate = delivery.Shut
	defer func() { w.gate = delivery.Open }()
	req.Verb = delivery.VerbPromote
	res, err := e.Run(w.t.Context(), req)
	if err == nil && !res.Changed {
		return // nothing was to do, so that no gate was asked
	}
	if !fault.Is(err, fault.Closed) {
		w.t.Fatalf("promote %s with a closed gate: %v\n%s", version, err, w.appFile())
	}
	now := w.nodes
	defer func() { w.nodes = now }()
	w.nodes = before
	for i, n := range now {
		if n.when == "provision" {
			w.nodes[i] = n
		}
	}
	if all := w.differences(); len(all) > 0 {
		w.t.Fatalf("after a closed gate\n%s\n%s", strings.Join(all, "\n"), w.appFile())
	}
}

// broken interrupts a train at one of its steps. The next one finishes it.
func (w *world) broken(r *rand.Rand, version string) {
	w.t.Helper()
	app, err := w.pack(version)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	e, at := w.engine(app), 1+r.IntN(4)
	e.Report = func(ev engine.Event) {
		if ev.Kind == engine.Finished {
			if at--; at == 0 {
				cancel()
			}
		}
	}
	_, err = e.Train(ctx, "dev", engine.Request{Version: version, Actor: "ann"})
	if err != nil && !fault.Is(err, fault.Interrupted) {
		w.t.Fatalf("an interrupted train %s: %v\n%s", version, err, w.appFile())
	}
	// After an interrupt, "promote" alone finishes what was begun, where it was promoting.
	if _, err := w.engine(app).Run(w.t.Context(), engine.Request{Verb: delivery.VerbPromote, Environment: "dev", Version: version, Actor: "ann"}); err != nil && !fault.Is(err, fault.Refused) {
		w.t.Fatalf("promote %s after an interrupt: %v\n%s", version, err, w.appFile())
	}
}
