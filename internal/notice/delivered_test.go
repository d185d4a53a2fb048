package notice_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/notice"
	"falkirk/internal/notice/slack"
	"falkirk/internal/notice/teams"
	"falkirk/internal/notice/webhook"
)

// TestWhatAGoodStatusDoesNotSay: Slack and Teams report errors in the body of a
// 200; a plain webhook is judged by its status.
func TestWhatAGoodStatusDoesNotSay(t *testing.T) {
	t.Parallel()
	tests := []struct {
		kind, body string
		status     int
		want       string // part of the error; "" is delivered
		tries      int
	}{
		{"slack", "ok", 200, "", 1},
		{"slack", "ok\n", 200, "", 1},
		{"slack", `{"ok":true}`, 200, "", 1},
		{"slack", `{"ok":false,"error":"channel_not_found"}`, 200, "channel_not_found", 1},
		{"slack", `{"ok":false,"error":"ratelimited"}`, 200, "ratelimited", 3},
		{"slack", "invalid_payload", 200, "invalid_payload", 1},
		{"slack", "", 200, "did not deliver", 1},
		{"slack", "<html>sign in</html>", 200, "sign in", 1},
		{"teams", "", 202, "", 1},
		{"teams", "1", 200, "", 1},
		{"teams", "", 200, "", 1},
		{"teams", "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ContextId x", 200, "HTTP error 429", 3},
		{"teams", "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 413", 200, "HTTP error 413", 1},
		{"teams", "Summary or Text is required.", 200, "Summary or Text", 1},
		{"webhook", "nothing of mine", 200, "", 1},
		{"webhook", `{"ok":false}`, 204, "", 1},
	}
	for _, tt := range tests {
		tries := 0
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			tries++
			w.WriteHeader(tt.status)
			_, _ = io.WriteString(w, tt.body)
		}))
		poster := notice.Poster{Tries: 3, Wait: func(context.Context, time.Duration) error { return nil }}
		senders := map[string]notice.Sender{
			"slack": slack.Sender{Poster: poster}, "teams": teams.Sender{Poster: poster}, "webhook": webhook.Sender{Poster: poster, Now: time.Now},
		}
		settings, err := json.Marshal(map[string]string{"url": s.URL + "/secret-path"})
		if err != nil {
			t.Fatal(err)
		}
		err = senders[tt.kind].Send(t.Context(), settings, delivery.Notice{ID: "x", Topics: []delivery.Topic{delivery.TopicFailed}})
		s.Close()
		switch {
		case (err == nil) != (tt.want == ""), err != nil && !strings.Contains(err.Error(), tt.want):
			t.Errorf("%s, %d %q: %v", tt.kind, tt.status, tt.body, err)
		case tries != tt.tries:
			t.Errorf("%s, %d %q: sent %d times, want %d", tt.kind, tt.status, tt.body, tries, tt.tries)
		case err != nil && (strings.Contains(err.Error(), "secret-path") || fault.ExitCode(err) == 2):
			t.Errorf("%s: %v", tt.kind, err)
		}
	}
}
