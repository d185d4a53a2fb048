package approval

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"falkirk/internal/delivery"
)

const plan = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// yes is an approval as the command writes it, some time before noon.
func yes(who string, before time.Duration) delivery.Signed {
	return delivery.Signed{
		Approval: delivery.Approval{
			App: "shop", Environment: "prd", Version: "1.4.0", Plan: plan, By: who, At: noon.Add(-before),
		},
		Operation: "op", Actor: who + "@laptop",
	}
}

func with(s delivery.Signed, change func(*delivery.Signed)) delivery.Signed {
	change(&s)
	return s
}

func no(who string, before time.Duration, reason string) delivery.Signed {
	return with(yes(who, before), func(s *delivery.Signed) { s.Rejects, s.Reason = true, reason })
}

func question(settings string, words ...delivery.Signed) delivery.Question {
	return delivery.Question{
		Gate: "board", Settings: json.RawMessage(settings), When: delivery.Before(delivery.Promote),
		Operation: delivery.Operation{Verb: delivery.VerbPromote, App: "shop", Environment: "prd", Version: "1.4.0", Actor: "carla@desk"},
		Plan:      plan, AskedBy: "dora@ci", PackedBy: "anna@laptop", Approvals: words,
	}
}

var groups = map[string][]string{"ops": {"anna", "ben"}, "board": {"carla"}}

