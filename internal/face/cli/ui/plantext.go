package ui

import (
	"slices"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/quote"
	"falkirk/internal/rule"
)

// PrintObstacle says what refuses a plan now.
func (f *Face) PrintObstacle(o *rule.Obstacle) {
	if o != nil {
		Fprintf(f.Out, "%s not now: %s\n  next: %s\n", f.Paint(Yellow, "note:"), o.Text, o.Next)
	}
}

// PrintPlan prints the steps by place, what they change where that is known, and
// the sums.
func (f *Face) PrintPlan(p delivery.Plan, digest string, changes ...engine.Forecast) {
	what := string(p.Phase)
	if p.Version != "" {
		what += " " + p.Version
	}
	Fprintf(f.Out, "%s in %s\n", what, p.Environment)
	for _, pp := range p.Places {
		Fprintf(f.Out, "\n  %s\n", pp.Place)
		if len(pp.Steps) == 0 {
			Fprintln(f.Out, "      nothing to do")
		}
		for _, c := range changes {
			if c.Place == pp.Place && !slices.ContainsFunc(pp.Steps, func(s delivery.Step) bool { return s.Component == c.Component }) {
				Fprintf(f.Out, "    %s %s\n", f.Paint(Yellow, "?"), c.Component)
				f.printChanges(c.Lines)
			}
		}
		for _, s := range pp.Steps {
			Fprintf(f.Out, "    %s %-10s %s%s\n", f.Sign(s.Sign), s.Component, s.Summary, amount(s))
			for _, c := range changes {
				if c.Place == s.Place && c.Component == s.Component {
					f.printChanges(c.Lines)
				}
			}
		}
	}
	steps, bytes := p.Totals()
	Fprintf(f.Out, "\n%s%s, plan %s\n", Count(steps, "step"), sizeNote(bytes), Short(digest))
}

// printChanges prints what happens to resources; what is replaced, removed or
// allowed more stands out.
func (f *Face) printChanges(lines []string) {
	for _, line := range lines {
		color := ""
		switch {
		case strings.Contains(line, "REPLACED"), strings.Contains(line, "GRANTS"), strings.HasPrefix(line, "- "):
			color = Red
		case strings.HasPrefix(line, "unknown"), strings.HasPrefix(line, "~"):
			color = Yellow
		case strings.HasPrefix(line, "+"):
			color = Green
		}
		text := quote.Line(line)
		if color != "" {
			text = f.Paint(color, text)
		}
		Fprintf(f.Out, "                   %s\n", text)
	}
}

// Sign is the sign of a step, in its colour.
func (f *Face) Sign(s delivery.Sign) string {
	switch s {
	case delivery.Add:
		return f.Paint(Green, "+")
	case delivery.Remove:
		return f.Paint(Red, "-")
	default:
		return f.Paint(Yellow, "~")
	}
}

func amount(s delivery.Step) string {
	var parts []string
	if s.Count > 0 {
		parts = append(parts, Count(int(s.Count), "file"))
	}
	if s.Bytes > 0 {
		parts = append(parts, Size(s.Bytes))
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

func sizeNote(n int64) string {
	if n == 0 {
		return ""
	}
	return ", " + Size(n)
}
