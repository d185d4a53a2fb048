package inspect

import (
	"strings"
	"time"

	"falkirk/internal/face/cli/ui"
	"falkirk/internal/freeze"
	"falkirk/internal/usecase/inspect"
)

// calendar is a calendar, and the zone whose clock is shown.
type calendar struct {
	inspect.Calendar
	zone *time.Location
}

func printCalendars(f *ui.Face, all inspect.CalendarResult) {
	for i, c := range all {
		if i > 0 {
			ui.Fprintln(f.Out)
		}
		zone, ok := freeze.Zone(c.Zone)
		if !ok {
			zone = time.UTC // this machine does not know the zone
		}
		printCalendar(f, calendar{c, zone})
	}
}

func printCalendar(f *ui.Face, c calendar) {
	if len(c.Windows) == 0 {
		ui.Fprintf(f.Out, "%s is always open: it has no freeze windows\n", c.Environment)
		return
	}
	ui.Fprintln(f.Out, calendarTitle(f, c))
	both := c.inBoth()
	rows := [][]string{c.heading(both)}
	for i := range c.Spans {
		rows = append(rows, c.rows(i, both)...)
	}
	ui.Table(f.Out, rows)
	for _, line := range c.changes() {
		ui.Fprintln(f.Out, line)
	}
}

// calendarTitle says how it is now, where now is shown.
func calendarTitle(f *ui.Face, c calendar) string {
	switch {
	case c.At.Before(c.From) || !c.At.Before(c.To):
		return c.Environment + ":"
	case c.Now.Closed:
		return ui.Sprintf("%s is %s now: %s", c.Environment, f.Paint(ui.Red, "closed"), c.Now.Reason)
	}
	return ui.Sprintf("%s is %s now", c.Environment, f.Paint(ui.Green, "open"))
}

func (c calendar) heading(both bool) []string {
	row := []string{"", "STATE", "FROM (" + c.zone.String() + ")", "UNTIL"}
	if both {
		row = append(row, "FROM (UTC)")
	}
	return append(row, "LENGTH", "WHY")
}

// rows are the lines of one span: one, or as many as there are reasons.
func (c calendar) rows(i int, both bool) [][]string {
	s := c.Spans[i]
	state, mark := "open", ""
	if s.Closed {
		state = "closed"
	}
	if !c.At.Before(s.From) && c.At.Before(s.To) {
		mark = "now"
	}
	row := []string{mark, state, c.from(i) + zoned(s.From, c.zone), c.until(i) + zoned(s.To, c.zone)}
	if both {
		row = append(row, utc(s.From))
	}
	row = append(row, days(s.To.Sub(s.From)))
	if len(s.Reasons) == 0 {
		return [][]string{append(row, "-")}
	}
	rows := [][]string{append(row, s.Reasons[0])}
	for _, r := range s.Reasons[1:] {
		rows = append(rows, append(make([]string, len(row)), r))
	}
	return rows
}

// from says of the first span that it began before it is shown.
func (c calendar) from(i int) string {
	before := freeze.At(c.Windows, c.From.Add(-time.Nanosecond))
	if i == 0 && before.Closed == c.Spans[0].Closed {
		return "before "
	}
	return ""
}

// until says of the last span that it goes on after what is shown.
func (c calendar) until(i int) string {
	if i == len(c.Spans)-1 && freeze.At(c.Windows, c.To).Closed == c.Spans[i].Closed {
		return "after "
	}
	return ""
}

// inBoth reports whether the clock that is shown leaves doubt about an instant,
// or is not that of every window.
func (c calendar) inBoth() bool {
	for _, w := range c.Windows {
		if zone, ok := freeze.Zone(w.Zone); ok && zone.String() != c.zone.String() {
			return true
		}
	}
	return len(c.changes()) > 0
}

// changes says when the clock is changed in the time shown.
func (c calendar) changes() []string {
	var all []string
	for at := c.From; ; {
		_, next := at.In(c.zone).ZoneBounds()
		if next.IsZero() || !next.Before(c.To) {
			return all
		}
		was, is := next.Add(-time.Nanosecond), next
		if _, offset := was.Zone(); offset != offsetOf(is) {
			all = append(all, ui.Sprintf("the clock of %s is changed at %s: from %s to %s",
				c.zone, utc(next), was.Format("MST (-07:00)"), is.Format("MST (-07:00)")))
		}
		at = next
	}
}

func offsetOf(at time.Time) int {
	_, offset := at.Zone()
	return offset
}

func utc(at time.Time) string { return at.UTC().Format("2006-01-02 15:04Z") }

func zoned(at time.Time, zone *time.Location) string {
	return at.In(zone).Format("Mon 2006-01-02 15:04 MST")
}

// days is a length of time in days of 24 hours, hours and minutes.
func days(d time.Duration) string {
	d = d.Round(time.Minute)
	var parts []string
	for _, unit := range []struct {
		name   string
		length time.Duration
	}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}} {
		if n := d / unit.length; n > 0 {
			parts = append(parts, ui.Sprintf("%d%s", n, unit.name))
		}
		d %= unit.length
	}
	return strings.Join(parts, " ")
}
