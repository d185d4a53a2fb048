package freeze

import (
	"fmt"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// window is a Freeze after reading.
type window struct {
	delivery.Freeze
	deny  bool
	zone  *time.Location // UTC when it cannot be read
	when  schedule
	wrong *fault.Problem // why it cannot be read
}

// wanted is what the text of a window looks like.
const wanted = `a window such as "Fri 16:00 - Mon 08:00", "Mon-Thu 09:00-17:00", "daily 22:00-06:00", ` +
	`"Sat-Sun", "2026-12-20 - 2027-01-04" or "2026-11-27 18:00 - 2026-11-28 06:00"`

// read reads a window; what is wrong is kept with it.
func read(f delivery.Freeze) window {
	w := window{Freeze: f, deny: f.Allow == "", zone: time.UTC}
	if (f.Deny == "") == (f.Allow == "") {
		text := "neither deny nor allow is given"
		if f.Deny != "" {
			text = "deny and allow are both given"
		}
		w.wrong = &fault.Problem{Text: text, Want: "one of the two"}
		return w
	}
	key, text := "deny", f.Deny
	if !w.deny {
		key, text = "allow", f.Allow
	}
	var err error
	if w.when, err = parse(text); err != nil {
		w.wrong = &fault.Problem{Path: []string{key}, Text: fmt.Sprintf("%q is not a window: %v", shorten(text), err), Want: wanted}
		return w
	}
	if zone, ok := Zone(f.Zone); ok {
		w.zone = zone
	} else {
		w.wrong = &fault.Problem{
			Path: []string{"zone"}, Text: fmt.Sprintf("%q is not a time zone", shorten(f.Zone)),
			Want: `an IANA name such as "Europe/Berlin"`,
		}
	}
	return w
}

// Zone finds a zone by its IANA name; no name is UTC. "Local" is refused: it
// would be another one on each machine.
func Zone(name string) (*time.Location, bool) {
	if name == "" {
		return time.UTC, true
	}
	zone, err := time.LoadLocation(name)
	return zone, err == nil && name != "Local"
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

// covering finds an occurrence that an instant is in.
func (w window) covering(at time.Time) (in interval, covered bool) {
	for _, o := range w.between(at, at.Add(time.Nanosecond)) {
		return o, true
	}
	return interval{}, false
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
