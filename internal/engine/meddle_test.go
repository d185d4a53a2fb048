package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/ledger"
	"falkirk/test/chaos"
)

// meddlings is how many things can happen during a run; stops is the one after which
// a run touches nothing more.
const meddlings, stops = 6, 2

// meddle runs a request; during one of its calls something else happens.
func (l *life) meddle(req Request, what, call int) {
	l.t.Helper()
	l.say("%s %s in %s, and during call %d:", req.Verb, req.Version, req.Environment, call)
	stopped := -1
	trap := l.trap
	trap.mu.Lock()
	trap.calls, trap.at, trap.reads, trap.instead = 0, call, true, func() { stopped = l.happens(what, req) }
	trap.mu.Unlock()
	_, err := l.living(false).Run(l.t.Context(), req)
	trap.mu.Lock()
	trap.at, trap.reads, trap.instead = 0, false, nil
	trap.mu.Unlock()
	l.say("  says %v", err)
	if stopped < 0 {
		return
	}
	var late []string
	for _, id := range l.world.served[stopped:] {
		if strings.HasPrefix(id, req.Environment) {
			late = append(late, id)
		}
	}
	// In each place one step may have been begun before.
	if places := len(l.places(req.Environment)); len(late) > places {
		l.fail("%s was stopped, and then: %v", req.Environment, late)
	}
	l.say("resume %s", req.Environment)
	if _, err := l.living(false).Decide(context.WithoutCancel(l.t.Context()), Decision{Verb: delivery.VerbResume, Environment: req.Environment, Actor: "bea"}); err != nil {
		l.fail("resume: %v", err)
	}
}

// happens is what happens during a run. A stop gives how much had been done by then,
// anything else -1.
func (l *life) happens(what int, during Request) (stopped int) {
	ctx := context.WithoutCancel(l.t.Context())
	decide := func(d Decision) {
		l.say("    %s %s %s", d.Verb, d.Environment, d.Version)
		d.Actor, d.Reason = "bea", "so it is"
		if _, err := l.living(false).Decide(ctx, d); err != nil {
			l.t.Errorf("%s: %v", d.Verb, err)
		}
	}
	switch what {
	case 0, 1:
		if l.look(during.Environment).Open != nil {
			return -1 // it would only wait
		}
		other := during
		other.Version = []string{"1", "2"}[what]
		if other.Version == during.Version {
			other.Version = "3"
		}
		if during.Verb == delivery.VerbPrune || during.Verb == delivery.VerbRollback {
			other.Verb = delivery.VerbPromote
		}
		other.Reason = "never mind the order"
		_, err := l.living(false).Run(ctx, other)
		l.say("    %s %s in %s: %v", other.Verb, other.Version, other.Environment, err)
	case stops:
		decide(Decision{Verb: delivery.VerbStop, Environment: during.Environment})
		l.mu.Lock()
		defer l.mu.Unlock()
		return len(l.world.served)
	case 3:
		decide(Decision{Verb: delivery.VerbHold, Environment: during.Environment})
	case 4:
		decide(Decision{Verb: delivery.VerbBan, Environment: delivery.Everywhere, Version: during.Version + "1"[len(min(during.Version, "1")):]})
	case 5:
		l.mu.Lock()
		l.gate, l.scan = delivery.Shut, delivery.Shut
		l.mu.Unlock()
		l.say("    gates close")
	}
	return -1
}

// places are those of an environment.
func (l *life) places(env string) []delivery.Place {
	for _, e := range testApp().Environments {
		if e.Name == env {
			return e.Places
		}
	}
	return nil
}

// each calls do with each spot of an environment.
func (l *life) each(env string, do func(delivery.Landing, *spot)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range testApp().Environments {
		for _, x := range e.Landings {
			if e.Name == env {
				do(x, l.at(delivery.Placement{Place: x.Place, Component: x.Component}))
			}
		}
	}
}

// damage takes a release, also the live one, away from one spot.
func (l *life) damage(env string, which int) {
	l.each(env, func(x delivery.Landing, s *spot) {
		if which--; which < 0 && len(s.present) > 0 {
			l.say("%s of %s in %s is lost", s.present[0], x.Component, x.Place)
			s.present = s.present[1:]
			which = 1 << 20
		}
	})
}

// restore brings back what is live.
func (l *life) restore() {
	for _, env := range []string{"dev", "prd"} {
		l.each(env, func(_ delivery.Landing, s *spot) {
			if s.live != "" && !slices.Contains(s.present, s.live) {
				s.present = append(s.present, s.live)
			}
		})
	}
}

// changes is how many things can happen to what a plan was made from.
const changes = 5

