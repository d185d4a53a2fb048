package rule_test

import (
	"strings"
	"testing"

	"falkirk/internal/delivery"
	"falkirk/internal/rule"
)

// TestADoubtedLedgerRefuses has each ledger that decides, for each verb that
// relies on it. A rollback does not look at the environments before.
func TestADoubtedLedgerRefuses(t *testing.T) {
	t.Parallel()
	good := log(did("provision", "1"), did("promote", "1"), did("provision", "2"))
	upstream := log(did("provision", "2"), did("promote", "2"))
	doubted := func(r delivery.Record) delivery.Record {
		r.Doubt = &delivery.Doubt{Number: 3, Text: "entry 3 (closed, promote by eve) is not signed"}
		return r
	}
	everything := []delivery.Verb{delivery.VerbProvision, delivery.VerbPromote, delivery.VerbRollback, delivery.VerbPrune}
	for what, c := range map[string]struct {
		own, whole, before delivery.Record
		refuses            []delivery.Verb
		next               string
	}{
		"none":        {good, delivery.Record{}, upstream, nil, ""},
		"its own":     {doubted(good), delivery.Record{}, upstream, everything, "falkirk sign-ledger prd --reason TEXT"},
		"the app's":   {good, doubted(delivery.Record{}), upstream, everything, "falkirk sign-ledger --all --reason TEXT"},
		"that before": {good, delivery.Record{}, doubted(upstream), []delivery.Verb{delivery.VerbPromote}, "falkirk sign-ledger dev --reason TEXT"},
	} {
		for _, verb := range everything {
			s := rule.Situation{
				Environment: delivery.Environment{Name: "prd", After: []string{"dev"}}, Own: c.own, Whole: c.whole, Now: noon,
				Before:    map[string]delivery.Record{"dev": c.before},
				Operation: delivery.Operation{Verb: verb, Version: "2", Reason: "the order is set aside"},
			}
			o := rule.First(s)
			want := strings.Contains(" "+joined(c.refuses)+" ", " "+string(verb)+" ")
			if (o != nil) != want {
				t.Errorf("%s, %s: %+v", what, verb, o)
				continue
			}
			if o != nil && (o.Cause != rule.Doubted || !strings.HasSuffix(o.Next, c.next) || !strings.Contains(o.Text, "entry 3 (closed, promote by eve) is not signed")) {
				t.Errorf("%s, %s: %+v", what, verb, o)
			}
			if why := rule.Why(s); verb == delivery.VerbPromote && (why.Cause == rule.Doubted) != want {
				t.Errorf("%s: why says %+v", what, why)
			}
		}
	}
}

func joined(all []delivery.Verb) string {
	var b strings.Builder
	for _, v := range all {
		b.WriteString(string(v) + " ")
	}
	return b.String()
}
