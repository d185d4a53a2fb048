package rule_test

import (
	"testing"

	"falkirk/internal/delivery"
	"falkirk/internal/rule"
)

func TestAFreezeLetsWhatHasBegunGoOn(t *testing.T) {
	t.Parallel()
	promote := delivery.Operation{ID: "p2", Verb: delivery.VerbPromote, Version: "2"}
	planned := delivery.Entry{Event: delivery.Planned, Operation: promote, Plan: "sha256:2", Before: []delivery.Standing{{Component: "web", Live: "1"}}}
	lost := delivery.Entry{Event: delivery.Taken, Operation: promote, Result: delivery.ResultLost}
	back := ended("rollback", "1", delivery.ResultDone, "")
	failed := ended("promote", "2", delivery.ResultFailed, "no")
	failed.Operation.ID = promote.ID
	tests := []struct {
		name    string
		own     delivery.Record
		version string
		frozen  bool
	}{
		{"nothing has begun", log(did("provision", "2")), "2", true},
		{"its process died", log(did("provision", "2"), planned, lost), "2", false},
		{"and it was provisioned since", log(did("provision", "2"), planned, lost, did("provision", "2")), "2", false},
		{"and another was provisioned since", log(did("provision", "2"), planned, lost, did("provision", "3")), "2", false},
		{"the other one has not begun", log(did("provision", "2"), planned, lost, did("provision", "3")), "3", true},
		{"another one's process died", log(did("provision", "3"), planned, lost), "3", true},
		{"it was rolled back since", log(did("provision", "2"), planned, lost, back), "2", true},
		{"it has failed, and all is back", log(planned, failed), "2", true},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := rule.Situation{
				Environment: delivery.Environment{Name: "prd", Freeze: []delivery.Freeze{{Deny: "daily"}}}, Now: noon, Own: c.own,
				Operation: delivery.Operation{Verb: delivery.VerbPromote, Version: c.version},
			}
			if o := rule.Freeze(s); (o != nil) != c.frozen {
				t.Errorf("got %+v, want frozen %v", o, c.frozen)
			}
			s.Operation.Override = "incident 71"
			if o := rule.Freeze(s); o != nil {
				t.Errorf("set aside, and it says %+v", o)
			}
		})
	}
}
