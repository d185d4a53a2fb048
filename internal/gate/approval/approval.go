package approval

import (
	"context"
	"encoding/json"
	"path/filepath"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/signing/signers"
)

// Gate counts approvals.
type Gate struct {
	root   string
	groups map[string][]string
	now    func() time.Time
}

// New is the gate for the app whose file is in root, with the groups of it.
func New(root string, groups map[string][]string, now func() time.Time) *Gate {
	return &Gate{root: root, groups: groups, now: now}
}

// Ask is open when as many people as are needed have approved exactly the plan
// in question, closed when somebody rejected it or nobody could open it, and
// pending until then. The list of signers is read anew each time.
func (g *Gate) Ask(_ context.Context, q delivery.Question) (delivery.Verdict, error) {
	t, err := g.Count(q)
	if err != nil {
		return delivery.Verdict{}, err
	}
	return t.Verdict(), nil
}

// Count is what Ask decides by.
func (g *Gate) Count(q delivery.Question) (Tally, error) {
	s, err := settingsOf(q)
	if err != nil {
		return Tally{}, err
	}
	c := &count{Settings: s, people: s.people(g.groups), q: q, now: g.now()}
	if s.Signed {
		if c.list, err = signers.Read(g.path(s), s.Signers); err != nil {
			t := c.shut("the list of signers %s cannot be read: %s", s.Signers, err)
			t.Next = fault.HintOf(unreadable(s.Signers, err))
			return t, nil
		}
	}
	return c.tally(), nil
}

func settingsOf(q delivery.Question) (Settings, error) {
	s := Defaults()
	if err := json.Unmarshal(q.Settings, &s); err != nil {
		return s, fault.New(fault.Invalid, "settings of gate %s: %w", q.Gate, err)
	}
	if problems := s.Check(); len(problems) > 0 {
		return s, fault.New(fault.Invalid, "settings of gate %s: %s", q.Gate, problems[0])
	}
	return s, nil
}

func (g *Gate) path(s Settings) string {
	if p := filepath.FromSlash(s.Signers); filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(g.root, filepath.FromSlash(s.Signers))
}