// since lets something happen after a plan was saved, and says what; "" for nothing
// that the plan was made from.
func (l *life) since(env string, what int) string {
	rec := l.look(env)
	switch what {
	case 0:
		l.run(l.request())
		if now := l.look(env); now.Last != rec.Last && len(now.Recent) != len(rec.Recent) {
			return "somebody has worked"
		}
	case 1:
		l.keep = 3 - l.keep
		l.say("the app file keeps %d", l.keep)
		return "the app file has changed"
	case 2:
		l.each(env, func(_ delivery.Landing, s *spot) { s.present = append(s.present, "by hand") })
		l.say("something is put into %s by hand", env)
		return "a place has changed"
	case 3:
		l.salt = "other"
		l.say("the releases have other content")
		return "the release has changed"
	}
	return ""
}

// picture is what must be known of an environment before a request.
type picture struct {
	rec     delivery.Record
	present map[string][]string // by spot
	gaps    []string            // where what is live could not go live again
}

func (l *life) picture(req Request) picture {
	p := picture{rec: l.look(req.Environment), present: map[string][]string{}}
	l.each(req.Environment, func(x delivery.Landing, s *spot) {
		p.present[x.Place.String()+" "+x.Component] = slices.Clone(s.present)
		if back := way(p.rec.Way).live(x.Place, x.Component); p.rec.Way != nil && back != "" && !slices.Contains(s.present, back) ||
			p.rec.Way == nil && s.live != "" && s.live != req.Version && !slices.Contains(s.present, s.live) {
			p.gaps = append(p.gaps, x.Place.String()+" "+x.Component)
		}
	})
	return p
}

// mayHave: what a request came to must have been allowed.
func (l *life) mayHave(req Request, was picture, res Result, err error) {
	l.t.Helper()
	switch req.Verb {
	case delivery.VerbPromote:
		if err == nil && req.Environment == "prd" && len(was.gaps) > 0 && res.Changed {
			l.fail("%s went live, and there was no way back in %v", req.Version, was.gaps)
		}
	case delivery.VerbRollback:
		if v := res.Operation.Version; err == nil && !slices.ContainsFunc(was.rec.Tenures, func(t delivery.Tenure) bool { return t.Version == v }) {
			l.fail("a rollback went to %q, which was never live in %s", v, req.Environment)
		}
	case delivery.VerbPrune:
		if err == nil && was.rec.Way != nil {
			l.fail("%s was pruned, and a promotion there had not ended", req.Environment)
		}
	case delivery.VerbProvision:
		if fault.Is(err, fault.Closed) && strings.Contains(err.Error(), "scan") {
			l.isNotThere(req, was)
		}
	}
}

// isNotThere: a provision that a gate closed has left nothing behind.
func (l *life) isNotThere(req Request, was picture) {
	l.t.Helper()
	l.each(req.Environment, func(x delivery.Landing, s *spot) {
		had := slices.Contains(was.present[x.Place.String()+" "+x.Component], req.Version)
		if has := slices.Contains(s.present, req.Version); has && !had && s.live != req.Version {
			l.t.Errorf("the gate after provision is closed, and %s of %s is in %s", req.Version, x.Component, x.Place)
		}
	})
	if l.t.Failed() {
		l.fail("a provision was not taken back")
	}
}

// goesBackRight: the way back that an operation recorded is what the one before had
// left, where that had come to its end.
func (l *life) goesBackRight(env string) {
	l.t.Helper()
	quiet := &memory{trap: &trap{}, held: l.store.held}
	l.store.mu.Lock()
	defer l.store.mu.Unlock()
	var left []delivery.Standing
	for e, err := range ledger.New(quiet, "shop", env, ledger.Options{Request: -1}).Entries(l.t.Context()) {
		if err != nil {
			l.fail("the ledger of %s: %v", env, err)
		}
		switch e.Event {
		case delivery.Taken:
			left = nil
		case delivery.Closed:
			left = nil
			if e.Settled {
				left = e.After
			}
		case delivery.Planned:
			for _, b := range e.Before {
				if is := way(left).live(b.Place, b.Component); left != nil && is != b.Live {
					l.fail("entry %d of %s: the way back of %s in %s is %q, and %q was live", e.Number, env, b.Component, b.Place, b.Live, is)
				}
			}
		}
	}
}

// TestMeddling lets one of all that can happen during a run happen during one of
// its calls: during each of them with FALKIRK_CHAOS=full.
func TestMeddling(t *testing.T) {
	t.Parallel()
	verbs := []Request{
		{Verb: delivery.VerbPromote, Version: "2"}, {Verb: delivery.VerbProvision, Version: "4"},
		{Verb: delivery.VerbRollback}, {Verb: delivery.VerbPrune},
	}
	every := chaos.Count(7, 1)
	base := prepared(t)
	for i, req := range verbs {
		for what := range meddlings {
			for _, gate := range []delivery.Answer{delivery.Open, delivery.Shut} {
				if gate == delivery.Open && what > 1 && !chaos.Full() {
					continue // what is decided in such runs has tests of its own
				}
				t.Run(fmt.Sprintf("%s, %d, gates %s", req.Verb, what, gate), func(t *testing.T) {
					t.Parallel()
					for call := 1 + (7*what+11*i)%every; call < 45; call += every {
						meddleOnce(t, base, req, what, call, gate)
					}
				})
			}
		}
	}
}

