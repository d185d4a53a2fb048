package cli

import (
	"strings"
	"sync"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/face/document"
	"falkirk/internal/quote"
	"falkirk/internal/usecase"
)

// progress shows the events of a run as they come: drawn over on a terminal,
// else a line each; as JSON lines when they are followed.
type progress struct {
	*face
	mu     sync.Mutex
	follow bool
	live   *live           // on a terminal
	after  []usecase.Event // that are shown below the result
	closed bool
}

func (f *face) progress(follow bool) *progress {
	p := f.lines(follow)
	if f.Terminal && !f.isJSON() && !f.quiet {
		p.live = newLive(f.screen, f.line)
		f.drawn.Store(p.live)
	}
	return p
}

// lines is progress without drawing, for a command that prints between.
func (f *face) lines(follow bool) *progress {
	p := &progress{face: f, follow: follow && f.isJSON()}
	f.compact = p.follow
	return p
}

// close ends the drawing. It may be called twice.
func (p *progress) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.live != nil && !p.closed {
		p.drawn.CompareAndSwap(p.live, nil)
		p.live.close()
	}
	p.closed = true
}

// hear shows what a use case tells while it works. What it tells about the result is
// kept until that is printed.
func (p *progress) hear(ev usecase.Event) {
	switch {
	case ev.Run != nil:
		p.report(*ev.Run)
	case ev.Orphaned != nil:
		p.mu.Lock()
		defer p.mu.Unlock()
		p.after = append(p.after, ev)
	default:
		p.heard(ev)
	}
}

func (p *progress) report(ev engine.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.follow:
		// A broken pipe shows when the document itself is written.
		_ = document.Encode(p.plain, ev, "", p.redact)
	case p.isJSON() || p.quiet || p.closed:
	case p.live != nil:
		if line := p.line(ev); line != "" {
			p.live.print(line)
		}
		p.live.update(ev)
	default:
		if line := p.line(ev); line != "" {
			fprintln(p.Err, block(line))
		}
	}
}

// line is an event as one line, or "" where there is nothing to tell.
func (p *progress) line(ev engine.Event) string {
	at := sprintf("[%s]", ev.Operation.Environment)
	if ev.Place != nil {
		at = sprintf("[%s]", ev.Place)
	}
	switch ev.Kind {
	case engine.Watching:
		return sprintf("%s %s", at, ev.Note)
	case engine.Began:
		return sprintf("%s %s, operation %s", at, heading(ev.Operation), ev.Operation.ID)
	case engine.Finished:
		return at + " " + p.finished(ev)
	case engine.Progress:
		if ev.Progress.Note != "" {
			return sprintf("%s   | %s: %s", at, ev.Step.Component, ev.Progress.Note)
		}
	case engine.Answered:
		return sprintf("%s gate %s is %s: %s", at, ev.Gate, p.answer(ev.Verdict.Answer), ev.Verdict.Reason)
	case engine.Warned:
		return sprintf("%s %s %s", at, p.paint(yellow, "warning:"), ev.Note)
	case engine.Ran:
		return at + " " + p.ran(ev)
	case engine.Proved:
		return sprintf("%s %s serves %s", at, ev.Serving.Component, orNothing(ev.Serving.Version))
	case engine.Undoing:
		return sprintf("%s %s taking back what this run changed", at, p.paint(red, "failed:"))
	case engine.Undone:
		return sprintf("%s %s", at, ev.Note)
	case engine.PassedOff:
		return sprintf("%s %s was promoted here before", at, ev.Operation.Version)
	case engine.Ended:
		if ev.Error != "" {
			return sprintf("%s %s; %s", at, p.paint(red, string(ev.Result)), stands(ev.Standing))
		}
	}
	return ""
}

func (p *progress) finished(ev engine.Event) string {
	s := ev.Step
	line := sprintf("%s %s: %s (%s)", p.sign(s.Sign), s.Component, s.Summary, took(ev.Took))
	if ev.Error != "" {
		return p.paint(red, "x") + " " + line[len(p.sign(s.Sign))+1:] + ": " + string(folded(ev.Error))
	}
	if ev.Note != "" {
		line += ", " + quote.Line(ev.Note)
	}
	return line
}

// ran is a hook with everything that it printed, in one piece.
func (p *progress) ran(ev engine.Event) string {
	line := sprintf("hook %s %s (%s)", ev.Hook, p.paint(green, "passed"), took(ev.Took))
	switch {
	case ev.Error != "":
		line = sprintf("hook %s %s (%s): %s", ev.Hook, p.paint(red, "failed"), took(ev.Took), folded(ev.Error))
	case ev.Note != "":
		line = sprintf("hook %s %s", ev.Hook, ev.Note)
	}
	if ev.Verdict == nil {
		return line
	}
	for l := range strings.Lines(ev.Verdict.Output) {
		line += "\n    | " + quote.Line(strings.TrimRight(l, "\r\n"))
	}
	return line
}

func (p *progress) answer(a delivery.Answer) string {
	switch a {
	case delivery.Open:
		return p.paint(green, string(a))
	case delivery.Waiting:
		return p.paint(yellow, string(a))
	default:
		return p.paint(red, string(a))
	}
}

func heading(op delivery.Operation) string { return op.Heading() }

// stands says what is live where.
func stands(all []delivery.Standing) string {
	if len(all) == 0 {
		return "what is live now is not known: falkirk status"
	}
	line := "now live:"
	for i, s := range all {
		if i > 0 {
			line += ","
		}
		live := s.Live
		if live == "" {
			live = "no release"
		}
		line += sprintf(" %s in %s: %s", s.Component, s.Place, live)
	}
	return line
}
