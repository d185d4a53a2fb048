package freeze

import "time"

const (
	day  = 24 * time.Hour
	week = 7 * day
)

// schedule is what the text of a window says, by the wall clock.
type schedule struct {
	once     bool
	from, to time.Time // of one that is once
	turns    []turn    // of one that is every week
}

// turn is one part of a schedule of every week.
type turn struct {
	weekday time.Weekday
	start   time.Duration // from midnight
	length  time.Duration // by the wall clock; at most a week
}

// spans lists the occurrences, by the wall clock, that overlap a time of the
// wall clock.
func (s schedule) spans(from, to time.Time) []interval {
	if s.once {
		return []interval{{s.from, s.to}}
	}
	var all []interval
	from, to = from.UTC(), to.UTC()
	for date := from.Truncate(day).Add(-week); !date.After(to); date = date.Add(day) {
		for _, t := range s.turns {
			start := date.Add(t.start)
			if t.weekday == date.Weekday() && start.Before(to) && start.Add(t.length).After(from) {
				all = append(all, interval{start, start.Add(t.length)})
			}
		}
	}
	return all
}
