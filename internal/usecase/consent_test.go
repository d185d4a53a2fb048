package usecase_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"falkirk/internal/engine"
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
)

// TestConsent: every pair of what is protected and what was agreed to.
func TestConsent(t *testing.T) {
	t.Parallel()
	impossible := fault.New(fault.NotFound, "no release")
	for _, c := range []struct {
		name      string
		given     usecase.Consent
		protected []string
		broken    bool
		want      fault.Kind
		ok, asks  bool
	}{
		{name: "nothing protected", ok: true},
		{name: "nothing protected, not possible: the work itself says so", broken: true, ok: true},
		{name: "protected", protected: []string{"prd"}, want: fault.Refused, asks: true},
		{name: "protected, yes", protected: []string{"prd"}, given: usecase.Consent{Yes: true}, ok: true},
		{name: "protected, this plan", protected: []string{"prd"}, given: usecase.Consent{Plan: "now"}, ok: true},
		{name: "protected, another plan", protected: []string{"prd"}, given: usecase.Consent{Plan: "old"}, want: fault.Conflict},
		{name: "yes and another plan", protected: []string{"prd"}, given: usecase.Consent{Yes: true, Plan: "old"}, want: fault.Conflict},
		{name: "nothing protected, another plan", given: usecase.Consent{Plan: "old"}, want: fault.Conflict},
		{name: "protected, not possible: nobody is asked", protected: []string{"prd"}, broken: true, want: fault.NotFound},
		{name: "a plan, not possible", given: usecase.Consent{Plan: "now"}, broken: true, want: fault.NotFound},
	} {
		err := c.given.Check(c.protected, func() (string, error) {
			if c.broken {
				return "", impossible
			}
			return "now", nil
		})
		var need *usecase.ConsentError
		if (err == nil) != c.ok || err != nil && fault.KindOf(err) != c.want || errors.As(err, &need) != c.asks {
			t.Errorf("%s: %v", c.name, err)
		}
		if c.asks && (need.Plan != "now" || need.Environments[0] != "prd" || need.Error() != "prd is protected" || fault.HintOf(err) == "") {
			t.Errorf("%s: %+v, hint %q", c.name, need, fault.HintOf(err))
		}
	}
}

// TestWithConsent: the person is asked once, and the request is repeated for what was
// agreed to; through JSON too.
func TestWithConsent(t *testing.T) {
	t.Parallel()
	type request struct {
		usecase.Consent
		Name string `json:"name"`
	}
	now := "one"
	k := usecase.Case[request, string]{Name: "room.verb", Do: func(_ context.Context, _ *usecase.Call, q request) (string, error) {
		err := q.Check([]string{"prd"}, func() (string, error) { return now, nil })
		return "done " + q.Name + " " + q.Plan, err
	}}
	no := errors.New("no")
	for _, via := range []bool{false, true} {
		c := &usecase.Call{Decisions: func(context.Context) (*engine.Decisions, error) { return nil, nil }}
		if via {
			inner := *c
			c.Via = func(ctx context.Context, _ string, q json.RawMessage) (json.RawMessage, error) {
				r, err := k.Entry().Do(ctx, &inner, q)
				raw, bad := json.Marshal(r)
				return raw, errors.Join(err, bad)
			}
		}
		now = "one"
		got, err := usecase.WithConsent(t.Context(), c, k, request{Name: "it"}, func(*usecase.ConsentError) error { return nil })
		if err != nil || got != "done it one" {
			t.Errorf("agreed: %q, %v", got, err)
		}
		if _, err := usecase.WithConsent(t.Context(), c, k, request{}, func(*usecase.ConsentError) error { return no }); !errors.Is(err, no) {
			t.Errorf("not agreed: %v", err)
		}
		_, err = usecase.WithConsent(t.Context(), c, k, request{}, func(*usecase.ConsentError) error { now = "two"; return nil })
		if !fault.Is(err, fault.Conflict) {
			t.Errorf("moved while the person was asked: %v", err)
		}
		_, err = usecase.WithConsent(t.Context(), c, k, request{Consent: usecase.Consent{Yes: true}}, func(*usecase.ConsentError) error { t.Error("asked"); return nil })
		if err != nil {
			t.Error(err)
		}
	}
}
