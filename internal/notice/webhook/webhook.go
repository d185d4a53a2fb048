// Package webhook sends notices as CloudEvents 1.0 over HTTP, in the structured
// JSON mode, signed after Standard Webhooks 1.0. It does not know who listens.
package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/notice"
)

// Settings is the block of a webhook.
type Settings struct {
	URL    string `json:"url" yaml:"url" jsonschema:"required,minLength=1,description=where notices are posted; a secret: write ${env:NAME}"`
	Secret string `json:"secret,omitempty" yaml:"secret,omitempty" jsonschema:"description=what notices are signed with; as Standard Webhooks has it: whsec_ and base64 or any text; write ${env:NAME}"`
}

// Check lists everything wrong with the settings.
func (s Settings) Check() []fault.Problem {
	return notice.Address{URL: s.URL}.Check()
}

// Sender posts to webhooks.
type Sender struct {
	Poster notice.Poster
	Now    func() time.Time
}

// event is a CloudEvent (https://github.com/cloudevents/spec, 1.0.2).
type event struct {
	SpecVersion string          `json:"specversion"`
	ID          string          `json:"id"`
	Source      string          `json:"source"`
	Type        string          `json:"type"`
	Subject     string          `json:"subject,omitempty"`
	Time        time.Time       `json:"time"`
	ContentType string          `json:"datacontenttype"`
	Data        delivery.Notice `json:"data"`
}

// Send implements notice.Sender.
func (s Sender) Send(ctx context.Context, settings json.RawMessage, n delivery.Notice) error {
	var set Settings
	if err := json.Unmarshal(settings, &set); err != nil {
		return fault.New(fault.Invalid, "settings: %w", err)
	}
	body, err := json.Marshal(event{
		SpecVersion: "1.0", ID: n.ID, Source: "/falkirk/" + n.Operation.App + "/" + n.Operation.Environment,
		Type: "falkirk.operation." + string(n.Topics[0]), Subject: n.Operation.Version, Time: n.At,
		ContentType: "application/json", Data: n,
	})
	if err != nil {
		return err
	}
	header := http.Header{"Content-Type": {"application/cloudevents+json; charset=utf-8"}}
	sign(header, set.Secret, n.ID, s.Now(), body)
	return s.Poster.Post(ctx, set.URL, header, body)
}

// sign adds the headers of Standard Webhooks
// (https://github.com/standard-webhooks/standard-webhooks, 1.0.0): HMAC-SHA256
// over "id.timestamp.body".
func sign(h http.Header, secret, id string, at time.Time, body []byte) {
	stamp := strconv.FormatInt(at.Unix(), 10)
	h.Set("webhook-id", id)
	h.Set("webhook-timestamp", stamp)
	if secret == "" {
		return
	}
	mac := hmac.New(sha256.New, key(secret))
	mac.Write([]byte(id + "." + stamp + "."))
	mac.Write(body)
	h.Set("webhook-signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

func key(secret string) []byte {
	if coded, is := strings.CutPrefix(secret, "whsec_"); is {
		if raw, err := base64.StdEncoding.DecodeString(coded); err == nil {
			return raw
		}
	}
	return []byte(secret)
}
