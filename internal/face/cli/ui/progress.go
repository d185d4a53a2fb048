package ui

import (
	"strings"
	"sync"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/face/document"
	"falkirk/internal/quote"
	"falkirk/internal/usecase"
)

// Progress shows the events of a run as they come: drawn over on a terminal,
// else a line each; as JSON lines when they are followed.
type Progress struct {
	*Face
	mu     sync.Mutex
	follow bool
	live   *live           // on a terminal
	after  []usecase.Event // that are shown below the result
	closed bool
}

func (f *Face) progress(follow bool) *Progress {
	p := f.Lines(follow)
	if f.Terminal && !f.IsJSON() && !f.Quiet {
		p.live = newLive(f.RawErr, f.Line)
		f.drawn.Store(p.live)
	}
	return p
}

// Lines is progress without drawing, for a command that prints between.
func (f *Face) Lines(follow bool) *Progress {
	p := &Progress{Face: f, follow: follow && f.IsJSON()}
	f.Compact = p.follow
	return p
}

// Close ends the drawing. It may be called twice.
func (p *Progress) Close() {
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
func (p *Progress) hear(ev usecase.Event) {
	switch {
	case ev.Run != nil:
		p.Report(*ev.Run)
	case ev.Orphaned != nil:
		p.mu.Lock()
		defer p.mu.Unlock()
		p.after = append(p.after, ev)
	default:
		p.Heard(ev)
	}
}

// Report shows one event of a run.
func (p *Progress) Report(ev engine.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.follow:
		// A broken pipe shows when the document itself is written.
		_ = document.Encode(p.Plain, ev, "", p.WithoutSecrets)
	case p.IsJSON() || p.Quiet || p.closed:
	case p.live != nil:
		if line := p.line(ev); line != "" {
			p.live.print(line)
		}
		p.live.update(ev)
	default:
		if line := p.line(ev); line != "" {
			Fprintln(p.Err, Block(line))
		}
	}
}

// line is an event as one line, or "" where there is nothing to tell.
func (p *Progress) line(ev engine.Event) string {
	at := Sprintf("[%s]", ev.Operation.Environment)
	if ev.Place != nil {
		at = Sprintf("[%s]", ev.Place)
	}
	switch ev.Kind {
	case engine.Watching:
		return Sprintf("%s %s", at, ev.Note)
	case engine.Began:
		return Sprintf("%s %s, operation %s", at, Heading(ev.Operation), ev.Operation.ID)
	case engine.Finished:
		return at + " " + p.finished(ev)
	case engine.Progress:
		if ev.Progress.Note != "" {
			return Sprintf("%s   | %s: %s", at, ev.Step.Component, ev.Progress.Note)
		}
	case engine.Answered:
		return Sprintf("%s gate %s is %s: %s", at, ev.Gate, p.Answer(ev.Verdict.Answer), ev.Verdict.Reason)
	case engine.Warned:
		return Sprintf("%s %s %s", at, p.Paint(Yellow, "warning:"), ev.Note)
	case engine.Ran:
		return at + " " + p.ran(ev)
	case engine.Proved:
		return Sprintf("%s %s serves %s", at, ev.Serving.Component, OrNothing(ev.Serving.Version))
	case engine.Undoing:
		return Sprintf("%s %s taking back what this run changed", at, p.Paint(Red, "failed:"))
	case engine.Undone:
		return Sprintf("%s %s", at, ev.Note)
	case engine.PassedOff:
		return Sprintf("%s %s was promoted here before", at, ev.Operation.Version)
	case engine.Ended:
		if ev.Error != "" {
			return Sprintf("%s %s; %s", at, p.Paint(Red, string(ev.Result)), stands(ev.Standing))
		}
	}
	return ""
}

func (p *Progress) finished(ev engine.Event) string {
	s := ev.Step
	line := Sprintf("%s %s: %s (%s)", p.Sign(s.Sign), s.Component, s.Summary, Took(ev.Took))
	if ev.Error != "" {
		return p.Paint(Red, "x") + " " + line[len(p.Sign(s.Sign))+1:] + ": " + string(Folded(ev.Error))
	}
	if ev.Note != "" {
		line += ", " + quote.Line(ev.Note)
	}
	return line
}

// ran is a hook with everything that it printed, in one piece.
func (p *Progress) ran(ev engine.Event) string {
	line := Sprintf("hook %s %s (%s)", ev.Hook, p.Paint(Green, "passed"), Took(ev.Took))
	switch {
	case ev.Error != "":
		line = Sprintf("hook %s %s (%s): %s", ev.Hook, p.Paint(Red, "failed"), Took(ev.Took), Folded(ev.Error))
	case ev.Note != "":
		line = Sprintf("hook %s %s", ev.Hook, ev.Note)
	}
	if ev.Verdict == nil {
		return line
	}
	for l := range strings.Lines(ev.Verdict.Output) {
		line += "\n    | " + quote.Line(strings.TrimRight(l, "\r\n"))
	}
	return line
}

// Answer is a gate's answer, in its colour.
func (p *Progress) Answer(a delivery.Answer) string {
	switch a {
	case delivery.Open:
		return p.Paint(Green, string(a))
	case delivery.Waiting:
		return p.Paint(Yellow, string(a))
	default:
		return p.Paint(Red, string(a))
	}
}

// Heading names an operation.
func Heading(op delivery.Operation) string { return op.Heading() }

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
		line += Sprintf(" %s in %s: %s", s.Component, s.Place, live)
	}
	return line
}
