package engine

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/ledger"
	"falkirk/internal/rule"
	"falkirk/test/chaos"
)

// life is a random life of an app: what people and machines do to it, and what
// must hold after each of it.
type life struct {
	*world
	t      *testing.T
	bytes  []byte // what is decided next; an empty one ends it
	story  []string
	fails  bool            // hooks
	scan   delivery.Answer // of the gate after provision
	board  delivery.Answer // of the gate before promote; "": as the others
	keep   int             // of the environments; another one is another app file
	frozen bool
	served int // what had been done when a step began
}

// next is a number below n, from the bytes.
func (l *life) next(n int) int {
	if len(l.bytes) == 0 {
		return 0
	}
	b := l.bytes[0]
	l.bytes = l.bytes[1:]
	return int(b) % n
}

func (l *life) say(format string, args ...any) {
	l.story = append(l.story, fmt.Sprintf(format, args...))
}

func (l *life) fail(format string, args ...any) {
	l.t.Helper()
	l.t.Fatalf("%s\nafter:\n  %s", fmt.Sprintf(format, args...), strings.Join(l.story, "\n  "))
}

func (l *life) env() string     { return []string{"dev", "prd"}[l.next(2)] }
func (l *life) version() string { return strconv.Itoa(1 + l.next(4)) }

func newLife(t *testing.T, bytes []byte) *life {
	t.Helper()
	l := &life{world: newWorld(t), t: t, bytes: bytes, scan: delivery.Open, keep: 1}
	l.change = func(a *delivery.App) {
		for i := range a.Environments {
			e := &a.Environments[i]
			e.Hooks = []delivery.Hook{
				{Name: "before", Kind: "world", When: delivery.Before(delivery.Promote), Once: true},
				{Name: "after", Kind: "world", When: delivery.After(delivery.Promote), If: delivery.Always, Once: true},
			}
			e.Freeze = []delivery.Freeze{{Deny: "2026-03-02 - 2026-03-03"}}
			e.Gates = append(slices.Clip(e.Gates), delivery.GateSetting{Name: "scan", Kind: "world", When: delivery.After(delivery.Provision), Once: true})
			e.Keep = l.keep
		}
		a.Environments[1].WayBack = delivery.WayBackRefuses
		a.Environments[1].Gates = append(a.Environments[1].Gates, delivery.GateSetting{
			Name: "board", Kind: "world", When: delivery.Before(delivery.Promote), Once: true, Forward: true,
		})
	}
	l.answer = l.ask
	return l
}

// ask answers gates as the test says, and sees that no hook that passed is run
// again under its plan.
func (l *life) ask(q delivery.Question) delivery.Verdict {
	l.mu.Lock()
	gate, fails := l.gate, l.fails
	switch {
	case q.When == delivery.After(delivery.Provision):
		gate = l.scan
	case q.Gate == "board" && l.board != "":
		gate = l.board
	}
	l.mu.Unlock()
	if q.Outcome == "" {
		return delivery.Verdict{Answer: gate, Reason: "so it is"}
	}
	rec := l.look(q.Operation.Environment)
	if b := rec.BoundBy(q.Operation.Verb); b != nil && b.Digest == q.Plan && b.HasPassed(delivery.HookKey(q.Gate, q.Place.String())) {
		l.t.Errorf("hook %s is run again under plan %s", q.Gate, q.Plan)
	}
	if fails {
		return delivery.Verdict{Answer: delivery.Shut, Reason: "the hook fails"}
	}
	return delivery.Verdict{Answer: delivery.Open}
}

// look reads a ledger past the trap.
func (l *life) look(env string) delivery.Record {
	l.t.Helper()
	quiet := &memory{trap: &trap{}, held: l.store.held}
	l.store.mu.Lock()
	defer l.store.mu.Unlock()
	rec, err := ledger.New(quiet, "shop", env, ledger.Options{Request: -1}).Read(l.t.Context(), delivery.Record{})
	if err != nil {
		l.fail("the ledger of %s cannot be read: %v", env, err)
	}
	return rec
}

// now is inside of the freeze or outside of it, years before or after.
func (l *life) now() time.Time {
	if l.frozen {
		return time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	}
	return time.Date(2024+l.served%5*2, 5, 1, 0, 0, 0, 0, time.UTC)
}

