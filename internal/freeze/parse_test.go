package freeze

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"falkirk/internal/delivery"
)

func TestParse(t *testing.T) {
	t.Parallel()
	const hour = time.Hour
	weekdays := func(start, length time.Duration, days ...time.Weekday) schedule {
		var s schedule
		for _, d := range days {
			s.turns = append(s.turns, turn{d, start, length})
		}
		return s
	}
	dates := func(from, to string) schedule { return schedule{once: true, from: utc(t, from), to: utc(t, to)} }
	tests := map[string]schedule{
		"Fri 16:00 - Mon 08:00":               weekdays(16*hour, 64*hour, time.Friday),
		"  fri 16:00-MONDAY 8:00 ":            weekdays(16*hour, 64*hour, time.Friday),
		"Mon 09:00 - Mon 17:00":               weekdays(9*hour, 8*hour, time.Monday),
		"Mon 17:00 - Mon 09:00":               weekdays(17*hour, 160*hour, time.Monday),
		"Mon 00:00 - Sun":                     weekdays(0, week, time.Monday),
		"Mon 08:00 - Mon":                     weekdays(8*hour, 16*hour, time.Monday),
		"Sun 22:00 - Sat 24:00":               weekdays(22*hour, 146*hour, time.Sunday),
		"Mon-Wed 09:00-17:00":                 weekdays(9*hour, 8*hour, time.Monday, time.Tuesday, time.Wednesday),
		"Sat - Mon 22:00 - 06:00":             weekdays(22*hour, 8*hour, time.Saturday, time.Sunday, time.Monday),
		"Wed 20:00-24:00":                     weekdays(20*hour, 4*hour, time.Wednesday),
		"Fri-Mon":                             weekdays(0, 96*hour, time.Friday),
		"Sat-Sun":                             weekdays(0, 48*hour, time.Saturday),
		"Sun-Sat":                             weekdays(0, week, time.Sunday),
		"Sun":                                 weekdays(0, 24*hour, time.Sunday),
		"daily":                               weekdays(0, week, time.Monday),
		"Daily 00:00-24:00":                   weekdays(0, 24*hour, 1, 2, 3, 4, 5, 6, 0),
		"Mon,Wed , Fri 09:00-10:30":           weekdays(9*hour, 90*time.Minute, time.Monday, time.Wednesday, time.Friday),
		"2026-12-20 - 2027-01-04":             dates("2026-12-20 00:00", "2027-01-05 00:00"),
		"2026-12-24":                          dates("2026-12-24 00:00", "2026-12-25 00:00"),
		"2026-11-27 18:00 - 2026-11-28 06:00": dates("2026-11-27 18:00", "2026-11-28 06:00"),
		"2026-11-27 18:00-2026-11-28 24:00":   dates("2026-11-27 18:00", "2026-11-29 00:00"),
		"2026-12-20 18:00 - 2027-01-04":       dates("2026-12-20 18:00", "2027-01-05 00:00"),
		"2026-12-20 - 2027-01-04 06:00":       dates("2026-12-20 00:00", "2027-01-04 06:00"),
		"2026-12-24 12:00 - 18:00":            dates("2026-12-24 12:00", "2026-12-24 18:00"),
		"2026-12-31 22:00 - 02:00":            dates("2026-12-31 22:00", "2027-01-01 02:00"),
		"2028-02-29":                          dates("2028-02-29 00:00", "2028-03-01 00:00"),
	}
	for text, want := range tests {
		got, err := parse(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(schedule{}, turn{})); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

func TestWhatIsNotAWindow(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"":                           "it is empty",
		"   ":                        "it is empty",
		"Frx 16:00 - Mon 08:00":      `"Frx" is not a day of the week`,
		"Fri 25:00 - Mon 08:00":      `there is no time "25:00"`,
		"Fri 16:60 - Mon 08:00":      `there is no time "16:60"`,
		"Fri 24:00 - Mon 08:00":      `there is no time "24:00"`,
		"Fri 16:00 - Mon 24:01":      `there is no time "24:01"`,
		"Fri 16 - Mon 8":             `"16" is neither a day nor a time`,
		"Fri 4pm - Mon 8am":          `"4pm" is neither a day nor a time`,
		"Fri 16:00 – Mon 08:00":      `"–" is neither a day nor a time`,
		"Fri 16:00":                  `"-" is missing at its end`,
		"Fri 16:00 -":                "a time is missing at its end",
		"Fri 16:00 - Mon 08:00 UTC":  `"UTC" is too much`,
		"Fri - Mon 08:00":            `"-" is missing at its end`,
		"Fri -":                      "a day of the week is missing at its end",
		"Mon, 09:00-10:00":           `a day of the week is missing before "09:00"`,
		"Mon,daily":                  `"daily" is not a day of the week`,
		"Mon 09:00-09:00":            "it does not end after it begins",
		"Mon 00:00-00:00":            "it does not end after it begins",
		"Mon 09:00 - Mon 09:00":      "it does not end after it begins",
		"09:00-17:00":                `a day of the week is missing before "09:00"`,
		"daily 9-17":                 `"9-17" is neither a day nor a time`,
		"2026-02-29":                 `there is no date "2026-02-29"`,
		"2026-2-3":                   `there is no date "2026-2-3"`,
		"1066-10-14":                 `there is no date "1066-10-14"`,
		"9999-12-31":                 `there is no date "9999-12-31"`,
		"20.12.2026":                 `"20.12.2026" is neither a day nor a time`,
		"2027-01-04 - 2026-12-20":    "it does not end after it begins",
		"2026-12-24 12:00 - 12:00":   "it does not end after it begins",
		"2026-12-24 12:00":           `"-" is missing at its end`,
		"2026-12-24 - 12:00":         `a date is missing before "12:00"`,
		"2026-12-24 - Fri":           `a date is missing before "Fri"`,
		"2026-12-24 12:00 - 18:00 -": `"-" is too much`,
		"2026-11-27T18:00:00Z - 2026-11-28T06:00:00Z": `":00Z" is neither a day nor a time`,
		strings.Repeat("Mon,", 51) + "Mon":            "it is too long",
	}
	for text, want := range tests {
		s, err := parse(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %+v and error %v, want %s", text, s, err, want)
		}
	}
}

func TestCheckNamesTheKey(t *testing.T) {
	t.Parallel()
	tests := map[string]delivery.Freeze{
		"":      {Deny: "daily", Allow: "daily"},
		"deny":  {Deny: "nightly", Zone: "Europe/Atlantis"},
		"allow": {Allow: "nightly"},
		"zone":  {Allow: "daily", Zone: "CEST+1"},
	}
	for key, f := range tests {
		problems := Check(f)
		if len(problems) != 1 || strings.Join(problems[0].Path, ".") != key || problems[0].Want == "" {
			t.Errorf("%+v: got %v, want one about %q", f, problems, key)
		}
	}
	if problems := Check(delivery.Freeze{Deny: "daily 22:00-06:00", Zone: "Europe/Berlin"}); problems != nil {
		t.Errorf("got %v of one that is right", problems)
	}
}

// FuzzParse: no panic, no hang; what is taken has a length, and what is not
// taken is closed.
func FuzzParse(f *testing.F) {
	for _, s := range shapes {
		f.Add(s.text, "Europe/Berlin", int64(1774746000))
	}
	f.Add("Fri 25:00", "Australia/Lord_Howe", int64(-1))
	f.Add("9998-12-31 00:00 - 24:00", "Pacific/Apia", int64(253402300800))
	f.Fuzz(func(t *testing.T, text, zone string, second int64) {
		second %= 1 << 38 // years of four digits
		from := time.Unix(second, 0)
		given := delivery.Freeze{Deny: text, Zone: zone}
		wrong := len(Check(given)) > 0
		if s, err := parse(text); err == nil {
			checkSchedule(t, s)
		} else if !wrong {
			t.Errorf("%q is an error and Check is silent", text)
		}
		for _, windows := range [][]delivery.Freeze{{given}, {{Allow: text, Zone: zone}}} {
			v := At(windows, from)
			if wrong && (!v.Closed || !v.Until.IsZero()) {
				t.Errorf("%q in %q cannot be read, and is open: %+v", text, zone, v)
			}
			if v.Closed && !v.Until.IsZero() && (!v.Until.After(from) || At(windows, v.Until).Closed) {
				t.Errorf("%q in %q at %v: not open at %v", text, zone, from, v.Until)
			}
			spans := Spans(windows, from, from.Add(31*day))
			if len(spans) == 0 || spans[0].Closed != v.Closed {
				t.Errorf("%q in %q at %v: %+v, but the spans are %+v", text, zone, from, v, spans)
			}
		}
	})
}

func checkSchedule(t *testing.T, s schedule) {
	t.Helper()
	if s.once != s.from.Before(s.to) || s.once == (len(s.turns) > 0) {
		t.Errorf("nothing, or both: %+v", s)
	}
	for _, turn := range s.turns {
		if turn.length <= 0 || turn.length > week || turn.start < 0 || turn.start >= day {
			t.Errorf("bad turn: %+v", turn)
		}
	}
}
