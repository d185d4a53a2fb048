package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/rule"
)

// SavedSchema is the version of the saved plan's format.
const SavedSchema = 1

// Saved is a plan that was made to be applied later, with the fingerprint of
// all that it was made from. It holds no secret.
type Saved struct {
	Schema   int           `json:"schema"`
	Digest   string        `json:"digest"` // of the plan; what approvals name
	Verb     delivery.Verb `json:"verb"`
	Skip     string        `json:"skipOrder,omitempty"`
	Override string        `json:"override,omitempty"`
	Plan     delivery.Plan `json:"plan"`
	Read     Fingerprint   `json:"read"`
	MadeBy   string        `json:"madeBy"`
	MadeAt   time.Time     `json:"madeAt"` // UTC
}

// Fingerprint is what a plan was made from.
type Fingerprint struct {
	App       string     `json:"app"`       // sha256:… of the app file's values
	Release   string     `json:"release"`   // sha256:… of the release's artifacts
	Operation string     `json:"operation"` // ID of the environment's last operation; "" if there was none
	Places    []Observed `json:"places"`
}

// Observed is what was seen of one component in one place.
type Observed struct {
	delivery.Standing
	Seen string `json:"seen"` // sha256:… of everything that was seen
}

// Save makes a plan that Apply binds itself to, and says what refuses it until
// later.
func (e *Engine) Save(ctx context.Context, req Request) (Saved, *rule.Obstacle, error) {
	a, o, err := e.look(ctx, req)
	if err != nil {
		return Saved{}, nil, err
	}
	return Saved{
		Schema: SavedSchema, Digest: a.plan.Digest(), Verb: a.sit.Operation.Verb, Skip: req.Reason, Override: req.Override,
		Plan: a.plan, Read: e.fingerprint(a), MadeBy: req.Actor, MadeAt: e.Now().UTC(),
	}, o, nil
}

// Apply does a saved plan. It is refused, naming what changed, when the world
// has moved since; a plan that was applied in part is finished.
func (e *Engine) Apply(ctx context.Context, s Saved, actor string) (Result, error) {
	if err := s.Check(); err != nil {
		return Result{}, err
	}
	return e.Run(ctx, Request{
		Verb: s.Verb, Environment: s.Plan.Environment, Version: s.Plan.Version, Actor: actor,
		Reason: s.Skip, Override: s.Override, Saved: &s,
	})
}

// Check refuses a plan that is not what was saved.
func (s Saved) Check() error {
	switch {
	case s.Schema != SavedSchema:
		return fault.New(fault.Invalid, "the plan has schema %d and this falkirk reads %d", s.Schema, SavedSchema)
	case s.Digest != s.Plan.Digest():
		err := fault.New(fault.Invalid, "the plan is not the one that was saved: its steps do not have the digest %s", s.Digest)
		return fault.Hint(err, "save it again with falkirk plan --save")
	case s.Verb != delivery.VerbProvision && s.Verb != delivery.VerbPromote && s.Verb != delivery.VerbPrune:
		return fault.New(fault.Invalid, "a plan for %q cannot be applied", s.Verb)
	}
	return nil
}

// fits refuses where something else is there than the plan was made from.
func (s *Saved) fits(e *Engine, a asked) error {
	ours, moved := s.since(a.sit.Own)
	now := e.fingerprint(a)
	if now.App != s.Read.App {
		moved = append(moved, "the app file has other values")
	}
	if now.Release != s.Read.Release {
		moved = append(moved, "release "+s.Plan.Version+" has other artifacts")
	}
	if !ours {
		moved = append(moved, changed(s.Read.Places, now.Places)...)
	}
	if len(moved) > 0 {
		err := fault.New(fault.Conflict, "the world has moved since the plan was made: %s", strings.Join(moved, "; "))
		return fault.Hint(err, "make it again with falkirk plan --save")
	}
	return s.covers(a.plan)
}

// since reports whether the plan was applied in part, and names what others did
// meanwhile.
func (s *Saved) since(rec delivery.Record) (ours bool, moved []string) {
	at := slices.IndexFunc(rec.Recent, func(o delivery.Operation) bool { return o.ID == s.Read.Operation })
	if at < 0 && s.Read.Operation != "" {
		return false, []string{"the ledger has gone on by many operations"}
	}
	for _, o := range rec.Recent[at+1:] {
		if o.Plan == s.Digest {
			ours = true
			continue
		}
		moved = append(moved, strings.Join(strings.Fields(fmt.Sprintf("%s %s by %s at %s", o.Verb, o.Version, o.Actor, o.At.Format(time.RFC3339))), " "))
	}
	return ours, moved
}

// covers refuses steps that are none of the saved ones.
func (s *Saved) covers(p delivery.Plan) error {
	saved := s.Plan.Keys()
	for _, pp := range p.Places {
		for _, step := range pp.Steps {
			if !slices.Contains(saved, p.Key(step)) {
				err := fault.New(fault.Conflict, "the world has moved since the plan was made: it would take %q of %s in %s now", step.Summary, step.Component, step.Place)
				return fault.Hint(err, "make it again with falkirk plan --save")
			}
		}
	}
	return nil
}

// changed names the differences between two looks at the same places.
func changed(was, is []Observed) []string {
	var out []string
	for i, w := range was {
		if i >= len(is) {
			break
		}
		what, n := w.Component+" in "+w.Place.String(), is[i]
		switch {
		case n.Place != w.Place || n.Component != w.Component:
			return append(out, "the places are others")
		case n.Live != w.Live:
			out = append(out, fmt.Sprintf("%s was on %s and is on %s", what, orNothing(w.Live), orNothing(n.Live)))
		case !slices.Equal(n.Ready, w.Ready):
			out = append(out, fmt.Sprintf("in %s %v stood ready and %v do now", what, w.Ready, n.Ready))
		case n.Seen != w.Seen:
			out = append(out, what+" is not as it was")
		}
	}
	if len(was) != len(is) {
		out = append(out, "the places are others")
	}
	return out
}

func (e *Engine) fingerprint(a asked) Fingerprint {
	f := Fingerprint{App: digest(e.App), Release: digest(a.rel.Artifacts)}
	if n := len(a.sit.Own.Recent); n > 0 {
		f.Operation = a.sit.Own.Recent[n-1].ID
	}
	for i, st := range a.now.standing() {
		f.Places = append(f.Places, Observed{st, digest(a.now[i].State)})
	}
	return f
}

// digest is sha256:… over the JSON of plain data.
func digest(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("engine: plain data: " + err.Error())
	}
	sum := sha256.Sum256(raw)
	return "sha256:" + hex.EncodeToString(sum[:])
}