// living is an engine; one that is to die belongs to a process that is gone.
func (l *life) living(dies bool) *Engine {
	e := l.engine()
	now := l.now()
	e.Now = func() time.Time { return now }
	if dies {
		opt := ledger.Options{Holder: ledger.ThisProcess(), Request: -1}
		opt.Holder.PID = 1 << 30
		e.Ledger = func(env string) Ledger { return held{ledger.New(l.store, "shop", env, opt)} }
	}
	return e
}

func (l *life) request() Request {
	verbs := []delivery.Verb{delivery.VerbProvision, delivery.VerbPromote, delivery.VerbPromote, delivery.VerbRollback, delivery.VerbPrune}
	req := Request{Verb: verbs[l.next(len(verbs))], Environment: l.env(), Actor: "ann"}
	if req.Verb == delivery.VerbProvision || req.Verb == delivery.VerbPromote {
		req.Version = l.version()
	}
	if req.Verb == delivery.VerbPromote && l.next(4) == 0 {
		req.Reason = "never mind the order"
	}
	return req
}

// step does one thing.
func (l *life) step() {
	switch l.next(15) {
	case 0, 1, 2:
		l.run(l.request())
	case 3, 4:
		v := l.version()
		l.say("train %s", v)
		if _, err := l.living(false).Train(l.t.Context(), "prd", Request{Version: v, Actor: "ann"}); err == nil {
			l.isThere("prd", v)
		}
	case 5:
		l.kill()
	case 6:
		l.two()
	case 7, 8:
		l.decide()
	case 9:
		l.gate = []delivery.Answer{delivery.Open, delivery.Open, delivery.Shut, delivery.Waiting}[l.next(4)]
		l.say("gates are %s", l.gate)
	case 10:
		l.fails = l.next(3) == 0
		l.scan = []delivery.Answer{delivery.Open, delivery.Open, delivery.Shut}[l.next(3)]
		l.frozen = l.next(3) == 0
		l.say("hooks fail %v, frozen %v, scan is %s", l.fails, l.frozen, l.scan)
	case 11:
		l.apply()
	case 12, 13:
		l.meddle(l.request(), l.next(meddlings), 1+l.next(40))
	case 14:
		l.damage(l.env(), l.next(8))
	}
}

// run runs a request: whether it says done must be true.
func (l *life) run(req Request) {
	l.t.Helper()
	l.say("%s %s in %s%s", req.Verb, req.Version, req.Environment, req.Reason)
	was := l.picture(req)
	res, err := l.living(false).Run(l.t.Context(), req)
	l.mayHave(req, was, res, err)
	if err != nil {
		l.say("  says %v", err)
		return
	}
	switch req.Verb {
	case delivery.VerbPromote, delivery.VerbRollback:
		l.isThere(req.Environment, res.Operation.Version)
	case delivery.VerbPrune:
		l.leavesNoBanned(req.Environment)
	}
}

// leavesNoBanned: a prune that is done has left no banned release behind, except the
// live one.
func (l *life) leavesNoBanned(env string) {
	l.t.Helper()
	rec, whole := l.look(env), l.look(delivery.Everywhere)
	for _, e := range testApp().Environments {
		for _, x := range e.Landings {
			if e.Name != env {
				continue
			}
			for _, v := range l.at(delivery.Placement{Place: x.Place, Component: x.Component}).present {
				if _, banned := whole.Banned(v); banned && v != rec.Live() {
					l.fail("%s is pruned and still has the banned %s", env, v)
				}
			}
		}
	}
}

func (l *life) isThere(env, version string) {
	l.t.Helper()
	if live := l.lives(env); !slices.Equal(live, []string{version}) || l.look(env).Live() != version {
		l.fail("it says done, and %s is on %v, by the ledger on %q; want %s", env, live, l.look(env).Live(), version)
	}
}

// kill runs a request in a process that dies at some call.
func (l *life) kill() {
	req := l.request()
	l.trap.calls, l.trap.at, l.trap.deadly = 0, 1+l.next(60), true
	_, err := l.living(true).Run(l.t.Context(), req)
	died := l.trap.dead
	l.trap.at, l.trap.deadly, l.trap.dead = 0, false, false
	l.say("%s %s in %s, killed %v: %v", req.Verb, req.Version, req.Environment, died, err)
}

