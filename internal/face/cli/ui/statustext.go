package ui

import (
	"strings"

	"falkirk/internal/engine"
)

// PrintStatus prints no table where nothing could be read.
func (f *Face) PrintStatus(all []engine.Status, digests bool, err error) {
	columns := statusColumns(all, digests)
	rows := [][]string{{}}
	for _, col := range columns {
		rows[0] = append(rows[0], col.name)
	}
	var notes []string
	for _, st := range all {
		if len(st.Components) == 0 && st.Condition != "" && st.Error == "" && !st.Removed {
			rows = append(rows, bareRow(columns, st))
		}
		for i := range st.Components {
			var row []string
			for _, col := range columns {
				row = append(row, col.cell(st, i))
			}
			rows = append(rows, row)
		}
		notes = append(notes, f.notes(st)...)
	}
	if seen := err == nil || len(rows) > 1; seen {
		Table(f.Out, rows)
	}
	if len(all) > 0 {
		for _, o := range all[0].Bans {
			Fprintf(f.Out, "%s %s %s\n", f.Paint(Yellow, "banned"), o.Version, ByWhom(o))
		}
	}
	for _, n := range notes {
		Fprintln(f.Out, n)
	}
}

// decided are the notes about what people decided and what waits for them.
func (f *Face) decided(st engine.Status) []string {
	var out []string
	say := func(word, format string, args ...any) {
		out = append(out, Sprintf("%s %s: %s", f.Paint(Yellow, word), st.Environment, Sprintf(format, args...)))
	}
	if o := st.Doubt; o != nil {
		say("unsigned", "%s; %s", o.Text, o.Next)
	}
	if o := st.Stop; o != nil {
		say("stopped", "%s", ByWhom(*o))
	}
	if o := st.Hold; o != nil {
		say("held", "on %s %s", OrNothing(o.Version), ByWhom(*o))
	}
	if st.Freeze != nil {
		say("frozen", "%s", strings.TrimPrefix(st.Freeze.Text, st.Environment+" is frozen: "))
	}
	for _, o := range st.Bans {
		if o.Version == st.Live {
			say("banned", "%s is live here, banned %s", o.Version, ByWhom(o))
		}
	}
	for _, w := range st.Waiting {
		say("waiting", "%s by %s since %s: %s", Heading(w.Operation), w.Operation.Actor, Moment(w.Since), strings.ReplaceAll(w.Reason, "\n", "; "))
	}
	return out
}

// others lists what stands ready beside the live release.
func others(c engine.ComponentStatus) []string {
	var out []string
	for _, v := range c.Ready {
		if v != c.Live {
			out = append(out, v)
		}
	}
	return out
}

// notes are the things about an environment that somebody should look at.
func (f *Face) notes(st engine.Status) []string {
	var out []string
	if op := st.Running; op != nil {
		out = append(out, Sprintf("%s %s: %s by %s since %s, operation %s",
			f.Paint(Yellow, "running"), st.Environment, Heading(*op), op.Actor, Moment(op.At), op.ID))
	}
	if st.Partial != "" && st.Running == nil && !st.Unsettled {
		out = append(out, Sprintf("%s %s: %s; next: %s", f.Paint(Yellow, "partial"), st.Environment, st.Partial, st.Next))
	}
	if st.Unsettled && st.Running == nil {
		next := "falkirk converge " + st.Environment
		if st.Live != "" {
			next += ", or falkirk rollback " + st.Environment
		}
		out = append(out, Sprintf("%s %s: a promotion has not ended; repeat it: %s", f.Paint(Yellow, "unsettled"), st.Environment, next))
	}
	out = append(out, f.orphans(st)...)
	out = append(out, f.decided(st)...)
	if st.Error != "" {
		out = append(out, Sprintf("%s %s: %s", f.Paint(Red, "unknown"), st.Environment, strings.ReplaceAll(st.Error, "\n", "; ")))
	}
	for _, c := range st.Components {
		for _, d := range c.Drift {
			out = append(out, Sprintf("%s %s in %s: %s", f.Paint(Yellow, "drift"), c.Component, c.Place, d))
		}
		for _, d := range c.Unknown {
			out = append(out, Sprintf("%s %s in %s: %s", f.Paint(Yellow, "unknown"), c.Component, c.Place, d))
		}
		if c.Error != "" {
			out = append(out, Sprintf("%s %s in %s: %s", f.Paint(Red, "unknown"), c.Component, c.Place, c.Error))
		}
	}
	return out
}