func ask(t *testing.T, root string, q delivery.Question, at time.Time) delivery.Verdict {
	t.Helper()
	v, err := New(root, groups, func() time.Time { return at }).Ask(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if v.Reason == "" || strings.ContainsAny(v.Reason, "\r\n") {
		t.Errorf("the reason is no line: %q", v.Reason)
	}
	return v
}

func TestCounting(t *testing.T) {
	t.Parallel()
	const hour = time.Hour
	until, odd := noon.Add(-time.Minute), noon.Add(time.Hour+1)
	tests := map[string]struct {
		settings string
		words    []delivery.Signed
		answer   delivery.Answer
		says     string
	}{
		"nobody yet":           {`{"quorum":2,"from":["carla","@ops"]}`, nil, delivery.Waiting, "0 of 2 approvals of plan sha256:aaaaaaaaaaaa; asked: carla, anna, ben"},
		"one of two":           {`{"quorum":2,"from":["carla","@ops"]}`, []delivery.Signed{yes("ben", hour)}, delivery.Waiting, "1 of 2 approvals of plan sha256:aaaaaaaaaaaa, by ben (2026-11-21 11:00:00Z); asked: carla, anna"},
		"two of two":           {`{"quorum":2,"from":["carla","@ops"]}`, []delivery.Signed{yes("ben", hour), yes("carla", 0)}, delivery.Open, "approved by ben (2026-11-21 11:00:00Z), carla (2026-11-21 12:00:00Z)"},
		"one by default":       {`{}`, []delivery.Signed{yes("zoe", 0)}, delivery.Open, "approved by zoe"},
		"the same twice":       {`{"quorum":2}`, []delivery.Signed{yes("ben", hour), yes("ben", 0)}, delivery.Waiting, "1 of 2"},
		"of nobody asked":      {`{"from":["@ops"]}`, []delivery.Signed{yes("carla", 0)}, delivery.Waiting, "the approval of carla (2026-11-21 12:00:00Z) does not count: the gate does not ask carla"},
		"an empty group":       {`{"from":["@gone"]}`, []delivery.Signed{yes("carla", 0)}, delivery.Shut, "nobody can open it"},
		"another plan":         {`{}`, []delivery.Signed{with(yes("ben", 0), func(s *delivery.Signed) { s.Plan = "sha256:bbbbbbbbbbbbbbbbbb" })}, delivery.Waiting, "does not count: is for another plan, sha256:bbbbbbbbbbbb"},
		"another app":          {`{}`, []delivery.Signed{with(yes("ben", 0), func(s *delivery.Signed) { s.App = "shoq" })}, delivery.Waiting, "is for shoq in prd"},
		"another environment":  {`{}`, []delivery.Signed{with(yes("ben", 0), func(s *delivery.Signed) { s.Environment = "dev" })}, delivery.Waiting, "is for shop in dev"},
		"another version":      {`{}`, []delivery.Signed{with(yes("ben", 0), func(s *delivery.Signed) { s.Version = "1.4.1" })}, delivery.Waiting, "0 of 1 approvals of plan sha256:aaaaaaaaaaaa; anybody may approve"},
		"by itself expired":    {`{}`, []delivery.Signed{with(yes("ben", hour), func(s *delivery.Signed) { s.Until = &until })}, delivery.Waiting, "expired at 2026-11-21 11:59:00Z"},
		"expired by the gate":  {`{"expires":"1h"}`, []delivery.Signed{yes("ben", hour+time.Second)}, delivery.Waiting, "expired at 2026-11-21 11:59:59Z, 1h after it was given"},
		"not yet expired":      {`{"expires":"1h"}`, []delivery.Signed{yes("ben", hour)}, delivery.Open, "ben"},
		"ahead a little":       {`{}`, []delivery.Signed{yes("ben", -2*time.Minute)}, delivery.Open, "ben"},
		"from the future":      {`{}`, []delivery.Signed{yes("ben", -2*time.Minute-time.Second)}, delivery.Waiting, "is from the future: it says 2026-11-21 12:02:01Z and it is 2026-11-21 12:00:00Z here"},
		"no time":              {`{}`, []delivery.Signed{with(yes("ben", 0), func(s *delivery.Signed) { s.At = time.Time{} })}, delivery.Waiting, "has no time"},
		"a part of a second":   {`{}`, []delivery.Signed{yes("ben", 5)}, delivery.Waiting, "has no time in whole seconds"},
		"a part in the end":    {`{}`, []delivery.Signed{with(yes("ben", 0), func(s *delivery.Signed) { s.Until = &odd })}, delivery.Waiting, "has no time in whole seconds"},
		"the packer":           {`{"not":["packer"]}`, []delivery.Signed{yes("anna", 0)}, delivery.Waiting, "anybody may approve but anna@laptop, who packed it; the approval of anna (2026-11-21 12:00:00Z) does not count: anna packed the release, and the gate does not let the packer approve"},
		"the packer elsewhere": {`{"not":["packer"]}`, []delivery.Signed{with(yes("Anna", 0), func(s *delivery.Signed) { s.Actor = "Anna@desk" })}, delivery.Waiting, "who packed"},
		"the asker":            {`{"not":["packer","asker"],"from":["dora","carla"]}`, []delivery.Signed{yes("dora", 0)}, delivery.Waiting, "dora asked for it, and the gate does not let the asker approve"},
		"another than these":   {`{"not":["packer","asker"]}`, []delivery.Signed{yes("ben", 0)}, delivery.Open, "ben"},
		"packer as a default":  {`{}`, []delivery.Signed{yes("anna", 0)}, delivery.Open, "anna"},
		"nobody is left":       {`{"quorum":2,"from":["@ops"],"not":["packer"]}`, []delivery.Signed{yes("ben", 0)}, delivery.Shut, "nobody can open it: it needs 2 approvals and may be approved by ben only, not by anna@laptop, who packed it"},
		"a no closes":          {`{"quorum":1}`, []delivery.Signed{yes("ben", hour), no("carla", 0, "not\ntoday")}, delivery.Shut, "rejected by carla (2026-11-21 12:00:00Z): not today"},
		"a no of who packed":   {`{"not":["packer"]}`, []delivery.Signed{no("anna", 0, "wrong build")}, delivery.Shut, "rejected by anna"},
		"a no of nobody":       {`{"from":["ben"]}`, []delivery.Signed{yes("ben", 0), no("zoe", 0, "x")}, delivery.Open, "ben"},
		"a no of yesterday":    {`{"expires":"1h"}`, []delivery.Signed{no("carla", 24*hour, "x")}, delivery.Shut, "rejected"},
		"a no from the future": {`{}`, []delivery.Signed{yes("ben", 0), no("ben", -hour, "x")}, delivery.Shut, "rejected"},
		"a no, then a yes":     {`{}`, []delivery.Signed{no("ben", hour, "x"), yes("ben", 0)}, delivery.Open, "ben"},
		"an old yes again":     {`{}`, []delivery.Signed{yes("ben", hour), no("ben", 0, "x"), yes("ben", hour)}, delivery.Shut, "rejected"},
		"both in a second":     {`{}`, []delivery.Signed{no("ben", 0, "x"), yes("ben", 0)}, delivery.Shut, "rejected"},
		"a no takes back":      {`{"quorum":1,"reject":"withdraws"}`, []delivery.Signed{yes("ben", hour), no("ben", 0, "x")}, delivery.Waiting, "the no of ben (2026-11-21 12:00:00Z) does not count: takes back"},
		"and only one's own":   {`{"quorum":1,"reject":"withdraws"}`, []delivery.Signed{yes("ben", hour), no("carla", 0, "x")}, delivery.Open, "ben"},
		"under another name":   {`{}`, []delivery.Signed{with(yes("ben", 0), func(s *delivery.Signed) { s.Actor = "mallory@x" })}, delivery.Waiting, "was written by mallory@x"},
		"by a job":             {`{}`, []delivery.Signed{with(yes("ben", 0), func(s *delivery.Signed) { s.Actor = "ben" })}, delivery.Open, "ben"},
		"of two names":         {`{}`, []delivery.Signed{with(yes("ben,zoe", 0), func(s *delivery.Signed) { s.Actor = "ben,zoe" })}, delivery.Waiting, "names nobody"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := ask(t, "", question(tt.settings, tt.words...), noon)
			if (v.Next == "falkirk approve prd") != (v.Answer == delivery.Waiting) || strings.HasSuffix(v.Next, "takes it back") != strings.HasPrefix(v.Reason, "rejected") {
				t.Errorf("%s: %s: next %q", v.Answer, v.Reason, v.Next)
			}
			if v.Answer != tt.answer || !strings.Contains(v.Reason, tt.says) {
				t.Errorf("%s: %s\nwant %s: %s", v.Answer, v.Reason, tt.answer, tt.says)
			}
		})
	}
}

