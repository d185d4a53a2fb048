package notice

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"falkirk/internal/fault"
)

// Address is the block of a channel that is posted to and needs nothing else.
type Address struct {
	URL string `json:"url" yaml:"url" jsonschema:"required,minLength=1,description=the address of the channel's webhook; a secret: write ${env:NAME}"`
}

// Check lists everything wrong with the address.
func (a Address) Check() []fault.Problem {
	u, err := url.Parse(a.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return []fault.Problem{{Path: []string{"url"}, Text: "is not an address of the web", Want: "https://…"}}
	}
	return nil
}

// PostTo posts a payload as JSON to the address in a channel's settings.
func (p Poster) PostTo(ctx context.Context, settings json.RawMessage, payload any) error {
	var a Address
	if err := json.Unmarshal(settings, &a); err != nil {
		return fault.New(fault.Invalid, "settings: %w", err)
	}
	body, err := json.Marshal(payload)
	if err != nil {
		return err
	}
	return p.Post(ctx, a.URL, http.Header{"Content-Type": {"application/json; charset=utf-8"}}, body)
}
