package delivery

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// LedgerNamespace is the namespace of signatures over ledger entries, as
// `ssh-keygen -Y verify -n` takes it.
const LedgerNamespace = "falkirk-ledger"

// Signature is an SSH signature over a ledger entry.
type Signature struct {
	By  string `json:"by"`  // the principal, as the list of signers names it
	SSH string `json:"ssh"` // armored, in the namespace LedgerNamespace
}

// LedgerSetting says how the entries of the ledgers are signed.
type LedgerSetting struct {
	Signers  string   `json:"signers"`           // the list of allowed signers, as the app file names it
	Sign     string   `json:"sign,omitempty"`    // file of an SSH key, or ARN of a KMS key; "": the usual SSH key
	Account  string   `json:"account,omitempty"` // the account that uses the KMS key; "": that of the store
	Unusable Unusable `json:"-"`                 // why there is no key
}

// Doubt names the first entry of a ledger that a rule must not rely on.
type Doubt struct {
	Number int    `json:"number"`
	Text   string `json:"text"` // what the entry is and what is wrong with it; one line for people
}

// NeedsSignature reports whether an entry counts only when it is signed. The
// hashes of the chain cover the entries between two signed ones. A stop needs no
// signature, so that an emergency stop depends on no key. Every other decision
// can also allow something: a hold says which release a rollback may go to, and a
// ban says which releases prune removes.
func (e Entry) NeedsSignature() bool {
	switch e.Event {
	case Opened, Planned, Closed, Taken:
		return true
	case Decided:
		return e.Operation.Verb != VerbStop
	}
	return false
}

// TakesSignature reports whether an entry is signed where a key is at hand.
func (e Entry) TakesSignature() bool { return e.NeedsSignature() || e.Event == Decided }

// accepts reports whether the entry is the valid signature of a person under
// the whole log before it.
func (e Entry) accepts() bool {
	return e.Event == Decided && e.Operation.Verb == VerbSignLedger && e.Signature != nil && e.Doubt == ""
}

// tell names an entry for people.
func (e Entry) tell() string {
	return fmt.Sprintf("entry %d (%s, %s by %s)", e.Number, e.Event, e.Operation.Verb, strings.Join(strings.Fields(e.Operation.Actor), " "))
}

// doubt is what the record doubts after an entry.
func (r Record) doubt(e Entry) *Doubt {
	switch {
	case e.accepts():
		return nil
	case r.Doubt == nil && e.Doubt != "":
		return &Doubt{Number: e.Number, Text: e.tell() + " " + e.Doubt}
	}
	return r.Doubt
}

// latest is the latest date of the signed entries that count, after an entry. A
// signature under the whole log sets it again: so a ledger with a date of the
// future can be accepted.
func (r Record) latest(e Entry) time.Time {
	counts := e.Signature != nil && e.Doubt == ""
	if counts && (e.At.After(r.Latest) || e.accepts()) {
		return e.At
	}
	return r.Latest
}

// Add counts the signature of the next entry of the log, and whether it belongs
// after the record; checked says that signatures are checked at all.
func (p Proof) Add(before Record, e Entry, checked bool) Proof {
	if !before.Belongs(e) {
		p.Strays = append(p.Strays, Doubt{e.Number, e.tell() + " is of no operation that was open"})
	}
	if d := (Record{}).doubt(e); d != nil {
		p.Doubts = append(p.Doubts, *d)
		return p
	}
	if !checked {
		return p
	}
	if e.Signature == nil {
		if e.TakesSignature() {
			p.Unsigned = append(p.Unsigned, Doubt{e.Number, e.tell() + " at " + e.At.UTC().Format(time.RFC3339) + " is not signed; it needs no key and counts"})
		}
		return p
	}
	if e.accepts() {
		p.Accepted = &Accepted{Number: e.Number, By: e.Signature.By, Reason: e.Operation.Reason, Doubts: len(p.Doubts), Strays: len(p.Strays)}
		p.Doubts, p.Strays = nil, nil
	}
	i, found := slices.BinarySearchFunc(p.Signers, e.Signature.By, func(s SignedBy, by string) int { return strings.Compare(s.By, by) })
	if !found {
		p.Signers = slices.Insert(p.Signers, i, SignedBy{By: e.Signature.By})
	}
	p.Signers[i].Entries++
	return p
}
