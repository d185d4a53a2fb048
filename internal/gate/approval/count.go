package approval

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/signing/signers"
)

// ahead is how far the clock of who approves may be ahead of ours.
const ahead = 2 * time.Minute

// count is one question being answered. It reads nothing and keeps nothing.
type count struct {
	Settings
	people []string // who may approve; nil: anybody
	list   signers.List
	q      delivery.Question
	now    time.Time
}

// Word is a yes or no of a person, and why it does not count, if so.
type Word struct {
	delivery.Signed
	Why  string // it does not count; one line; "" if it does
	Void bool   // it is no word of that person about this plan at all
	key  string // fingerprint; "" when nothing was to be signed
}

// tally takes each person's newest word that is that person's own and about
// this plan, and counts the approvals among them that hold now.
func (c *count) tally() Tally {
	if why := c.unknown(); why != "" {
		return c.shut("%s", why)
	}
	var newest, ignored []Word
	for _, s := range c.q.Approvals {
		if s.Version != c.q.Operation.Version {
			continue
		}
		w, why := c.read(s)
		if why != nil {
			ignored = append(ignored, Word{Signed: s, Why: why.Error(), Void: true})
			continue
		}
		i := slices.IndexFunc(newest, func(o Word) bool { return o.By == w.By })
		switch {
		case i < 0:
			newest = append(newest, w)
		case after(w, newest[i]):
			newest[i] = w
		}
	}
	return c.sum(newest, ignored)
}

// after orders the words of one person by the time in them, which a signature
// covers, so that an old one written again is not a new one. In the same second
// a no is the later.
func after(w, o Word) bool {
	if !w.At.Equal(o.At) {
		return w.At.After(o.At)
	}
	return w.Rejects || !o.Rejects
}

// unknown says what the question lacks; without it nothing can be counted.
func (c *count) unknown() string {
	switch {
	case c.q.Plan == "":
		return "it was not said which plan is to be approved"
	case slices.Contains(c.Not, packer) && c.q.PackedBy == "":
		return "it is not known who packed the release, who may not approve it"
	case slices.Contains(c.Not, asker) && c.q.AskedBy == "":
		return "it is not known who asked, who may not approve it"
	}
	return ""
}

// read checks everything about a word but whether it still counts. A no holds
// however the clocks go; a yes from the future is none.
func (c *count) read(s delivery.Signed) (Word, error) {
	w := Word{Signed: s}
	op := c.q.Operation
	switch {
	case s.App != op.App || s.Environment != op.Environment:
		return w, fmt.Errorf("is for %s in %s", s.App, s.Environment)
	case s.Plan != c.q.Plan:
		return w, fmt.Errorf("is for another plan, %s", short(s.Plan))
	case !isName(s.By):
		return w, errors.New("names nobody")
	case s.At.Nanosecond() != 0 || s.At.Unix() <= 0 || s.Until != nil && s.Until.Nanosecond() != 0:
		return w, errors.New("has no time in whole seconds")
	case !s.Rejects && s.At.After(c.now.Add(ahead)):
		return w, fmt.Errorf("is from the future: it says %s and it is %s here", moment(s.At), moment(c.now))
	}
	err := c.isAsked(s.By)
	if err == nil && !s.Rejects {
		err = c.mayApprove(s.By)
	}
	if err == nil {
		w.key, err = c.own(s)
	}
	return w, err
}

func (c *count) isAsked(who string) error {
	if c.people != nil && !slices.Contains(c.people, who) {
		return fmt.Errorf("the gate does not ask %s", who)
	}
	return nil
}

// mayApprove says why somebody who is asked may say no, but not yes.
func (c *count) mayApprove(who string) error {
	switch {
	case slices.Contains(c.Not, packer) && samePerson(who, c.q.PackedBy):
		return fmt.Errorf("%s packed the release, and the gate does not let the packer approve", who)
	case slices.Contains(c.Not, asker) && samePerson(who, c.q.AskedBy):
		return fmt.Errorf("%s asked for it, and the gate does not let the asker approve", who)
	}
	return nil
}

// own checks that a word is that person's: by the signature, or else by the
// login that it was written under.
func (c *count) own(s delivery.Signed) (key string, err error) {
	if !c.Signed {
		if s.By != s.Actor && s.By != login(s.Actor) {
			return "", fmt.Errorf("was written by %s", strings.Join(strings.Fields(s.Actor), " "))
		}
		return "", nil
	}
	if s.Signature == "" {
		return "", errors.New("is not signed")
	}
	return c.list.Verify(s.By, s.Message(), s.Signature, delivery.SignatureNamespace, c.now)
}

// holds says why an approval counts no longer.
func (c *count) holds(w Word) error {
	if w.Until != nil && c.now.After(*w.Until) {
		return fmt.Errorf("expired at %s", moment(*w.Until))
	}
	if end := w.At.Add(c.Expires.Std()); c.Expires > 0 && c.now.After(end) {
		return fmt.Errorf("expired at %s, %s after it was given", moment(end), c.Expires)
	}
	return nil
}

// samePerson compares names of which each may be a login, user@host or an
// address: the part before the @ is enough.
func samePerson(a, b string) bool {
	return strings.EqualFold(a, b) || strings.EqualFold(login(a), login(b))
}

func login(actor string) string {
	name, _, _ := strings.Cut(actor, "@")
	return name
}
