package decide

import (
	"context"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
)

// WordQuery says yes or no to a plan that a person has seen.
type WordQuery struct {
	Environment string        `json:"environment,omitempty"` // where the plan waits; empty with a saved plan
	Saved       *engine.Saved `json:"saved,omitempty"`
	SavedAs     string        `json:"savedAs,omitempty"` // what the next command calls the saved plan
	Plan        string        `json:"plan"`              // the digest of the plan that the person saw

	By        string     `json:"by,omitempty"` // the name; empty: the login of who asks
	Reason    string     `json:"reason,omitempty"`
	At        time.Time  `json:"at,omitzero"`         // of the word that was signed; empty: now
	Until     *time.Time `json:"until,omitempty"`     // it counts no longer after this
	Signature string     `json:"signature,omitempty"` // armored, over the message of the review
}

// WordResult is a plan, and what was said about it.
type WordResult struct {
	Plan     usecase.Plan      `json:"plan"`
	Approval delivery.Approval `json:"approval"`
	Changed  bool              `json:"changed"` // false: that person had said so before
	Open     bool              `json:"open"`    // every gate that asks people is
	Gates    []Tally           `json:"gates"`
	Next     string            `json:"next,omitempty"`
}

func newApprove(gates GatesOf) usecase.Case[WordQuery, WordResult] {
	return usecase.Case[WordQuery, WordResult]{
		Name: "decide.approve", Doc: "Say yes to exactly the plan that a person has seen",
		Effect: usecase.Decides, Reach: usecase.Anywhere, Needs: usecase.Decide,
		Do: func(ctx context.Context, c *usecase.Call, q WordQuery) (WordResult, error) {
			return say(ctx, c, gates, delivery.VerbApprove, q)
		},
	}
}

func newReject(gates GatesOf) usecase.Case[WordQuery, WordResult] {
	return usecase.Case[WordQuery, WordResult]{
		Name: "decide.reject", Doc: "Say no to exactly the plan that a person has seen",
		Effect: usecase.Decides, Reach: usecase.Anywhere, Needs: usecase.Decide,
		Do: func(ctx context.Context, c *usecase.Call, q WordQuery) (WordResult, error) {
			return say(ctx, c, gates, delivery.VerbReject, q)
		},
	}
}

// say checks and records a word, unless it would not count.
func say(ctx context.Context, c *usecase.Call, gates GatesOf, verb delivery.Verb, q WordQuery) (WordResult, error) {
	if err := checkDigest(q.Plan); err != nil {
		return WordResult{}, err
	}
	if err := checkReason(verb, q.Reason); err != nil {
		return WordResult{}, err
	}
	app, err := c.App(ctx)
	if err != nil {
		return WordResult{}, err
	}
	s := speaker{app: app, gates: gates(app), actor: c.Actor, verb: verb, WordQuery: q}
	m, err := exactly(ctx, app, q.Environment, q.Plan, q.Saved, q.SavedAs)
	if err == nil {
		m, err = m.fill(ctx, app, s.gates, s.rejects())
	}
	if err != nil {
		return WordResult{}, err
	}
	return s.say(ctx, m)
}

// speaker is one request under way.
type speaker struct {
	app   *usecase.App
	gates Gates
	actor string
	verb  delivery.Verb
	WordQuery
}

func (s speaker) rejects() bool { return s.verb == delivery.VerbReject }

func (s speaker) say(ctx context.Context, m matter) (WordResult, error) {
	res := m.result()
	word, err := s.word(m)
	if err != nil {
		return res, err
	}
	if old, is := m.before(word.By, s.rejects()); is {
		res.Approval, res.Next = old, m.next(res.Open)
		return res, nil
	}
	if err := s.check(m, word); err != nil {
		return res, err
	}
	signed := delivery.Signed{Approval: word, Operation: s.app.Engine.NewID(), Actor: s.actor}
	res.Approval = word
	m.rec.Approvals = append(m.rec.Approvals, signed)
	if res.Gates, err = m.count(s.gates); err != nil {
		return res, err
	}
	if err := checkCounts(signed, res.Gates); err != nil {
		return res, err
	}
	_, err = s.app.Engine.Ledger(m.env.Name).Decide(ctx, delivery.Entry{
		Event: delivery.Decided, Approval: &word,
		Operation: delivery.Operation{
			ID: signed.Operation, Verb: s.verb, App: word.App, Environment: word.Environment, Version: word.Version,
			Actor: s.actor, Reason: word.Reason, At: s.app.Engine.Now().UTC(),
		},
	})
	if err != nil {
		return res, err
	}
	res.Changed, res.Open = true, allOpen(res.Gates)
	res.Next = m.next(res.Open)
	return res, nil
}

// word is what the person says: what was signed where there is a signature.
func (s speaker) word(m matter) (delivery.Approval, error) {
	by, err := s.By, error(nil)
	if s.Signature == "" {
		by, err = ownName(s.actor, s.By)
	}
	a := m.word(by, s.rejects())
	a.At, a.Reason, a.Signature = s.At.UTC(), s.app.Redact(s.Reason), s.Signature
	if s.At.IsZero() {
		a.At = m.sayable(by, s.app.Engine.Now().UTC().Truncate(time.Second))
	}
	if s.Until != nil {
		until := s.Until.UTC()
		a.Until = &until
	}
	return a, err
}

// ahead is how far the clock of who speaks may be ahead of this one.
const ahead = 2 * time.Minute

// check refuses what the gates would not notice: a word that is not the newest one of
// that person, or over already, and a signature that proves nothing.
func (s speaker) check(m matter, word delivery.Approval) error {
	now := s.app.Engine.Now().UTC()
	last := m.last(word.By, now)
	switch {
	case word.Until != nil && !word.Until.After(now):
		err := fault.New(fault.Invalid, "it would count until %s, and it is %s", moment(*word.Until), moment(now))
		return fault.Hint(err, "nothing was written; give a later end")
	case word.At.After(now.Add(ahead)):
		err := fault.New(fault.Invalid, "it is from the future: it says %s and it is %s here", moment(word.At), moment(now))
		return fault.Hint(err, "nothing was written; correct the clock of the machine that signs, and sign again")
	case !word.At.After(last):
		err := fault.New(fault.Conflict, "%s has said something about the plan at %s, which is not before %s", word.By, moment(last), moment(word.At))
		return fault.Hint(err, "nothing was written; look at the plan again, and say it again")
	case word.Signature == "":
		return nil
	case s.At.IsZero():
		return fault.Hint(fault.New(fault.Invalid, "a signature is over a time, and none is given"), "give the time that was signed")
	case word.Reason != s.Reason:
		return fault.Hint(fault.New(fault.Invalid, "the reason that was signed has a secret in it"), "nothing was written; sign a reason without the secret")
	}
	if err := s.gates.Signed(word.Message(), word.Signature); err != nil {
		return fault.Hint(fault.New(fault.Refused, "nothing was written: %w", err), "look at the plan again, and sign exactly what is shown: falkirk approvals %s", m.env.Name)
	}
	return nil
}

// moment is a time as messages have it.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }
