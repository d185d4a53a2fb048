package decide

import (
	"fmt"
	"slices"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
)

// KindApproval is the kind of gate that approvals open.
const KindApproval = "approval"

// Gates counts approvals as the approval gates of an app do.
type Gates interface {
	// Count counts for one gate: that of the question.
	Count(q delivery.Question) (Tally, error)
	// Name is the name that a key signs under for one gate: the one wanted, or that of
	// the key in the gate's list.
	Name(q delivery.Question, key PublicKey, wanted string) (string, error)
	// Signed fails where a signature is not by its own key over the message.
	Signed(message, signature string) error
}

// GatesOf gives the gates of an opened app file.
type GatesOf func(*usecase.App) Gates

// PublicKey is the public half of an SSH key.
type PublicKey struct {
	Line  string // as a .pub file has it
	Label string // what messages call it
}

// Tally is what one gate counted.
type Tally struct {
	Gate    string            `json:"gate"`
	Answer  delivery.Answer   `json:"answer"`
	Reason  string            `json:"reason"`
	Quorum  int               `json:"quorum"`
	Signed  bool              `json:"signed,omitempty"` // only what is signed counts
	Counted []delivery.Signed `json:"counted"`
	Ignored []Ignored         `json:"ignored"`
	Asked   []string          `json:"asked,omitempty"`   // who may still approve
	Anybody bool              `json:"anybody,omitempty"` // everybody else may
}

// Ignored is a word that does not count.
type Ignored struct {
	delivery.Signed
	Why  string `json:"why"`
	Void bool   `json:"void"` // it is no word of that person about this plan at all
}

// count asks every gate for approvals that the operation meets.
func (m matter) count(gates Gates) ([]Tally, error) {
	for _, g := range m.env.Gates {
		if err := g.Unusable.Err("gate " + g.Name + " of " + m.env.Name); err != nil && g.Kind == KindApproval {
			return nil, err // it has no settings to count by
		}
	}
	var all []Tally
	for _, q := range m.questions() {
		t, err := gates.Count(q)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

// keyName is the name of a key for the first gate that counts only what is signed; ""
// without such a gate.
func (m matter) keyName(gates Gates, key PublicKey, wanted string) (string, error) {
	for i, q := range m.questions() {
		if m.gates[i].Signed {
			return gates.Name(q, key, wanted)
		}
	}
	return "", nil
}

// questions are what each gate for approvals around the operation's phase is asked.
func (m matter) questions() []delivery.Question {
	var all []delivery.Question
	phase := m.op.Verb.Phase()
	for _, g := range m.env.Gates {
		if g.Kind != KindApproval || g.Forward && m.op.Verb == delivery.VerbRollback {
			continue
		}
		if g.When == delivery.Before(phase) || g.When == delivery.After(phase) {
			all = append(all, delivery.Question{
				Gate: g.Name, Settings: g.Settings, When: g.When, Operation: m.op, AskedBy: m.askedBy, Plan: m.digest, PackedBy: m.packedBy,
				Approvals: m.rec.Approvals, Place: delivery.Place{Environment: m.env.Name},
			})
		}
	}
	return all
}

func anySigned(gates []Tally) bool {
	return slices.ContainsFunc(gates, func(t Tally) bool { return t.Signed })
}

func allOpen(gates []Tally) bool {
	return !slices.ContainsFunc(gates, func(t Tally) bool { return t.Answer != delivery.Open })
}

// ignoredBy reports whether a word says nothing to any gate, so that it may be
// said again.
func ignoredBy(s delivery.Signed, gates []Tally) bool {
	return !slices.ContainsFunc(gates, func(t Tally) bool {
		i := slices.IndexFunc(t.Ignored, func(x Ignored) bool { return x.Operation == s.Operation })
		return i < 0 || s.Rejects && !t.Ignored[i].Void
	})
}

// checkCounts refuses a word that no gate would count, before it is written.
func checkCounts(s delivery.Signed, gates []Tally) error {
	why := ""
	for _, t := range gates {
		i := slices.IndexFunc(t.Ignored, func(x Ignored) bool { return x.Operation == s.Operation })
		switch {
		case i >= 0 && (t.Ignored[i].Void || !s.Rejects):
			why = fmt.Sprintf("gate %s does not count it: %s", t.Gate, t.Ignored[i].Why)
		case !s.Rejects && t.Answer == delivery.Shut:
			why = fmt.Sprintf("gate %s is closed: %s", t.Gate, t.Reason)
		default:
			return nil
		}
	}
	verb, next := "approved", "a person who may approve: falkirk approve %s; falkirk approvals %s shows who is asked"
	if s.Rejects {
		verb, next = "rejected", "a person who is asked: falkirk reject %s --reason TEXT; falkirk approvals %s shows who is asked"
	}
	return fault.Hint(fault.New(fault.Refused, "not %s, and nothing was written: %s", verb, why), next, s.Environment, s.Environment)
}
