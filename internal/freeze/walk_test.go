package freeze

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"falkirk/internal/delivery"
)

// The tests here know nothing of offsets: they walk through a year minute by
// minute and read what the clock on the wall shows, as text.

// minutes is a year of a zone, with some days before and after.
type minutes struct {
	begin time.Time
	shown []string
}

const (
	minuteLayout = "2006-01-02 15:04"
	margin       = 20 * 24 * 60 // minutes around the year that only help to see its ends
)

func walkYear(t *testing.T, zone string, year int) minutes {
	t.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC).Add(-margin * time.Minute)
	end := time.Date(year+1, 1, 1, 0, 0, 0, 0, time.UTC).Add(margin * time.Minute)
	m := minutes{begin: begin}
	for at := begin; at.Before(end); at = at.Add(time.Minute) {
		m.shown = append(m.shown, at.In(loc).Format(minuteLayout))
	}
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

// covered marks the minutes that a window covers.
func (m minutes) covered(s shape, deny bool) []bool {
	in := make([]bool, len(m.shown))
	for i := 0; i+24*60 <= len(m.shown); i += 24 * 60 {
		date := m.begin.Add(time.Duration(i) * time.Minute)
		for _, w := range s.weekdays {
			if date.Weekday() == w {
				m.mark(in, s, date, i, deny)
			}
		}
		for _, d := range s.dates {
			if date.Format(time.DateOnly) == d {
				m.mark(in, s, date, i, deny)
			}
		}
	}
	return in
}

// mark marks one occurrence. It looks at the minutes for two days around it, as
// no clock is further from UTC.
func (m minutes) mark(in []bool, s shape, date time.Time, index int, deny bool) {
	start := date.Format(time.DateOnly) + " " + s.start
	end := date.AddDate(0, 0, s.later).Format(time.DateOnly) + " " + s.end
	from, to := max(0, index-2*24*60), min(len(m.shown), index+(s.later+3)*24*60)
	firstStart, lastBeforeStart, firstEnd, lastBeforeEnd := to, from-1, to, from-1
	for i := from; i < to; i++ {
		if m.shown[i] >= start {
			firstStart = min(firstStart, i)
		} else {
			lastBeforeStart = i
		}
		if m.shown[i] >= end {
			firstEnd = min(firstEnd, i)
		} else {
			lastBeforeEnd = i
		}
	}
	begin, over := firstStart, lastBeforeEnd+1
	if !deny {
		begin, over = lastBeforeStart+1, firstEnd
	}
	for i := begin; i < over; i++ {
		in[i] = true
	}
}

func TestSpansAndAtAgreeWithAWalkThroughTheYear(t *testing.T) {
	t.Parallel()
	years := []struct {
		zone string
		year int
	}{
		{"Europe/Berlin", 2026},
		{"America/New_York", 2026},
		{"Australia/Lord_Howe", 2026}, // half an hour
		{"Asia/Kathmandu", 2026},      // 5:45, no changes
		{"UTC", 2026},
		{"America/Havana", 2026},   // from 01:00 back to midnight
		{"America/Santiago", 2026}, // from midnight back to the day before
		{"Africa/Cairo", 2026},     // midnight is skipped
		{"Pacific/Apia", 2011},     // a day is skipped
	}
	for _, y := range years {
		t.Run(fmt.Sprint(y.zone, y.year), func(t *testing.T) {
			t.Parallel()
			m := walkYear(t, y.zone, y.year)
			denied, allowed := map[string][]bool{}, map[string][]bool{}
			for _, s := range shapes {
				denied[s.text], allowed[s.text] = m.covered(s, true), m.covered(s, false)
				m.compare(t, []delivery.Freeze{{Deny: s.text, Zone: y.zone}}, denied[s.text])
				m.compare(t, []delivery.Freeze{{Allow: s.text, Zone: y.zone}}, not(allowed[s.text]))
			}
			for seed := range uint64(10) {
				m.compareSet(t, y.zone, rand.New(rand.NewPCG(seed, 1)), denied, allowed)
			}
		})
	}
}

// compareSet compares some windows together.
func (m minutes) compareSet(t *testing.T, zone string, r *rand.Rand, denied, allowed map[string][]bool) {
	t.Helper()
	var set []delivery.Freeze
	closed, open := make([]bool, len(m.shown)), make([]bool, len(m.shown))
	allows := false
	for range 1 + r.IntN(5) {
		s := shapes[r.IntN(len(shapes))]
		if r.IntN(2) == 0 {
			set, closed = append(set, delivery.Freeze{Deny: s.text, Zone: zone}), or(closed, denied[s.text])
			continue
		}
		set, open, allows = append(set, delivery.Freeze{Allow: s.text, Zone: zone}), or(open, allowed[s.text]), true
	}
	if allows {
		closed = or(closed, not(open))
	}
	m.compare(t, set, closed)
}

// compare holds Spans, and At around their ends and at some minutes between,
// against the minutes of the year.
func (m minutes) compare(t *testing.T, windows []delivery.Freeze, closed []bool) {
	t.Helper()
	from, to := margin, len(closed)-margin
	spans := Spans(windows, m.at(from), m.at(to))
	i := from
	for n, s := range spans {
		if !s.From.Equal(m.at(i)) || n > 0 && s.Closed == spans[n-1].Closed || s.Closed != (len(s.Reasons) > 0) {
			t.Fatalf("%v: span %d is %+v, after %+v", windows, n, s, spans[max(n-1, 0)])
		}
		for ; i < to && m.at(i).Before(s.To); i++ {
			if closed[i] != s.Closed {
				t.Fatalf("%v: at %v, when the clock shows %s, the walk says closed %v and span %+v does not", windows, m.at(i), m.shown[i], closed[i], s)
			}
		}
		if n%5 == 0 { // each reads the windows anew, which takes most of the time
			m.compareAt(t, windows, spans[n:])
		}
	}
	if i != to || !spans[len(spans)-1].To.Equal(m.at(to)) {
		t.Fatalf("%v: the spans end at %v, not at %v", windows, m.at(i), m.at(to))
	}
}

// compareAt asks At in a span, at its ends and in it.
func (m minutes) compareAt(t *testing.T, windows []delivery.Freeze, rest []Span) {
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

func (m minutes) at(i int) time.Time { return m.begin.Add(time.Duration(i) * time.Minute) }

func not(a []bool) []bool {
	out := make([]bool, len(a))
	for i := range a {
		out[i] = !a[i]
	}
	return out
}

func or(a, b []bool) []bool {
	out := make([]bool, len(a))
	for i := range a {
		out[i] = a[i] || b[i]
	}
	return out
}
