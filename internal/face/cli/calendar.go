package cli

import (
	"cmp"
	"regexp"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/freeze"
)

// calendar is when one environment is open and when it is closed.
type calendar struct {
	Environment string            `json:"environment"`
	Windows     []delivery.Freeze `json:"windows"`
	At          time.Time         `json:"at"`  // when it was asked
	Now         freeze.Verdict    `json:"now"` // at that time
	From        time.Time         `json:"from"`
	To          time.Time         `json:"to"`
	Spans       []freeze.Span     `json:"spans"`

	zone *time.Location // whose clock is shown
}

// calendarRequest is what the flags say.
type calendarRequest struct{ next, from, zone string }

func (f *face) calendarCmd() *cobra.Command {
	var req calendarRequest
	cmd := &cobra.Command{
		Annotations: does(EffectReads),
		Use:         "calendar [ENVIRONMENT]", Short: "When freeze windows close an environment, and when it is open",
		Long: `Shows when freeze windows close an environment to promotions, and when it is
open, by the clock of the windows' time zone. Where that clock changes in the
time shown, or the windows have several zones, the same is shown in UTC.`,
		Example: "  falkirk calendar prd\n  falkirk calendar prd --from 2026-03-01 --next 8w\n  falkirk calendar --next 12h --zone Asia/Tokyo",
		Args:    atMostOne("ENVIRONMENT"), GroupID: "see", ValidArgsFunction: f.completeEnvironments,
		RunE: func(_ *cobra.Command, args []string) error {
			file, err := f.loadUsed()
			if err != nil {
				return err
			}
			all, err := calendars(file.App, args, req, f.Now())
			if err != nil {
				return err
			}
			f.doc.Result = all
			return f.text(func() { f.printCalendars(all) })
		},
	}
	cmd.Flags().StringVar(&req.next, "next", "30d", "how much to show: 12h, 30d, 8w")
	cmd.Flags().StringVar(&req.from, "from", "", `the first day or minute to show: 2026-03-01, or "2026-03-01 16:00" (default: now)`)
	cmd.Flags().StringVar(&req.zone, "zone", "", "show times by the clock of this zone (default: that of the first window)")
	return cmd
}

// calendars makes the calendar of one environment, or of all.
func calendars(app delivery.App, only []string, req calendarRequest, now time.Time) ([]calendar, error) {
	environments := app.Environments
	if len(only) == 1 {
		one, err := app.Environment(only[0])
		if err != nil {
			return nil, err
		}
		environments = []delivery.Environment{one}
	}
	all := []calendar{}
	for _, e := range environments {
		c, err := calendarOf(e, req, now)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

func calendarOf(e delivery.Environment, req calendarRequest, now time.Time) (calendar, error) {
	if err := cmp.Or(e.Unusable, e.NoRules).Err("environment " + e.Name); err != nil {
		return calendar{}, err
	}
	c := calendar{Environment: e.Name, Windows: append([]delivery.Freeze{}, e.Freeze...), At: now.UTC(), Now: freeze.At(e.Freeze, now)}
	var err error
	if c.zone, err = shownZone(e.Freeze, req.zone); err != nil {
		return c, err
	}
	from, err := beginning(req.from, c.zone, now)
	if err != nil {
		return c, err
	}
	to, err := later(from.In(c.zone), req.next)
	if err != nil {
		return c, err
	}
	c.From, c.To, c.Spans = from.UTC(), to.UTC(), freeze.Spans(e.Freeze, from, to)
	return c, nil
}

// shownZone is the zone that was asked for, else that of the first window.
func shownZone(windows []delivery.Freeze, asked string) (*time.Location, error) {
	zone, ok := freeze.Zone(asked)
	if !ok {
		return nil, fault.Hint(fault.New(fault.Invalid, "--zone %q is not a time zone", asked), "use an IANA name such as Europe/Berlin")
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
	return time.Time{}, fault.Hint(fault.New(fault.Invalid, "--from %q is not a day", text), `use 2026-03-01, "2026-03-01 16:00" or 2026-03-01T16:00:00Z`)
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
		err := fault.New(fault.Invalid, "--next %q is not a length that can be shown", length)
		return to, fault.Hint(err, "use 12h, 30d or 8w; at most %dd", mostDays)
	}
	return to, nil
}
