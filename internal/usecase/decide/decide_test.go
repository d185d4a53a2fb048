package decide_test

import (
	"encoding/json"
	"strings"
	"testing"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/decide"
)

// TestEveryVerbByJSON asks for each use case with raw JSON, in this order. A use case
// without a line fails, and so does an unknown field of each.
func TestEveryVerbByJSON(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.asks("prd", "1")
	plan := w.review("ben@desk", decide.ReviewQuery{Of: "prd"}).Plan.Digest
	done := map[string]bool{}
	for _, c := range []struct {
		name, query string
		kind        fault.Kind // of the error; Internal: there is none
		has         string     // the result, or the error
	}{
		{"decide.hold", `{"environment": "prd", "reason": "audit"}`, 0, `"reason":"audit"`},
		{"decide.hold", `{"environment": "prd", "reason": "audit"}`, 0, `"changed":false`},
		{"decide.hold", `{"environment": "prd"}`, fault.Invalid, "hold needs a reason"},
		{"decide.hold", `{"environment": "prd", "reason": "  "}`, fault.Invalid, "hold needs a reason"},
		{"decide.hold", `{"reason": "audit"}`, fault.Invalid, "no environment is given"},
		{"decide.hold", `{"environment": "_app", "reason": "audit"}`, fault.NotFound, `no environment "_app"`},
		{"decide.hold", `{"environment": "nowhere", "reason": "audit"}`, fault.NotFound, `no environment "nowhere"`},
		{"decide.release-hold", `{"environment": "prd"}`, 0, `"changed":true`},
		{"decide.ban", `{"version": "7", "reason": "leaks"}`, 0, `"version":"7"`},
		{"decide.ban", `{"version": "7"}`, fault.Invalid, "ban needs a reason"},
		{"decide.ban", `{"version": "a b", "reason": "leaks"}`, fault.Invalid, "a b"},
		{"decide.unban", `{"version": "7"}`, 0, `"changed":true`},
		{"decide.stop", `{"environment": "sig", "reason": "fire"}`, 0, `"environment":"sig"`},
		{"decide.stop", `{"all": true, "reason": "fire"}`, 0, `"environment":"_app"`},
		{"decide.stop", `{"environment": "_app", "reason": "fire"}`, fault.NotFound, `no environment "_app"`},
		{"decide.stop", `{"environment": "prd", "all": true, "reason": "fire"}`, fault.Invalid, "give one of them"},
		{"decide.stop", `{"reason": "fire"}`, fault.Invalid, "no environment is given"},
		{"decide.stop", `{"all": true}`, fault.Invalid, "stop needs a reason"},
		{"decide.resume", `{"environment": "sig"}`, 0, `"changed":true`},
		{"decide.resume", `{"all": true}`, 0, `"changed":true`},
		{"decide.sign-ledger", `{"all": true, "reason": "keys"}`, 0, `"verb":"sign-ledger"`},
		{"decide.sign-ledger", `{"environment": "prd"}`, fault.Invalid, "sign-ledger needs a reason"},
		{"decide.lock-show", `{}`, 0, `"environment":"sig","held":false`},
		{"decide.lock-show", `{"environment": "nowhere"}`, fault.NotFound, "nowhere"},
		{"decide.lock-steal", `{"environment": "sig", "reason": "hangs"}`, 0, `"held":false`},
		{"decide.lock-steal", `{"environment": "sig"}`, fault.Invalid, "lock steal needs a reason"},
		{"decide.review", `{"of": "prd"}`, 0, `"message":"falkirk approval 1`},
		{"decide.review", `{"of": "prd", "expires": "1ms"}`, fault.Invalid, "over before anybody can ask"},
		{"decide.review", `{"of": "prd", "as": "carla"}`, fault.Invalid, "another name needs a key"},
		{"decide.review", `{"of": "nowhere"}`, fault.NotFound, "no environment, no digest of a plan and no saved plan"},
		{"decide.review", `{"of": "sig"}`, fault.Refused, "no operation waits for approval in sig"},
		{"decide.review", `{"of": "sha256:0000"}`, fault.Refused, "no plan that waits has the digest"},
		{"decide.reject", `{"environment": "prd", "plan": "` + plan + `"}`, fault.Invalid, "reject needs a reason"},
		{"decide.reject", `{"environment": "prd", "plan": "` + plan + `", "reason": "untested"}`, 0, `"rejects":true`},
		{"decide.approve", `{"environment": "prd", "plan": "sha256:12"}`, fault.Invalid, "is no digest"},
		{"decide.approve", `{"environment": "prd", "plan": "` + plan + `", "by": "carla"}`, fault.Invalid, "another name needs a key"},
		{"decide.approve", `{"environment": "prd", "plan": "` + plan + `", "until": "2026-01-02T03:04:05Z"}`, fault.Invalid, "2026-01-02 03:04:05Z"},
		{"decide.approve", `{"environment": "prd", "plan": "` + plan + `", "at": "2126-01-02T03:04:05Z"}`, fault.Invalid, "from the future"},
		{"decide.approve", `{"environment": "prd", "plan": "` + plan + `"}`, 0, `"by":"ben"`},
		{"decide.approve", `{"environment": "prd", "plan": "` + plan + `"}`, 0, `"changed":false`},
		{"decide.approvals", `{}`, 0, `"actor":"ben@desk"`},
		{"decide.approvals", `{"environment": "nowhere"}`, fault.NotFound, "nowhere"},
	} {
		done[c.name] = true
		r, err := w.ask("ben@desk", c.name, c.query)
		text, bad := json.Marshal(r)
		if err != nil {
			text = []byte(err.Error())
			if fault.HintOf(err) == "" {
				t.Errorf("%s %s: %v: there is no next step", c.name, c.query, err)
			}
		}
		if bad != nil || fault.KindOf(err) != c.kind || (err == nil) != (c.kind == 0) || !strings.Contains(string(text), c.has) {
			t.Errorf("%s %s: %s, %v", c.name, c.query, text, bad)
		}
	}
	for _, e := range decide.New(nil).Entries() {
		if !done[e.Name] {
			t.Errorf("%s is not tried", e.Name)
		}
		if _, err := w.ask("ben@desk", e.Name, `{"environmnt": "prd"}`); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "environmnt") {
			t.Errorf("%s with an unknown field: %v", e.Name, err)
		}
	}
}