// two runs two requests at once.
func (l *life) two() {
	a, b := l.request(), l.request()
	l.say("%s %s in %s beside %s %s in %s", a.Verb, a.Version, a.Environment, b.Verb, b.Version, b.Environment)
	one, other := l.living(false), l.living(false)
	var both sync.WaitGroup
	both.Go(func() { _, _ = one.Run(l.t.Context(), a) }) // what came of it is looked at below
	both.Go(func() { _, _ = other.Run(l.t.Context(), b) })
	both.Wait()
}

func (l *life) decide() {
	verbs := []delivery.Verb{
		delivery.VerbHold, delivery.VerbRelease, delivery.VerbRelease, delivery.VerbBan, delivery.VerbUnban, delivery.VerbUnban,
		delivery.VerbStop, delivery.VerbResume, delivery.VerbResume, delivery.VerbResume,
	}
	d := Decision{Verb: verbs[l.next(len(verbs))], Environment: l.env(), Actor: "bea", Reason: "so it is"}
	switch d.Verb {
	case delivery.VerbBan, delivery.VerbUnban:
		d.Environment, d.Version = delivery.Everywhere, l.version()
	case delivery.VerbStop, delivery.VerbResume:
		if l.next(3) == 0 {
			d.Environment = delivery.Everywhere
		}
	}
	l.say("%s %s %s", d.Verb, d.Environment, d.Version)
	if _, err := l.living(false).Decide(l.t.Context(), d); err != nil {
		l.fail("%s: %v", d.Verb, err)
	}
}

// apply saves a plan, lets something happen, and applies it.
func (l *life) apply() {
	req := Request{Verb: delivery.VerbPromote, Environment: l.env(), Version: l.version(), Actor: "ann"}
	l.saves(req, l.next(changes))
}

func (l *life) saves(req Request, what int) {
	l.t.Helper()
	saved, _, err := l.living(false).Save(l.t.Context(), req)
	l.say("save %s %s in %s: %v", req.Verb, req.Version, req.Environment, err)
	if err != nil {
		return
	}
	moved := l.since(req.Environment, what)
	done := len(l.world.served)
	_, err = l.living(false).Apply(l.t.Context(), saved, "bea")
	l.salt = ""
	l.say("apply it: %v", err)
	switch {
	case err == nil && req.Verb == delivery.VerbPromote:
		l.isThere(req.Environment, req.Version)
	case fault.Is(err, fault.Conflict) && len(l.world.served) != done:
		l.fail("a plan that was refused was done")
	}
	if moved != "" && err == nil {
		l.fail("%s since, and the plan was applied in %s", moved, req.Environment)
	}
}

// before is what must not be changed by the next step.
type before struct {
	rec    map[string]delivery.Record
	whole  delivery.Record
	served int
}

func (l *life) remember() before {
	b := before{rec: map[string]delivery.Record{}, whole: l.look(delivery.Everywhere), served: len(l.world.served)}
	for _, env := range []string{"dev", "prd"} {
		b.rec[env] = l.look(env)
	}
	return b
}

// holds looks at everything that must always be so.
func (l *life) holds(b before) {
	l.t.Helper()
	whole := l.look(delivery.Everywhere)
	for _, env := range []string{"dev", "prd"} {
		l.chain(env)
		was, is := b.rec[env], l.look(env)
		if was.Stop != nil && is.Stop != nil || b.whole.Stop != nil && whole.Stop != nil {
			for _, id := range l.world.served[b.served:] {
				if strings.HasPrefix(id, env) {
					l.fail("%s is stopped, and yet: %s", env, id)
				}
			}
		}
		if was.Hold != nil && is.Hold != nil && is.Live() != was.Live() {
			l.fail("%s is held on %s and went to %s", env, was.Live(), is.Live())
		}
		if _, banned := b.whole.Banned(is.Live()); banned && is.Live() != was.Live() {
			l.fail("%s is banned, and went live in %s", is.Live(), env)
		}
		l.isWhole(env, is)
		l.goesBackRight(env)
		l.askWhy(env)
	}
	l.chain(delivery.Everywhere)
	if len(l.wrong) > 0 {
		l.fail("a target was asked to %s", l.wrong[0])
	}
}

func (l *life) chain(env string) {
	l.t.Helper()
	p, err := ledger.New(l.store, "shop", env, ledger.Options{Request: -1}).Verify(l.t.Context())
	if err != nil || p.Broken != nil {
		l.fail("the chain of %s does not hold: %+v, %v", env, p.Broken, err)
	}
}

