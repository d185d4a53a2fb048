package notice

import (
	"fmt"
	"strings"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/quote"
)

// Look is how a message is dressed.
type Look string

// The looks.
const (
	Plain Look = "plain"
	Good  Look = "good"
	Bad   Look = "bad"
	Open  Look = "open" // somebody has to do something
)

// Message is a notice as people read it, without any mark-up.
type Message struct {
	Title string
	Look  Look
	Facts [][2]string // name and value
	Why   string      // why it failed, or what is waited for; may be empty
	Next  string      // a command; may be empty
}

// mostWhy is how many characters of a cause, or of another field, a message tells.
const mostWhy = 400

// Of words a notice.
func Of(n delivery.Notice) Message {
	op := n.Operation
	m := Message{Look: Plain, Next: line(n.Next), Why: quote.Text(cut(n.Error))}
	what := strings.TrimSpace(string(op.Verb) + " " + op.Version)
	switch {
	case n.Result == "":
		m.Title = fmt.Sprintf("%s: %s in %s has begun", op.App, what, op.Environment)
	case n.Result == delivery.ResultWaiting:
		m.Title, m.Look = fmt.Sprintf("%s: %s in %s waits for somebody", op.App, what, op.Environment), Open
	case n.Result == delivery.ResultDone && op.Verb == delivery.VerbRollback:
		m.Title, m.Look = fmt.Sprintf("%s: %s is back on %s", op.App, op.Environment, op.Version), Open
	case n.Result == delivery.ResultDone:
		m.Title, m.Look = fmt.Sprintf("%s: %s", op.App, done(op)), Good
	case n.Undone:
		m.Title, m.Look = fmt.Sprintf("%s: %s in %s failed and was taken back", op.App, what, op.Environment), Bad
	default:
		m.Title, m.Look = fmt.Sprintf("%s: %s in %s: %s", op.App, what, op.Environment, n.Result), Bad
	}
	m.Title = line(m.Title)
	m.fact("By", op.Actor)
	m.fact("Reason", strings.TrimPrefix(op.Reason+"; "+op.Override, "; "))
	if n.Took > 0 {
		m.fact("Took", took(n.Took))
	}
	m.fact("Live now", live(n.Standing))
	m.fact("Operation", op.ID)
	if n.Anchor != nil {
		m.fact("Anchor", n.Anchor.String())
	}
	return m
}

func (m *Message) fact(name, value string) {
	if value = strings.TrimSuffix(strings.TrimSpace(value), ";"); value != "" {
		m.Facts = append(m.Facts, [2]string{name, line(value)})
	}
}

// line is a text from outside as part of one line, of bounded length: what takes
// messages refuses large ones.
func line(text string) string {
	if r := []rune(text); len(r) > mostWhy {
		text = string(r[:mostWhy]) + "…"
	}
	return quote.Line(text)
}

func done(op delivery.Operation) string {
	switch op.Verb {
	case delivery.VerbProvision:
		return op.Version + " stands ready in " + op.Environment
	case delivery.VerbPrune:
		return op.Environment + " is pruned"
	default:
		return op.Version + " is live in " + op.Environment
	}
}

// live says what is live: one release, or where which.
func live(all []delivery.Standing) string {
	var versions, each []string
	for _, s := range all {
		v := s.Live
		if v == "" {
			v = "nothing"
		}
		if len(versions) == 0 || versions[0] != v {
			versions = append(versions, v)
		}
		each = append(each, fmt.Sprintf("%s of %s in %s", v, s.Component, s.Place))
	}
	switch {
	case len(all) == 0:
		return ""
	case len(versions) == 1:
		return versions[0] + " everywhere"
	}
	return cut(strings.Join(each, ", "))
}

func took(d time.Duration) string {
	if d < 10*time.Second {
		return d.Round(10 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// cut is the beginning of a text of several causes.
func cut(text string) string {
	lines := strings.SplitN(strings.TrimSpace(text), "\n", 3)
	text = strings.Join(lines[:min(2, len(lines))], "\n")
	if r := []rune(text); len(r) > mostWhy {
		return string(r[:mostWhy]) + "…"
	}
	return text
}
