package app

import (
	"regexp"
	"slices"
	"testing"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/face/cli"
	"falkirk/internal/rule"
)

// What a rule says next is whole commands: the command that was refused may not
// have the flag.
func TestWhatRulesSayNextNamesCommandsThatHaveTheFlags(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	op := delivery.Operation{Verb: delivery.VerbPromote, Version: "2", Environment: "prd", Actor: "ann"}
	prd := delivery.Environment{Name: "prd", After: []string{"dev"}}
	soak, frozen := prd, delivery.Environment{Name: "prd", Freeze: []delivery.Freeze{{Deny: "daily"}}}
	soak.Soak = delivery.Duration(time.Hour)
	past := delivery.Tenure{Version: "2", Since: now.Add(-time.Minute)}
	situations := []rule.Situation{
		{Environment: prd, Operation: op, Now: now, Before: map[string]delivery.Record{"dev": {}}},
		{Environment: soak, Operation: op, Now: now, Before: map[string]delivery.Record{"dev": {Promoted: []string{"2"}, Tenures: []delivery.Tenure{past}}}},
		{Environment: soak, Operation: op, Now: now, Before: map[string]delivery.Record{"dev": {Promoted: []string{"2"}, Tenures: []delivery.Tenure{past, {Version: "3", Since: now.Add(-time.Second)}}}}},
		{Environment: frozen, Operation: op, Now: now},
		{Environment: prd, Operation: op, Now: now, Own: delivery.Record{Stop: &op}},
		{Environment: prd, Operation: op, Now: now, Own: delivery.Record{Hold: &delivery.Operation{Version: "1"}}},
	}
	flags := map[string][]string{}
	for _, c := range cli.Commands(wire()) {
		flags[c.Path] = c.Flags
	}
	command := regexp.MustCompile(`falkirk ([a-z-]+)[^,;]*`)
	flag := regexp.MustCompile(`--([a-z-]+)`)
	for _, s := range situations {
		o := rule.First(s)
		if o == nil {
			t.Fatalf("nothing refuses %+v", s)
		}
		left := command.ReplaceAllStringFunc(o.Next, func(text string) string {
			has, ok := flags[command.FindStringSubmatch(text)[1]]
			if !ok {
				t.Errorf("%q names no command", o.Next)
				return ""
			}
			for _, f := range flag.FindAllStringSubmatch(text, -1) {
				if !slices.Contains(has, f[1]) {
					t.Errorf("%q: no flag --%s", text, f[1])
				}
			}
			return ""
		})
		if flag.MatchString(left) {
			t.Errorf("%q names a flag outside of a command", o.Next)
		}
	}
}
