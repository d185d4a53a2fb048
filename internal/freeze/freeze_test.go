package freeze

import (
	"strings"
	"testing"
	"time"

	"falkirk/internal/delivery"
)

func utc(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04", s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

const never = ""

func TestAt(t *testing.T) {
	t.Parallel()
	weekend := delivery.Freeze{Deny: "Fri 16:00 - Mon 08:00", Zone: "Europe/Berlin", Reason: "nobody is there"}
	hours := delivery.Freeze{Allow: "Mon-Thu 09:00-17:00", Zone: "Europe/Berlin"}
	tests := []struct {
		name    string
		windows []delivery.Freeze
		now     string // UTC
		closed  bool
		until   string // UTC
		reason  string
	}{
		{"no windows", nil, "2026-11-21 12:00", false, never, ""},
		{"before the weekend", []delivery.Freeze{weekend}, "2026-11-20 14:59", false, never, ""},
		{
			"the weekend begins",
			[]delivery.Freeze{weekend},
			"2026-11-20 15:00", true, "2026-11-23 07:00",
			`deny "Fri 16:00 - Mon 08:00" in Europe/Berlin (nobody is there); it opens again on Mon 2026-11-23 08:00 CET`,
		},
		{"the weekend's last minute", []delivery.Freeze{weekend}, "2026-11-23 06:59", true, "2026-11-23 07:00", ""},
		{"the weekend is over", []delivery.Freeze{weekend}, "2026-11-23 07:00", false, never, ""},
		{"the weekend of the change is an hour shorter", []delivery.Freeze{weekend}, "2026-03-28 12:00", true, "2026-03-30 06:00", ""},
		{"in hours", []delivery.Freeze{hours}, "2026-11-19 08:00", false, never, ""},
		{
			"after hours",
			[]delivery.Freeze{hours},
			"2026-11-19 16:00", true, "2026-11-23 08:00",
			`outside of allow "Mon-Thu 09:00-17:00" in Europe/Berlin; it opens again on Mon 2026-11-23 09:00 CET`,
		},
		{"one of several allows", []delivery.Freeze{hours, {Allow: "2026-11-21"}}, "2026-11-21 12:00", false, never, ""},
		{"the next of several allows", []delivery.Freeze{hours, {Allow: "2026-11-21 10:00 - 12:00"}}, "2026-11-20 12:00", true, "2026-11-21 10:00", "2026-11-21 10:00 - 12:00"},
		{
			"deny wins over allow",
			[]delivery.Freeze{hours, {Deny: "2026-11-23 - 2026-11-24", Zone: "Asia/Kathmandu"}},
			"2026-11-23 10:00", true, "2026-11-25 08:00", `deny "2026-11-23 - 2026-11-24" in Asia/Kathmandu; it opens again on Wed 2026-11-25 13:45 +0545`,
		},
		{"an absolute one that is over", []delivery.Freeze{{Deny: "2026-11-20"}}, "2026-11-21 00:00", false, never, ""},
		{"an allow that is over", []delivery.Freeze{{Allow: "2026-11-20"}}, "2026-11-21 00:00", true, never, "no time is known"},
		{"always", []delivery.Freeze{{Deny: "daily"}}, "2026-11-21 00:00", true, never, "no time is known"},
		{"covered by two in turn", []delivery.Freeze{{Deny: "Mon-Wed"}, {Deny: "Thu-Sun"}}, "2026-11-21 00:00", true, never, "no time is known"},
		{"bad text", []delivery.Freeze{{Deny: "Frx"}}, "2026-11-21 00:00", true, never, "cannot be read and counts as closed"},
		{"bad text of an allow", []delivery.Freeze{{Allow: "daily"}, {Allow: "Frx"}}, "2026-11-21 00:00", true, never, `"Frx" is not a day of the week`},
		{"bad text comes before all", []delivery.Freeze{{Deny: "daily"}, {Allow: "Frx"}}, "2026-11-21 00:00", true, never, "Frx"},
		{"unknown zone", []delivery.Freeze{{Deny: "2020-01-01", Zone: "Europe/Atlantis"}}, "2026-11-21 00:00", true, never, `"Europe/Atlantis" is not a time zone`},
		{"the machine's zone", []delivery.Freeze{{Deny: "2020-01-01", Zone: "Local"}}, "2026-11-21 00:00", true, never, `"Local" is not a time zone`},
		{"a path", []delivery.Freeze{{Deny: "2020-01-01", Zone: "../../etc/passwd"}}, "2026-11-21 00:00", true, never, `is not a time zone`},
		{"neither", []delivery.Freeze{{Zone: "UTC"}}, "2026-11-21 00:00", true, never, "neither deny nor allow is given"},
		{"both", []delivery.Freeze{{Deny: "2020-01-01", Allow: "daily"}}, "2026-11-21 00:00", true, never, "deny and allow are both given"},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			v := At(c.windows, utc(t, c.now))
			var until time.Time
			if c.until != never {
				until = utc(t, c.until)
			}
			if v.Closed != c.closed || !v.Until.Equal(until) || !strings.Contains(v.Reason, c.reason) {
				t.Errorf("got %+v, want closed %v until %v because %s", v, c.closed, until, c.reason)
			}
			if v.Closed == (v.Reason == "") || v.Closed == (v.Window == delivery.Freeze{}) && c.name != "neither" || strings.Contains(v.Reason, "\n") {
				t.Errorf("the reason is not one line, or is there without need: %+v", v)
			}
		})
	}
}
