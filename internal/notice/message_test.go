package notice_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"falkirk/internal/delivery"
	"falkirk/internal/notice"
	"falkirk/internal/notice/slack"
	"falkirk/internal/notice/teams"
)

var update = flag.Bool("update", false, "renew testdata")

func happened(verb delivery.Verb, result delivery.Result) delivery.Notice {
	return delivery.Notice{
		ID: "x", Topics: []delivery.Topic{delivery.TopicFinished}, Result: result, Took: 83 * time.Second,
		Operation: delivery.Operation{ID: "20260302-120000-abc123", App: "shop", Verb: verb, Version: "1.4.0", Environment: "prd", Actor: "ann@desk"},
		Standing: []delivery.Standing{
			{Place: delivery.Place{Environment: "prd", Region: "eu"}, Component: "web", Live: "1.4.0"},
			{Place: delivery.Place{Environment: "prd", Region: "us"}, Component: "web", Live: "1.4.0"},
		},
	}
}

func messages() map[string]delivery.Notice {
	failed := happened(delivery.VerbPromote, delivery.ResultShut)
	failed.Undone, failed.Error, failed.Next = true, "gate smoke is closed: <!channel> & *all*\nprd/us: the same\nand more", "falkirk history prd --steps --limit 1"
	failed.Standing[0].Live, failed.Standing[1].Live = "1.3.0", "1.3.0"
	waiting := happened(delivery.VerbPromote, delivery.ResultWaiting)
	waiting.Error, waiting.Next = "gate board waits: 1 of 2 approvals", "falkirk approve prd"
	back := happened(delivery.VerbRollback, delivery.ResultDone)
	back.Operation.Reason = "customers are charged twice"
	begun := happened(delivery.VerbProvision, "")
	begun.Took, begun.Standing = 0, nil
	return map[string]delivery.Notice{
		"finished": happened(delivery.VerbPromote, delivery.ResultDone), "failed": failed, "waiting": waiting, "rolled-back": back, "started": begun,
	}
}

// TestMessages holds both Slack's and Teams' messages against what people were
// shown; look at them with Slack's and Adaptive Cards' designers when they change.
func TestMessages(t *testing.T) {
	t.Parallel()
	for name, n := range messages() {
		for kind, payload := range map[string]any{"slack": slack.Payload(notice.Of(n)), "teams": teams.Payload(notice.Of(n))} {
			got, err := json.MarshalIndent(payload, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", name+"."+kind+".json")
			if *update {
				if err := os.WriteFile(path, append(got, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.TrimSpace(string(want)), string(got)); diff != "" {
				t.Errorf("%s: %s", path, diff)
			}
		}
	}
}

func TestNobodyIsMentionedByAccident(t *testing.T) {
	t.Parallel()
	n := happened(delivery.VerbPromote, delivery.ResultFailed)
	n.Operation.Actor, n.Operation.Version = "<!everyone>", "<https://evil.example|1.4.0>"
	n.Error, n.Next = strings.Repeat("<@U123> [x](https://evil.example) ", 300), "`<!here>`"
	raw, err := json.Marshal(slack.Payload(notice.Of(n)))
	if err != nil {
		t.Fatal(err)
	}
	var m struct {
		Text   string
		Blocks []struct {
			Type   string
			Text   struct{ Type, Text string }
			Fields []struct{ Type, Text string }
		}
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	for _, b := range m.Blocks {
		for _, f := range append(b.Fields, b.Text) {
			if f.Type == "mrkdwn" && strings.ContainsAny(f.Text, "<") || len(f.Text) > 3000 {
				t.Errorf("%d characters: %.80s", len(f.Text), f.Text)
			}
		}
	}
	card, err := json.Marshal(teams.Payload(notice.Of(n)))
	if err != nil || strings.Contains(string(card), "[x](") || strings.Contains(string(card), "<at>") {
		t.Errorf("%s, %v", card, err)
	}
}
