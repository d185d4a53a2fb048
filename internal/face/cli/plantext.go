package cli

import (
	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/quote"
	"falkirk/internal/rule"
	"slices"
	"strings"
)

// printObstacle says what refuses a plan now.
func (f *face) printObstacle(o *rule.Obstacle) {
	if o != nil {
		fprintf(f.Out, "%s not now: %s\n  next: %s\n", f.paint(yellow, "note:"), o.Text, o.Next)
	}
}

// printPlan prints the steps by place, what they change where that is known, and
// the sums.
func (f *face) printPlan(p delivery.Plan, digest string, changes ...engine.Forecast) {
	what := string(p.Phase)
	if p.Version != "" {
		what += " " + p.Version
	}
	fprintf(f.Out, "%s in %s\n", what, p.Environment)
	for _, pp := range p.Places {
		fprintf(f.Out, "\n  %s\n", pp.Place)
		if len(pp.Steps) == 0 {
			fprintln(f.Out, "      nothing to do")
		}
		for _, c := range changes {
			if c.Place == pp.Place && !slices.ContainsFunc(pp.Steps, func(s delivery.Step) bool { return s.Component == c.Component }) {
				fprintf(f.Out, "    %s %s\n", f.paint(yellow, "?"), c.Component)
				f.printChanges(c.Lines)
			}
		}
		for _, s := range pp.Steps {
			fprintf(f.Out, "    %s %-10s %s%s\n", f.sign(s.Sign), s.Component, s.Summary, amount(s))
			for _, c := range changes {
				if c.Place == s.Place && c.Component == s.Component {
					f.printChanges(c.Lines)
				}
			}
		}
	}
	steps, bytes := p.Totals()
	fprintf(f.Out, "\n%s%s, plan %s\n", count(steps, "step"), sizeNote(bytes), short(digest))
}

// printChanges prints what happens to resources; what is replaced, removed or
// allowed more stands out.
func (f *face) printChanges(lines []string) {
	for _, line := range lines {
		color := ""
		switch {
		case strings.Contains(line, "REPLACED"), strings.Contains(line, "GRANTS"), strings.HasPrefix(line, "- "):
			color = red
		case strings.HasPrefix(line, "unknown"), strings.HasPrefix(line, "~"):
			color = yellow
		case strings.HasPrefix(line, "+"):
			color = green
		}
		text := quote.Line(line)
		if color != "" {
			text = f.paint(color, text)
		}
		fprintf(f.Out, "                   %s\n", text)
	}
}

func (f *face) sign(s delivery.Sign) string {
	switch s {
	case delivery.Add:
		return f.paint(green, "+")
	case delivery.Remove:
		return f.paint(red, "-")
	default:
		return f.paint(yellow, "~")
	}
}

func amount(s delivery.Step) string {
	var parts []string
	if s.Count > 0 {
		parts = append(parts, count(int(s.Count), "file"))
	}
	if s.Bytes > 0 {
		parts = append(parts, size(s.Bytes))
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
	return ", " + size(n)
}
