package approval

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"falkirk/internal/delivery"
)

// Tally is what was counted.
type Tally struct {
	Answer  delivery.Answer
	Quorum  int
	Counted []Word   // approvals that count, oldest first
	Ignored []Word   // what does not, and why
	Asked   []string // who may still approve
	Anybody bool     // nobody is named: everybody may
	Reason  string   // one line
	Next    string   // the command that moves it on
}

// Verdict is the tally as a gate's answer.
func (t Tally) Verdict() delivery.Verdict {
	v := delivery.Verdict{Answer: t.Answer, Reason: t.Reason, Next: t.Next}
	for _, w := range t.Counted {
		v.Output += said(w) + "\n"
	}
	for _, w := range t.Ignored {
		v.Output += said(w) + " does not count: " + w.Why + "\n"
	}
	return v
}

func (c *count) shut(format string, args ...any) Tally {
	return Tally{Answer: delivery.Shut, Quorum: c.Quorum, Reason: fmt.Sprintf(format, args...)}
}

// sum counts the newest words. One key is one person, whatever names the list
// has for it.
func (c *count) sum(newest, ignored []Word) Tally {
	t := Tally{Quorum: c.Quorum, Ignored: ignored}
	slices.SortStableFunc(newest, func(a, b Word) int { return a.At.Compare(b.At) })
	keys := map[string]string{}
	for _, w := range newest {
		err := c.holds(w)
		switch other := keys[w.key]; {
		case w.Rejects && c.Reject == closes:
			t.Answer = delivery.Shut
			t.Reason = strings.TrimSuffix("rejected by "+names([]Word{w})+": "+oneLine(w.Reason), ": ")
			t.Next = fmt.Sprintf("falkirk approve %s, by %s, takes it back", c.q.Operation.Environment, w.By)
			return t
		case w.Rejects:
			w.Why = "takes back what was said before"
		case err != nil:
			w.Why = err.Error()
		case w.key != "" && other != "":
			w.Why = "is by the same key as that of " + other
		}
		if w.Why != "" {
			t.Ignored = append(t.Ignored, w)
			continue
		}
		keys[w.key] = w.By
		t.Counted = append(t.Counted, w)
	}
	return c.answer(t)
}

func (c *count) answer(t Tally) Tally {
	t.Anybody = c.people == nil
	for _, p := range c.people {
		if c.mayApprove(p) == nil && !slices.ContainsFunc(t.Counted, func(w Word) bool { return w.By == p }) {
			t.Asked = append(t.Asked, p)
		}
	}
	switch {
	case len(t.Counted) >= c.Quorum:
		t.Answer, t.Reason = delivery.Open, "approved by "+names(t.Counted)
	case c.people != nil && len(t.Counted)+len(t.Asked) < c.Quorum:
		t.Answer = delivery.Shut
		t.Reason = fmt.Sprintf("nobody can open it: it needs %d approvals and may be approved by %s only%s", c.Quorum, orNobody(c.allowed()), c.but(", not by "))
	default:
		t.Answer, t.Reason = delivery.Waiting, c.missing(t)
		t.Next = "falkirk approve " + c.q.Operation.Environment
	}
	return t
}

// allowed are the people who may approve this plan.
func (c *count) allowed() []string {
	return slices.DeleteFunc(slices.Clone(c.people), func(p string) bool { return c.mayApprove(p) != nil })
}

// missing says in one line what is there, who is asked, and what does not count.
func (c *count) missing(t Tally) string {
	parts := []string{fmt.Sprintf("%d of %d approvals of plan %s", len(t.Counted), c.Quorum, short(c.q.Plan))}
	if len(t.Counted) > 0 {
		parts[0] += ", by " + names(t.Counted)
	}
	switch {
	case c.people != nil:
		parts = append(parts, "asked: "+strings.Join(t.Asked, ", "))
	default:
		parts = append(parts, "anybody may approve"+c.but(" but "))
	}
	for _, w := range lastOf(t.Ignored) {
		parts = append(parts, said(w)+" does not count: "+w.Why)
	}
	return oneLine(strings.Join(parts, "; "))
}

// but says who may not approve.
func (c *count) but(before string) string {
	var who []string
	if slices.Contains(c.Not, packer) {
		who = append(who, c.q.PackedBy+", who packed it")
	}
	if slices.Contains(c.Not, asker) {
		who = append(who, c.q.AskedBy+", who asked")
	}
	if who == nil {
		return ""
	}
	return before + strings.Join(who, ", and ")
}

// mostTold is how many words that do not count are told in a reason.
const mostTold = 3

// lastOf keeps the last that each person said and that does not count.
func lastOf(ignored []Word) []Word {
	var last []Word
	for _, w := range ignored {
		last = slices.DeleteFunc(last, func(o Word) bool { return o.By == w.By })
		last = append(last, w)
	}
	return last[max(0, len(last)-mostTold):]
}

func said(w Word) string {
	if w.Rejects {
		return fmt.Sprintf("the no of %s (%s)", oneLine(w.By), moment(w.At))
	}
	return fmt.Sprintf("the approval of %s (%s)", oneLine(w.By), moment(w.At))
}

func names(words []Word) string {
	var all []string
	for _, w := range words {
		all = append(all, fmt.Sprintf("%s (%s)", w.By, moment(w.At)))
	}
	return strings.Join(all, ", ")
}

func orNobody(people []string) string {
	if len(people) == 0 {
		return "nobody"
	}
	return strings.Join(people, ", ")
}

// oneLine keeps what people have written from making lines of its own.
func oneLine(s string) string {
	return strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)), " ")
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

func short(digest string) string { return digest[:min(len(digest), 19)] }
