package freeze

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"falkirk/internal/delivery"
)

// The tests here know nothing of offsets: they walk through a year minute by
// minute and read what the clock on the wall shows, as text.

// minutes is a year of a zone, with some days before and after.
type minutes struct {
	zone            string
	step            time.Duration // a minute; where less will do, five
	begin           time.Time
	shown           []string
	denied, allowed []uint32 // by minute: which of the shapes cover it, a bit for each
	edges           []int    // the minutes of the year at which one of these is not as before, and its ends
}

const margin = 20 // days around the year that only help to see its ends

func (m minutes) days(n int) int { return n * int(day/m.step) }

func walkYear(t *testing.T, zone string, year int, step time.Duration) minutes {
	t.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, -margin)
	end := time.Date(year+1, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, margin)
	m := minutes{zone: zone, begin: begin, step: step}
	for at := begin; at.Before(end); at = at.Add(step) {
		m.shown = append(m.shown, at.In(loc).Format("2006-01-02 15:04"))
	}
	m.denied, m.allowed = make([]uint32, len(m.shown)), make([]uint32, len(m.shown))
	for i, s := range shapes {
		m.cover(s, 1<<i)
	}
	from, to := m.days(margin), len(m.shown)-m.days(margin)
	for i := from; i < to; i++ {
		if i == from || m.denied[i] != m.denied[i-1] || m.allowed[i] != m.allowed[i-1] {
			m.edges = append(m.edges, i)
		}
	}
	m.edges = append(m.edges, to)
	return m
}

// shape is a window as somebody who does not read its text would tell it: on
// these days of the week (or dates), from a time until a time some days later.
type shape struct {
	text       string
	weekdays   []time.Weekday
	dates      []string
	start, end string
	later      int // days
}

var (
	everyDay = []time.Weekday{0, 1, 2, 3, 4, 5, 6}
	shapes   = []shape{
		{text: "daily 02:30-03:30", weekdays: everyDay, start: "02:30", end: "03:30"},
		{text: "daily 02:15-02:45", weekdays: everyDay, start: "02:15", end: "02:45"},
		{text: "daily 01:30 - 02:00", weekdays: everyDay, start: "01:30", end: "02:00"},
		{text: "daily 01:45 - 02:15", weekdays: everyDay, start: "01:45", end: "02:15"},
		{text: "daily 00:10-00:50", weekdays: everyDay, start: "00:10", end: "00:50"},
		{text: "daily 22:00 - 06:00", weekdays: everyDay, start: "22:00", end: "06:00", later: 1},
		{text: "daily 23:30-23:45", weekdays: everyDay, start: "23:30", end: "23:45"},
		{text: "Mon-Thu 09:00-17:00", weekdays: []time.Weekday{1, 2, 3, 4}, start: "09:00", end: "17:00"},
		{text: "Sat-Mon 23:00-02:30", weekdays: []time.Weekday{6, 0, 1}, start: "23:00", end: "02:30", later: 1},
		{text: "Fri 16:00 - Mon 08:00", weekdays: []time.Weekday{5}, start: "16:00", end: "08:00", later: 3},
		{text: "Sun 02:30 - Sun 03:30", weekdays: []time.Weekday{0}, start: "02:30", end: "03:30"},
		{text: "Sun 02:30 - Sun 02:15", weekdays: []time.Weekday{0}, start: "02:30", end: "02:15", later: 7},
		{text: "Fri - Mon", weekdays: []time.Weekday{5}, start: "00:00", end: "24:00", later: 3},
		{text: "saturday - Sunday", weekdays: []time.Weekday{6}, start: "00:00", end: "24:00", later: 1},
		{text: "Sun", weekdays: []time.Weekday{0}, start: "00:00", end: "24:00"},
		{text: "Sun, Wed 01:00-02:30", weekdays: []time.Weekday{0, 3}, start: "01:00", end: "02:30"},
		{text: "Fri 12:00 - Sun", weekdays: []time.Weekday{5}, start: "12:00", end: "24:00", later: 2},
		{text: "daily 00:00-24:00", weekdays: everyDay, start: "00:00", end: "24:00"},
		{text: "2026-03-29 02:30 - 2026-11-01 01:30", dates: []string{"2026-03-29"}, start: "02:30", end: "01:30", later: 217},
		{text: "2026-10-25 02:15 - 02:45", dates: []string{"2026-10-25"}, start: "02:15", end: "02:45"},
		{text: "2026-12-20 - 2027-01-04", dates: []string{"2026-12-20"}, start: "00:00", end: "24:00", later: 15},
		{text: "2026-12-24 22:00 - 04:00", dates: []string{"2026-12-24"}, start: "22:00", end: "04:00", later: 1},
		{text: "2011-12-30", dates: []string{"2011-12-30"}, start: "00:00", end: "24:00"},
		{text: "2011-12-29 12:00 - 2011-12-30 12:00", dates: []string{"2011-12-29"}, start: "12:00", end: "12:00", later: 1},
	}
)

// cover marks the minutes that a window of that shape covers.
func (m minutes) cover(s shape, bit uint32) {
	for i := 0; i < len(m.shown); i += m.days(1) {
		date := m.at(i)
		if slices.Contains(s.weekdays, date.Weekday()) || slices.Contains(s.dates, date.Format(time.DateOnly)) {
			m.mark(s, date, i, bit)
		}
	}
}

