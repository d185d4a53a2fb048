package freeze

import (
	"errors"
	"fmt"
	"time"

	"falkirk/internal/delivery"
)

// window is a Freeze after reading.
type window struct {
	delivery.Freeze
	deny bool
	zone *time.Location // UTC when it cannot be read
	when schedule
	err  error // why it cannot be read
}

// read reads a window; what is wrong is kept with it.
func read(f delivery.Freeze) window {
	w := window{Freeze: f, deny: f.Allow == "", zone: time.UTC}
	text := f.Deny
	switch {
	case f.Deny == "" && f.Allow == "":
		w.err = errors.New("it has neither deny nor allow")
	case f.Deny != "" && f.Allow != "":
		w.err = errors.New("it has both deny and allow")
	case f.Allow != "":
		text = f.Allow
	}
	if w.err != nil {
		return w
	}
	if w.when, w.err = parse(text); w.err != nil {
		return w
	}
	if zone, err := loadZone(f.Zone); err != nil {
		w.err = err
	} else {
		w.zone = zone
	}
	return w
}

// loadZone finds a zone by its IANA name. "Local" is refused: it would be
// another one on each machine.
func loadZone(name string) (*time.Location, error) {
	if name == "" {
		return time.UTC, nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil, fmt.Errorf(`%q is not a time zone; expected an IANA name such as "Europe/Berlin"`, name)
	}
	return zone, nil
}

// String names the window as the app file does.
func (w window) String() string {
	zone := w.Zone
	if zone == "" {
		zone = "UTC"
	}
	switch {
	case w.Deny != "" && w.Allow != "":
		return fmt.Sprintf("deny %q with allow %q in %s", w.Deny, w.Allow, zone)
	case w.Allow != "":
		return fmt.Sprintf("allow %q in %s", w.Allow, zone)
	}
	return fmt.Sprintf("deny %q in %s", w.Deny, zone)
}

// interval is from start until before end.
type interval struct{ start, end time.Time }

// covering finds the occurrence that an instant is in; of several, the one that
// ends last.
func (w window) covering(at time.Time) (in interval, covered bool) {
	for _, o := range w.between(at, at.Add(time.Nanosecond)) {
		if !covered || o.end.After(in.end) {
			in, covered = o, true
		}
	}
	return in, covered
}

// next is when the window begins next after an instant. An occurrence that a
// change of the clock takes away is passed over.
func (w window) next(at time.Time) (begin time.Time, ok bool) {
	to := at.AddDate(0, 0, 28)
	if w.when.once {
		to = w.when.to.Add(farthest)
	}
	for _, o := range w.between(at, to) {
		if o.start.After(at) && (!ok || o.start.Before(begin)) {
			begin, ok = o.start, true
		}
	}
	return begin, ok
}

// between lists the occurrences that overlap the time from one instant until
// before another.
func (w window) between(from, to time.Time) []interval {
	var all []interval
	for _, s := range w.when.spans(from.Add(-farthest), to.Add(farthest)) {
		o := w.instants(s)
		if o.start.Before(o.end) && o.start.Before(to) && o.end.After(from) {
			all = append(all, o)
		}
	}
	return all
}

// instants turns wall-clock times into instants, by the rule of the package.
func (w window) instants(wall interval) interval {
	if w.deny {
		return interval{first(wall.start, w.zone), last(wall.end, w.zone)}
	}
	return interval{last(wall.start, w.zone), first(wall.end, w.zone)}
}