// prepared is an app with some history: 3 is live in prd, 2 may go there.
func prepared(t *testing.T) *life {
	t.Helper()
	l := newLife(t, nil)
	for _, v := range []string{"5", "1", "3"} {
		if _, err := l.living(false).Train(t.Context(), "prd", Request{Version: v, Actor: "ann"}); err != nil {
			t.Fatal(err)
		}
	}
	for _, req := range []Request{
		{Verb: delivery.VerbProvision, Environment: "dev", Version: "2"}, {Verb: delivery.VerbPromote, Environment: "dev", Version: "2"},
		{Verb: delivery.VerbProvision, Environment: "prd", Version: "2"}, {Verb: delivery.VerbProvision, Environment: "prd", Version: "1"},
	} {
		if _, err := l.living(false).Run(t.Context(), req); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

// clone is the same life for another test, with nothing in common.
func (l *life) clone(t *testing.T) *life {
	t.Helper()
	other := newLife(t, nil)
	w := l.world.clone()
	w.change, w.answer = other.change, other.answer
	other.world = w
	return other
}

func meddleOnce(t *testing.T, base *life, req Request, what, call int, gate delivery.Answer) {
	t.Helper()
	l := base.clone(t)
	req.Environment, req.Actor = "prd", "ann"
	l.gate, l.scan, l.board = gate, gate, delivery.Open
	b := l.remember()
	was := l.picture(req)
	l.meddle(req, what, call)
	l.holds(b)
	if req.Verb == delivery.VerbProvision && gate == delivery.Shut && what != stops {
		l.isNotThere(req, was)
	}
	if call%8 == 0 {
		l.ends()
	}
}

// TestRequestsFromEveryState runs each request from each state that an environment
// can be in, with gates that open and gates that close.
func TestRequestsFromEveryState(t *testing.T) {
	t.Parallel()
	base := prepared(t)
	states := map[string]func(*life) *life{
		"whole": func(l *life) *life { return l },
		"what is live is lost": func(l *life) *life {
			l.each("prd", func(_ delivery.Landing, s *spot) {
				s.present = slices.DeleteFunc(s.present, func(v string) bool { return v == s.live })
			})
			return l
		},
		"no release before": func(l *life) *life {
			l = newLife(l.t, nil)
			for _, v := range []string{"1", "2"} {
				l.run(Request{Verb: delivery.VerbProvision, Environment: "prd", Version: v, Actor: "ann"})
			}
			l.run(Request{Verb: delivery.VerbPromote, Environment: "prd", Version: "1", Actor: "ann", Reason: "never mind the order"})
			return l
		},
	}
	for call := 14; call < 26; call += 3 {
		states[fmt.Sprintf("killed at call %d", call)] = func(l *life) *life {
			l.trap.calls, l.trap.at, l.trap.deadly, l.trap.reads = 0, call, true, true
			_, err := l.living(true).Run(l.t.Context(), Request{Verb: delivery.VerbPromote, Environment: "prd", Version: "2", Actor: "ann"})
			l.trap.at, l.trap.deadly, l.trap.dead, l.trap.reads = 0, false, false, false
			l.say("promote 2 is killed: %v", err)
			return l
		}
	}
	requests := []Request{
		{Verb: delivery.VerbProvision, Version: "3"}, {Verb: delivery.VerbProvision, Version: "4"},
		{Verb: delivery.VerbPromote, Version: "2"}, {Verb: delivery.VerbRollback}, {Verb: delivery.VerbPrune},
	}
	for state, reach := range states {
		for _, req := range requests {
			for _, gate := range []delivery.Answer{delivery.Open, delivery.Shut} {
				t.Run(fmt.Sprintf("%s, %s %s, gates %s", state, req.Verb, req.Version, gate), func(t *testing.T) {
					t.Parallel()
					l, req := reach(base.clone(t)), req
					l.gate, l.scan, l.board = gate, gate, delivery.Open
					req.Environment, req.Actor = "prd", "ann"
					b := l.remember()
					l.run(req)
					l.holds(b)
					l.ends()
				})
			}
		}
	}
}

// TestSavedPlansAfterEveryChange applies a saved plan after each thing that can
// happen to what it was made from.
func TestSavedPlansAfterEveryChange(t *testing.T) {
	t.Parallel()
	base := prepared(t)
	for what := range changes {
		for _, req := range []Request{{Verb: delivery.VerbPromote, Version: "2"}, {Verb: delivery.VerbProvision, Version: "4"}, {Verb: delivery.VerbPrune}} {
			t.Run(fmt.Sprintf("%s, %d", req.Verb, what), func(t *testing.T) {
				t.Parallel()
				l := base.clone(t)
				l.bytes = []byte{1, 1, 1, 1, 1}
				req := req
				req.Environment, req.Actor = "prd", "ann"
				l.saves(req, what)
				l.ends()
			})
		}
	}
}
