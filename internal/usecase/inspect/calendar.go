package inspect

import (
	"cmp"
	"context"
	"regexp"
	"strconv"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/freeze"
	"falkirk/internal/usecase"
)

// CalendarQuery asks for one environment, or for all.
type CalendarQuery struct {
	Environment string `json:"environment,omitempty"`
	Next        string `json:"next,omitempty"` // how much: 12h, 30d or 8w; empty: 30d
	From        string `json:"from,omitempty"` // the first day or minute: 2026-03-01, "2026-03-01 16:00"; empty: now
	Zone        string `json:"zone,omitempty"` // whose clock From and Next go by; empty: that of the first window
}

// CalendarResult is a calendar for each environment.
type CalendarResult []Calendar

// Calendar is when one environment is open and when it is closed.
type Calendar struct {
	Environment string            `json:"environment"`
	Windows     []delivery.Freeze `json:"windows"`
	Zone        string            `json:"zone"` // whose clock it goes by
	At          time.Time         `json:"at"`   // when it was asked
	Now         freeze.Verdict    `json:"now"`  // at that time
	From        time.Time         `json:"from"`
	To          time.Time         `json:"to"`
	Spans       []freeze.Span     `json:"spans"`
}

func newCalendar(now func() time.Time) usecase.Case[CalendarQuery, CalendarResult] {
	return usecase.Case[CalendarQuery, CalendarResult]{
		Name: "inspect.calendar", Doc: "Show when freeze windows close an environment, and when it is open",
		Effect: usecase.Reads, Reach: usecase.Anywhere, Needs: usecase.View,
		Do: func(ctx context.Context, c *usecase.Call, q CalendarQuery) (CalendarResult, error) {
			file, err := c.AppFile(ctx)
			if err != nil {
				return nil, err
			}
			return calendars(file.App, q, now())
		},
	}
}

func calendars(app delivery.App, q CalendarQuery, now time.Time) (CalendarResult, error) {
	environments := app.Environments
	if q.Environment != "" {
		one, err := app.Environment(q.Environment)
		if err != nil {
			return nil, err
		}
		environments = []delivery.Environment{one}
	}
	all := CalendarResult{}
	for _, e := range environments {
		c, err := calendarOf(e, q, now)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

func calendarOf(e delivery.Environment, q CalendarQuery, now time.Time) (Calendar, error) {
	if err := cmp.Or(e.Unusable, e.NoRules).Err("environment " + e.Name); err != nil {
		return Calendar{}, err
	}
	c := Calendar{Environment: e.Name, Windows: append([]delivery.Freeze{}, e.Freeze...), At: now.UTC(), Now: freeze.At(e.Freeze, now)}
	zone, err := shownZone(e.Freeze, q.Zone)
	if err != nil {
		return c, err
	}
	from, err := beginning(q.From, zone, now)
	if err != nil {
		return c, err
	}
	to, err := later(from.In(zone), cmp.Or(q.Next, "30d"))
	if err != nil {
		return c, err
	}
	c.Zone, c.From, c.To, c.Spans = zone.String(), from.UTC(), to.UTC(), freeze.Spans(e.Freeze, from, to)
	return c, nil
}

// shownZone is the zone that was asked for, else that of the first window.
func shownZone(windows []delivery.Freeze, asked string) (*time.Location, error) {
	zone, ok := freeze.Zone(asked)
	if !ok {
		return nil, fault.Hint(fault.New(fault.Invalid, "%q is not a time zone", asked), "use an IANA name such as Europe/Berlin")
	}
	if asked == "" && len(windows) > 0 {
		if first, ok := freeze.Zone(windows[0].Zone); ok {
			return first, nil
		}
	}
	return zone, nil
}

func beginning(text string, zone *time.Location, now time.Time) (time.Time, error) {
	if text == "" {
		return now.Truncate(time.Minute), nil
	}
	for _, layout := range []string{time.DateOnly, "2006-01-02 15:04", time.RFC3339} {
		if at, err := time.ParseInLocation(layout, text, zone); err == nil && at.Year() < 9000 {
			return at, nil
		}
	}
	return time.Time{}, fault.Hint(fault.New(fault.Invalid, "%q is not a day", text), `use 2026-03-01, "2026-03-01 16:00" or 2026-03-01T16:00:00Z`)
}

var manyDays = regexp.MustCompile(`^([1-9][0-9]{0,3})([dw])$`)

// mostDays bounds a calendar.
const mostDays = 3700

// later adds a length to a time: days and weeks by its clock, hours as they are.
func later(from time.Time, length string) (time.Time, error) {
	to := from
	if m := manyDays.FindStringSubmatch(length); m != nil {
		n, _ := strconv.Atoi(m[1]) // four digits
		if m[2] == "w" {
			n *= 7
		}
		to = from.AddDate(0, 0, n)
	} else if d, err := time.ParseDuration(length); err == nil {
		to = from.Add(d)
	}
	if !to.After(from) || to.After(from.AddDate(0, 0, mostDays)) {
		err := fault.New(fault.Invalid, "%q is not a length that can be shown", length)
		return to, fault.Hint(err, "use 12h, 30d or 8w; at most %dd", mostDays)
	}
	return to, nil
}