// TestUnknown is what must be known before anything is counted.
func TestUnknown(t *testing.T) {
	t.Parallel()
	for says, change := range map[string]func(*delivery.Question){
		"which plan": func(q *delivery.Question) { q.Plan, q.Approvals[0].Plan = "", "" },
		"who packed": func(q *delivery.Question) { q.PackedBy = "" },
		"who asked":  func(q *delivery.Question) { q.AskedBy = "" },
	} {
		q := question(`{"not":["packer","asker"]}`, yes("ben", 0))
		change(&q)
		if v := ask(t, "", q, noon); v.Answer != delivery.Shut || !strings.Contains(v.Reason, says) {
			t.Errorf("%s: %s", v.Answer, v.Reason)
		}
	}
}

// TestPlanChanges is two people who approve while the plan changes.
func TestPlanChanges(t *testing.T) {
	t.Parallel()
	words := []delivery.Signed{yes("ben", time.Hour), yes("carla", time.Minute)}
	q := question(`{"quorum":2}`, words...)
	if v := ask(t, "", q, noon); v.Answer != delivery.Open {
		t.Fatal(v)
	}
	q.Plan = "sha256:cccccccccccccccccccccccccccccccc"
	if v := ask(t, "", q, noon); v.Answer != delivery.Waiting || !strings.Contains(v.Reason, "0 of 2") || strings.Count(v.Reason, "another plan") != 2 {
		t.Errorf("%s: %s", v.Answer, v.Reason)
	}
	half := with(yes("ben", 0), func(s *delivery.Signed) { s.Plan = q.Plan })
	q.Approvals = append(q.Approvals, half)
	if v := ask(t, "", q, noon); v.Answer != delivery.Waiting || !strings.Contains(v.Reason, "1 of 2") {
		t.Errorf("%s: %s", v.Answer, v.Reason)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	for settings, says := range map[string]string{
		`{"quorum":0}`:                           "quorum: 0 people",
		`{"signed":true}`:                        "signed needs the list",
		`{"signers":"x"}`:                        "nothing needs to be signed",
		`{"from":["a b"]}`:                       "neither a person nor a group",
		`{"from":[""]}`:                          "neither a person nor a group",
		`{"from":["a*"]}`:                        "neither a person nor a group",
		`{"not":["boss"]}`:                       `"boss" is not known`,
		`{"reject":"maybe"}`:                     `"maybe" is not known`,
		`{"from":["ben"],"quorum":2}`:            "a quorum of 2 cannot be reached by 1: ben",
		`{"from":["@opz"]}`:                      `no group "opz"`,
		`{"from":["ben","@ops"],"quorum":3}`:     "cannot be reached by 2: ben, anna",
		`{"from":["carla","@ops"],"quorum":3}`:   "",
		`{"quorum":5,"not":["packer"]}`:          "",
		`{"from":["anna@example.com","@board"]}`: "",
	} {
		s := Defaults()
		if err := json.Unmarshal([]byte(settings), &s); err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, p := range append(s.Check(), s.CheckGroups(groups)...) {
			all = append(all, p.String())
		}
		if text := strings.Join(all, "; "); !strings.Contains(text, says) || (says == "") != (text == "") {
			t.Errorf("%s: %q, want %q", settings, text, says)
		}
	}
}

// FuzzWords finds no words that panic, and none that open a gate for people
// who did not approve.
func FuzzWords(f *testing.F) {
	raw, err := json.Marshal([]delivery.Signed{yes("ben", 0), no("carla", 1, "x")})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(`{"quorum":2,"from":["carla","@ops"]}`, string(raw), plan)
	f.Fuzz(func(t *testing.T, settings, words, digest string) {
		q := question(settings)
		q.Plan = digest
		if json.Unmarshal([]byte(words), &q.Approvals) != nil {
			return
		}
		v, err := New(t.TempDir(), groups, func() time.Time { return noon }).Ask(t.Context(), q)
		if err != nil {
			return
		}
		if strings.ContainsAny(v.Reason, "\r\n") || v.Reason == "" {
			t.Errorf("no line: %q", v.Reason)
		}
		for _, s := range q.Approvals {
			if s.Plan == q.Plan && !s.Rejects {
				return
			}
		}
		if v.Answer == delivery.Open {
			t.Errorf("open without an approval: %s", v.Reason)
		}
	})
}
