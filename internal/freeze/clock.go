package freeze

import "time"

// Wall-clock times are held as if they were in UTC.

// farthest is more than any clock has ever been from UTC (15:13:42, Manila).
const farthest = 26 * time.Hour

// first is the first instant at which the clock of the zone shows wall or later.
func first(wall time.Time, zone *time.Location) time.Time {
	for at := wall.Add(-farthest); ; {
		_, end, offset := between(at, zone)
		if shown := wall.Add(-offset); shown.After(at) {
			at = shown
		}
		if end.IsZero() || at.Before(end) {
			return at
		}
		at = end
	}
}

// last is the instant from which on the clock of the zone never again shows a
// time before wall.
func last(wall time.Time, zone *time.Location) time.Time {
	for at := wall.Add(farthest); ; {
		start, _, offset := between(at.Add(-time.Nanosecond), zone)
		if shown := wall.Add(-offset); shown.Before(at) {
			at = shown
		}
		if start.IsZero() || at.After(start) {
			return at
		}
		at = start
	}
}

// between is the time between two changes of a zone's clock that an instant is
// in, and what the clock is ahead of UTC then. The ends are zero where there is
// no change.
func between(at time.Time, zone *time.Location) (start, end time.Time, ahead time.Duration) {
	local := at.In(zone)
	_, seconds := local.Zone()
	start, end = local.ZoneBounds()
	return start.UTC(), end.UTC(), time.Duration(seconds) * time.Second
}