// mark marks one occurrence. It looks at the minutes for a day around it, as no
// clock is further from UTC.
func (m minutes) mark(s shape, date time.Time, index int, bit uint32) {
	start := date.Format(time.DateOnly) + " " + s.start
	end := date.AddDate(0, 0, s.later).Format(time.DateOnly) + " " + s.end
	from, to := max(0, index-m.days(1)), min(len(m.shown), index+m.days(s.later+2))
	for i, over := m.first(from, to, start), m.past(from, to, end); i < over; i++ {
		m.denied[i] |= bit
	}
	for i, over := m.past(from, to, start), m.first(from, to, end); i < over; i++ {
		m.allowed[i] |= bit
	}
}

// first is the first minute at which the clock shows a time or later.
func (m minutes) first(from, to int, wall string) int {
	for from < to && m.shown[from] < wall {
		from++
	}
	return from
}

// past is the minute after the last at which the clock shows less than a time.
func (m minutes) past(from, to int, wall string) int {
	for to > from && m.shown[to-1] >= wall {
		to--
	}
	return to
}

func TestSpansAndAtAgreeWithAWalkThroughTheYear(t *testing.T) {
	t.Parallel()
	years := []struct {
		zone string
		year int
		step time.Duration
	}{
		{"Europe/Berlin", 2026, time.Minute},
		{"America/New_York", 2026, time.Minute},
		{"Australia/Lord_Howe", 2026, time.Minute}, // half an hour
		{"Asia/Kathmandu", 2026, 5 * time.Minute},  // 5:45, no changes
		{"UTC", 2026, 5 * time.Minute},
		{"America/Havana", 2026, 5 * time.Minute},   // from 01:00 back to midnight
		{"America/Santiago", 2026, 5 * time.Minute}, // from midnight back to the day before
		{"Africa/Cairo", 2026, 5 * time.Minute},     // midnight is skipped
		{"Pacific/Apia", 2011, 5 * time.Minute},     // a day is skipped
	}
	for _, y := range years {
		t.Run(fmt.Sprint(y.zone, y.year), func(t *testing.T) {
			t.Parallel()
			m := walkYear(t, y.zone, y.year, y.step)
			for i := range shapes {
				m.compare(t, 1<<i, 0)
				m.compare(t, 0, 1<<i)
			}
			for seed := range uint64(8) {
				r := rand.New(rand.NewPCG(seed, 1))
				some := func() uint32 { return r.Uint32() & r.Uint32() & r.Uint32() & (1<<len(shapes) - 1) }
				m.compare(t, some(), some())
			}
		})
	}
}

// closed is what the walk says of some shapes together, a bit for each.
func (m minutes) closed(i int, deny, allow uint32) bool {
	return m.denied[i]&deny != 0 || allow != 0 && m.allowed[i]&allow == 0
}

// windows are some shapes as an app file has them.
func (m minutes) windows(deny, allow uint32) []delivery.Freeze {
	var all []delivery.Freeze
	for i, s := range shapes {
		if deny>>i&1 == 1 {
			all = append(all, delivery.Freeze{Deny: s.text, Zone: m.zone})
		}
		if allow>>i&1 == 1 {
			all = append(all, delivery.Freeze{Allow: s.text, Zone: m.zone})
		}
	}
	return all
}

// spans are those that the walk has found, without their reasons.
func (m minutes) spans(deny, allow uint32) []Span {
	var all []Span
	for n, i := range m.edges[:len(m.edges)-1] {
		s := Span{From: m.at(i), To: m.at(m.edges[n+1]), Closed: m.closed(i, deny, allow)}
		if len(all) > 0 && all[len(all)-1].Closed == s.Closed {
			all[len(all)-1].To = s.To
			continue
		}
		all = append(all, s)
	}
	return all
}

// compare holds Spans and At against the walk.
func (m minutes) compare(t *testing.T, deny, allow uint32) {
	t.Helper()
	windows, want := m.windows(deny, allow), m.spans(deny, allow)
	got := Spans(windows, want[0].From, want[len(want)-1].To)
	if len(got) != len(want) {
		t.Errorf("%v: %d spans, want %d", windows, len(got), len(want))
	}
	for n := range min(len(got), len(want)) {
		g, w := got[n], want[n]
		if !g.From.Equal(w.From) || !g.To.Equal(w.To) || g.Closed != w.Closed || g.Closed != (len(g.Reasons) > 0) {
			t.Fatalf("%v: span %d is %+v, want %+v", windows, n, g, w)
		}
		if n%29 == 0 { // each reads the windows anew, which takes time
			compareAt(t, windows, want[n:])
		}
	}
}

// compareAt asks At in a span, at its ends and in it.
func compareAt(t *testing.T, windows []delivery.Freeze, rest []Span) {
	t.Helper()
	s := rest[0]
	for _, at := range []time.Time{s.From, s.From.Add(s.To.Sub(s.From) / 2), s.To.Add(-time.Nanosecond)} {
		v := At(windows, at)
		if v.Closed != s.Closed {
			t.Fatalf("%v: at %v it says closed %v, but the span is %+v", windows, at, v.Closed, s)
		}
		if s.Closed && len(rest) > 1 && !v.Until.Equal(s.To) {
			t.Fatalf("%v: at %v it opens again at %v, but the span is %+v", windows, at, v.Until, s)
		}
	}
}

func (m minutes) at(i int) time.Time { return m.begin.Add(time.Duration(i) * m.step) }
