package rule

import (
	"fmt"

	"falkirk/internal/delivery"
)

// doubted refuses to rely on a ledger with an entry that is not signed as it
// must be: its dates, approvals and promotions may be forged.
func doubted(s Situation) *Obstacle {
	if o := doubtedIn(s.Environment.Name, s.Own); o != nil {
		return o
	}
	if o := doubtedIn("", s.Whole); o != nil {
		return o
	}
	if s.Operation.Verb != delivery.VerbPromote {
		return nil
	}
	for _, up := range s.Environment.After {
		if o := doubtedIn(up, s.Before[up]); o != nil {
			return o
		}
	}
	return nil
}

// Doubt says why what an environment's ledger, or that of the whole app, says is
// not to be relied on; nil when it may be.
func Doubt(environment string, own, whole delivery.Record) *Obstacle {
	return doubted(Situation{Environment: delivery.Environment{Name: environment}, Own: own, Whole: whole})
}

// doubtedIn is about one ledger; "" is that of the whole app.
func doubtedIn(environment string, rec delivery.Record) *Obstacle {
	if rec.Doubt == nil {
		return nil
	}
	what, name := "of "+environment, environment
	if environment == "" {
		what, name = "of the whole app", "--all"
	}
	return &Obstacle{
		Cause: Doubted, Text: fmt.Sprintf("the ledger %s cannot be relied on: %s", what, rec.Doubt.Text),
		Next: fmt.Sprintf("falkirk verify lists such entries; if they are right: falkirk sign-ledger %s --reason TEXT", name),
	}
}
