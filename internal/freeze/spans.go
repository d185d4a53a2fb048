package freeze

import (
	"slices"
	"time"

	"falkirk/internal/delivery"
)

// Span is a time from one instant until before another in which an environment
// is open throughout, or closed throughout.
type Span struct {
	From    time.Time `json:"from"` // UTC
	To      time.Time `json:"to"`   // UTC
	Closed  bool      `json:"closed"`
	Reasons []string  `json:"reasons,omitempty"` // the windows that close some of it, in the order in which they do
}

// Spans lists what is open and what is closed from one instant until before
// another, without gaps; open and closed follow each other in turn. There is
// none when to is not after from.
func Spans(windows []delivery.Freeze, from, to time.Time) []Span {
	if !from.Before(to) {
		return nil
	}
	from, to = from.UTC(), to.UTC()
	var all []Span
	w := newWalk(readAll(windows), from, to)
	for i, at := range w.changes[:len(w.changes)-1] {
		reasons := w.reasons(at)
		next := Span{From: at, To: w.changes[i+1], Closed: len(reasons) > 0, Reasons: reasons}
		if n := len(all); n > 0 && all[n-1].Closed == next.Closed {
			all[n-1].extend(next)
			continue
		}
		all = append(all, next)
	}
	return all
}

func (s *Span) extend(by Span) {
	s.To = by.To
	for _, r := range by.Reasons {
		if !slices.Contains(s.Reasons, r) {
			s.Reasons = append(s.Reasons, r)
		}
	}
}

// walk goes through the changes of windows in their order.
type walk struct {
	windows
	occurrences [][]interval // by window; ordered by their ends, those that are over are taken off
	changes     []time.Time  // ordered; the first and the last are the ends of the walk
}

func newWalk(all windows, from, to time.Time) *walk {
	w := &walk{windows: all, occurrences: make([][]interval, len(all)), changes: []time.Time{from, to}}
	for i, win := range all {
		if win.wrong != nil {
			continue
		}
		w.occurrences[i] = win.between(from, to)
		slices.SortFunc(w.occurrences[i], func(a, b interval) int { return a.end.Compare(b.end) })
		for _, o := range w.occurrences[i] {
			for _, at := range []time.Time{o.start, o.end} {
				if at.After(from) && at.Before(to) {
					w.changes = append(w.changes, at)
				}
			}
		}
	}
	slices.SortFunc(w.changes, time.Time.Compare)
	w.changes = slices.CompactFunc(w.changes, time.Time.Equal)
	return w
}

// reasons says which windows close the environment at one of the changes; the
// calls go forward in time.
func (w *walk) reasons(at time.Time) []string {
	var closing, outside []string
	allowed := false
	for i, win := range w.windows {
		switch covered := w.covers(i, at); {
		case win.wrong != nil, win.deny && covered:
			closing = append(closing, win.why())
		case !win.deny && covered:
			allowed = true
		case !win.deny:
			outside = append(outside, win.why())
		}
	}
	if !allowed {
		closing = append(closing, outside...)
	}
	return closing
}

// covers reports whether a window covers an instant. An occurrence that begins
// later may end earlier only where windows of one text overlap, so the few that
// are not over are looked at until one begins too late to matter.
func (w *walk) covers(i int, at time.Time) bool {
	for len(w.occurrences[i]) > 0 && !w.occurrences[i][0].end.After(at) {
		w.occurrences[i] = w.occurrences[i][1:]
	}
	for _, o := range w.occurrences[i] {
		if !o.start.After(at) {
			return true
		}
		if o.start.After(at.Add(week + 2*farthest)) {
			return false
		}
	}
	return false
}
