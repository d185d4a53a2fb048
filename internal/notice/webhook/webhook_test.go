package webhook_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/notice/webhook"
)

// TestASignedCloudEvent checks the signature by the words of the specification,
// without a line of what made it.
func TestASignedCloudEvent(t *testing.T) {
	t.Parallel()
	for secret, raw := range map[string]string{"plain text": "plain text", "whsec_" + base64.StdEncoding.EncodeToString([]byte("key of bytes")): "key of bytes", "": ""} {
		var body []byte
		var head http.Header
		s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			head = r.Header
			body, _ = io.ReadAll(r.Body)
		}))
		at := time.Unix(1_772_452_800, 0)
		settings, err := json.Marshal(webhook.Settings{URL: s.URL + "/in", Secret: secret})
		if err != nil {
			t.Fatal(err)
		}
		n := delivery.Notice{
			ID: "op-1-failed", Topics: []delivery.Topic{delivery.TopicFailed, delivery.TopicRolledBack}, At: at.UTC(), Result: delivery.ResultShut, Undone: true,
			Operation: delivery.Operation{ID: "op-1", App: "shop", Environment: "prd", Version: "1.4.0", Verb: delivery.VerbPromote, Actor: "ann"},
		}
		err = webhook.Sender{Now: func() time.Time { return at }}.Send(t.Context(), settings, n)
		s.Close()
		if err != nil {
			t.Fatal(err)
		}
		var ev struct {
			SpecVersion, ID, Source, Type, Subject, DataContentType string
			Data                                                    delivery.Notice
		}
		if err := json.Unmarshal(body, &ev); err != nil {
			t.Fatal(err)
		}
		if ev.SpecVersion != "1.0" || ev.ID != n.ID || ev.Source != "/falkirk/shop/prd" || ev.Type != "falkirk.operation.failed" || ev.Subject != "1.4.0" || ev.Data.Operation.Actor != "ann" {
			t.Errorf("%s", body)
		}
		if got := head.Get("Content-Type"); got != "application/cloudevents+json; charset=utf-8" {
			t.Error(got)
		}
		mac := hmac.New(sha256.New, []byte(raw))
		mac.Write([]byte("op-1-failed.1772452800." + string(body)))
		want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
		if secret == "" {
			want = ""
		}
		if got := head.Get("webhook-signature"); got != want || head.Get("webhook-id") != n.ID || head.Get("webhook-timestamp") != "1772452800" {
			t.Errorf("signature %q, want %q; %v", got, want, head)
		}
	}
}