// isWhole: settled, everything is on what the ledger says; else each component
// is on what was there before, or on a release that somebody was moving in.
func (l *life) isWhole(env string, rec delivery.Record) {
	l.t.Helper()
	for _, e := range testApp().Environments {
		for _, x := range e.Landings {
			if e.Name != env {
				continue
			}
			live := l.at(delivery.Placement{Place: x.Place, Component: x.Component}).live
			if rec.Way == nil && live != rec.Live() {
				l.fail("%s in %s is on %q, and the ledger says %q and settled", x.Component, x.Place, live, rec.Live())
			}
			moving := func(o delivery.Operation) bool { return o.Version == live }
			if rec.Way != nil && live != way(rec.Way).live(x.Place, x.Component) && !slices.ContainsFunc(rec.Recent, moving) {
				l.fail("%s in %s is on %q, which is neither old nor new: way back %v", x.Component, x.Place, live, rec.Way)
			}
		}
	}
}

// askWhy: what why says and what promote does are one.
func (l *life) askWhy(env string) {
	l.t.Helper()
	version := l.version()
	e := l.living(false)
	o, err := e.Why(l.t.Context(), version, env)
	if err != nil {
		l.fail("why %s %s: %v", version, env, err)
	}
	_, err = e.ready(l.t.Context(), Request{Verb: delivery.VerbPromote, Environment: env, Version: version, Actor: "ann"})
	switch o.Cause {
	case rule.Stopped, rule.Banned, rule.Held, rule.Order, rule.Soak, rule.Superseded, rule.Queued, rule.Frozen:
		if err == nil || err.Error() != o.Text || fault.HintOf(err) != o.Next {
			l.fail("why says %q (%s), and promote says %v", o.Text, o.Cause, err)
		}
	default:
		if err != nil && !strings.Contains(err.Error(), "is not ready in") {
			l.fail("why says %q (%s), and promote is refused: %v", o.Text, o.Cause, err)
		}
	}
}

// ends lets everything go, and sees that a release can still come through.
func (l *life) ends() {
	l.t.Helper()
	l.gate, l.scan, l.board, l.fails, l.frozen = delivery.Open, delivery.Open, delivery.Open, false, false
	l.restore()
	e := l.living(false)
	for _, env := range []string{"dev", "prd", delivery.Everywhere} {
		for _, verb := range []delivery.Verb{delivery.VerbResume, delivery.VerbRelease} {
			if verb == delivery.VerbRelease && env == delivery.Everywhere {
				continue
			}
			if _, err := e.Decide(l.t.Context(), Decision{Verb: verb, Environment: env, Actor: "bea"}); err != nil {
				l.fail("%s %s: %v", verb, env, err)
			}
		}
	}
	l.say("everything is let go")
	if _, err := e.Train(l.t.Context(), "prd", Request{Version: "9", Actor: "ann"}); err != nil {
		l.fail("in the end a train says %v", err)
	}
	l.isThere("dev", "9")
	l.isThere("prd", "9")
	for _, env := range []string{"dev", "prd"} {
		if rec := l.look(env); rec.Way != nil || rec.Open != nil || rec.Bound != nil || rec.Move != nil {
			l.fail("in the end of %s: way back %v, open %v, bound %v, %v", env, rec.Way, rec.Open, rec.Bound, rec.Move)
		}
	}
}

func lead(t *testing.T, bytes []byte) {
	t.Helper()
	l := newLife(t, bytes)
	for len(l.bytes) > 0 {
		b := l.remember()
		l.step()
		l.served++
		l.holds(b)
	}
	l.ends()
}

// TestLives leads many random lives.
func TestLives(t *testing.T) {
	t.Parallel()
	seed := chaos.Seed(t)
	for i := range chaos.Count(10, 1000) {
		t.Run(fmt.Sprintf("%d-%d", seed, i), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, uint64(i)))
			bytes := make([]byte, 30+r.IntN(200))
			for j := range bytes {
				bytes[j] = byte(r.Uint32())
			}
			lead(t, bytes)
		})
	}
}

func FuzzLives(f *testing.F) {
	f.Add([]byte("a first life"))
	f.Fuzz(func(t *testing.T, bytes []byte) {
		if len(bytes) > 150 {
			return
		}
		lead(t, bytes)
	})
}