// TestABanOfWhatIsNotThereWarns, and is written.
func TestABanOfWhatIsNotThereWarns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		version string
		warns   bool
	}{{"1", false}, {"7", true}, {"7", false}} {
		w.events = nil
		if _, err := w.ask("ben@desk", "decide.ban", decide.VersionQuery{Version: c.version, Reason: "leaks"}); err != nil {
			t.Fatal(err)
		}
		if warned := len(w.events) == 1 && strings.Contains(w.events[0].Warning, "no release 7 is in the store"); warned != c.warns {
			t.Errorf("ban %s: %v", c.version, w.events)
		}
	}
}

// TestStealingTakesConsent: in a protected environment a person agrees to end one
// operation, and no other.
func TestStealingTakesConsent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	begin := func(id string) {
		op := delivery.Operation{ID: id, Verb: delivery.VerbPromote, App: "shop", Environment: "prd", Version: "1", Actor: "dora@ci"}
		if _, _, err := w.log("prd").Begin(t.Context(), op); err != nil {
			t.Fatal(err)
		}
	}
	steal := func(c usecase.Consent) (delivery.Lock, error) {
		r, err := w.ask("ben@desk", "decide.lock-steal", decide.LockStealQuery{Consent: c, Environment: "prd", Reason: "it hangs"})
		lock, _ := r.(delivery.Lock)
		return lock, err
	}
	_, err := steal(usecase.Consent{})
	nobody := isConsent(err)
	begin("first")
	before := w.entries()
	_, err = steal(usecase.Consent{})
	first := isConsent(err)
	if nobody == nil || first == nil || first.Environments[0] != "prd" || nobody.Plan == first.Plan || !fault.Is(err, fault.Refused) {
		t.Fatalf("%v, %v: %v", nobody, first, err)
	}
	if _, err := steal(usecase.Consent{Plan: nobody.Plan}); !fault.Is(err, fault.Conflict) || w.entries() != before {
		t.Errorf("agreed to something else: %v", err)
	}
	if was, err := steal(usecase.Consent{Plan: first.Plan}); err != nil || !was.Held || was.Operation.ID != "first" {
		t.Errorf("%v, %v", was, err)
	}
	begin("second")
	if _, err := steal(usecase.Consent{Plan: first.Plan}); !fault.Is(err, fault.Conflict) {
		t.Errorf("the second was ended with consent to end the first: %v", err)
	}
	if was, err := steal(usecase.Consent{Yes: true}); err != nil || was.Operation.ID != "second" {
		t.Errorf("%v, %v", was, err)
	}
}

// TestASavedPlanIsApproved by what is in it, and not when it was edited.
func TestASavedPlanIsApproved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	saved, _, err := w.app.Engine.Save(t.Context(), engine.Request{Verb: delivery.VerbPromote, Environment: "prd", Version: "1", Actor: "dora@ci"})
	if err != nil {
		t.Fatal(err)
	}
	seen := w.review("ben@desk", decide.ReviewQuery{Saved: &saved, SavedAs: "p.json"})
	if !seen.OfSaved || seen.Plan.Digest != saved.Digest || seen.AskedBy != "dora@ci" || seen.PackedBy != "anna@laptop" {
		t.Errorf("%+v", seen)
	}
	for _, who := range []string{"ben@desk", "carla@desk"} {
		r, err := w.ask(who, "decide.approve", decide.WordQuery{Saved: &saved, SavedAs: "p.json", Plan: saved.Digest})
		if said, _ := r.(decide.WordResult); err != nil || !said.Changed || (said.Next == "falkirk apply p.json") != (who == "carla@desk") {
			t.Errorf("%s: %+v, %v", who, r, err)
		}
	}
	other := "sha256:" + strings.Repeat("0", 64)
	w.refused("eva@desk", "decide.approve", decide.WordQuery{Saved: &saved, Plan: other}, fault.Conflict, "the plan has changed")
	edited := saved
	edited.Digest = other
	w.refused("eva@desk", "decide.approve", decide.WordQuery{Saved: &edited, Plan: other}, fault.Invalid, "is not the one that was saved")
	w.refused("eva@desk", "decide.review", decide.ReviewQuery{Saved: &edited}, fault.Invalid, "is not the one that was saved")
}
