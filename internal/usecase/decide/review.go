package decide

import (
	"cmp"
	"context"
	"strings"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
)

// ReviewQuery asks for a plan that people are asked about, and for the message that
// a person signs to approve or reject it.
type ReviewQuery struct {
	Of      string        `json:"of,omitempty"`      // an environment in which one plan waits, or the digest of a plan, or its first digits
	Saved   *engine.Saved `json:"saved,omitempty"`   // a saved plan; it is meant where Of is no environment and no sha256:…
	SavedAs string        `json:"savedAs,omitempty"` // what the next command calls the saved plan
	Rejects bool          `json:"rejects,omitempty"` // the word will be a no

	As        string            `json:"as,omitempty"`        // the name that the word is under; empty: that of the key or of who asks
	PublicKey string            `json:"publicKey,omitempty"` // the public half of the person's SSH key, as a .pub file has it
	KeyLabel  string            `json:"keyLabel,omitempty"`  // what messages call the key
	Sign      bool              `json:"sign,omitempty"`      // the word will be signed, also where no gate wants it
	Reason    string            `json:"reason,omitempty"`
	Expires   delivery.Duration `json:"expires,omitempty"` // how long the word counts; empty: as long as the gates count it
}

// Review is what a person is asked about.
type Review struct {
	WordResult                    // the state now; approval is what the person has said before, where said is true
	Operation  delivery.Operation `json:"operation"` // the one that waits, or would be applied
	AskedBy    string             `json:"askedBy"`
	PackedBy   string             `json:"packedBy,omitempty"`
	OfSaved    bool               `json:"ofSaved,omitempty"` // it is the saved plan of the request
	Unmade     string             `json:"unmade,omitempty"`  // why the plan cannot be made again, which only a rejection tolerates
	Said       bool               `json:"said,omitempty"`    // that person has said so already
	Signed     bool               `json:"signed,omitempty"`  // a gate counts only what is signed
	Namespace  string             `json:"namespace"`         // of the signature: ssh-keygen -Y sign -n NAMESPACE

	// Word is what the person would say, without a signature; missing where it was
	// said already, and where a signature is needed and neither key nor name are given.
	Word    *delivery.Approval `json:"word,omitempty"`
	Message string             `json:"message,omitempty"` // exactly what is signed
}

func newReview(gates GatesOf) usecase.Case[ReviewQuery, Review] {
	return usecase.Case[ReviewQuery, Review]{
		Name: "decide.review", Doc: "Show a plan that people are asked about, who is asked, and the message to sign",
		Effect: usecase.Reads, Reach: usecase.Anywhere, Needs: usecase.View,
		Do: func(ctx context.Context, c *usecase.Call, q ReviewQuery) (Review, error) {
			if e := q.Expires.Std(); e < 0 || e > 0 && e < time.Second {
				err := fault.New(fault.Invalid, "an approval that expires after %s is over before anybody can ask", e)
				return Review{}, fault.Hint(err, "give a longer time, such as 24h")
			}
			app, err := c.App(ctx)
			if err != nil {
				return Review{}, err
			}
			return reviewer{app, gates(app), c.Actor, q}.review(ctx)
		},
	}
}

// reviewer is one request under way.
type reviewer struct {
	app   *usecase.App
	gates Gates
	actor string
	ReviewQuery
}

func (r reviewer) review(ctx context.Context) (Review, error) {
	m, err := find(ctx, r.app, r.Of, r.Saved, r.SavedAs)
	if err == nil {
		m, err = m.fill(ctx, r.app, r.gates, r.Rejects)
	}
	if err != nil {
		return Review{}, err
	}
	seen := Review{
		WordResult: m.result(), Operation: m.op, AskedBy: m.askedBy, PackedBy: m.packedBy,
		OfSaved: m.saved != nil, Signed: anySigned(m.gates), Namespace: delivery.SignatureNamespace,
	}
	if m.unmade != nil {
		seen.Unmade = m.unmade.Error()
	}
	name, err := r.name(m)
	if err != nil || name == "" {
		return seen, err
	}
	if old, is := m.before(name, r.Rejects); is {
		seen.Said, seen.Approval, seen.Next = true, old, m.next(seen.Open)
		return seen, nil
	}
	word := r.word(m, name)
	seen.Word, seen.Message = &word, word.Message()
	return seen, nil
}

// name is who speaks: the login, or the name of the key where a gate wants a
// signature or one is made anyway; "" where that is not known yet.
func (r reviewer) name(m matter) (string, error) {
	if !r.Sign && !anySigned(m.gates) {
		return ownName(r.actor, r.As)
	}
	if r.PublicKey == "" {
		return r.As, nil
	}
	name, err := m.keyName(r.gates, PublicKey{r.PublicKey, cmp.Or(r.KeyLabel, "that was given")}, r.As)
	return cmp.Or(name, r.As, login(r.actor)), err
}

// word is what a person would say now.
func (r reviewer) word(m matter, name string) delivery.Approval {
	now := r.app.Engine.Now().UTC().Truncate(time.Second)
	a := m.word(name, r.Rejects)
	a.At, a.Reason = m.sayable(name, now), r.app.Redact(r.Reason)
	if e := r.Expires.Std(); e > 0 {
		until := now.Add(e.Truncate(time.Second))
		a.Until = &until
	}
	return a
}

// ownName is the name of who speaks without a key: the login, and no other.
func ownName(actor, wanted string) (string, error) {
	if wanted != "" && wanted != login(actor) && wanted != actor {
		err := fault.New(fault.Invalid, "you are %s here; another name needs a key that it belongs to", actor)
		return "", fault.Hint(err, "give --key FILE")
	}
	return cmp.Or(wanted, login(actor)), nil
}

func login(actor string) string {
	name, _, _ := strings.Cut(actor, "@")
	return name
}
