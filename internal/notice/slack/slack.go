// Package slack words notices as messages of Slack (Block Kit) for an incoming
// webhook. It does not know when they are sent.
package slack

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/notice"
)

// Sender posts to incoming webhooks.
type Sender struct{ Poster notice.Poster }

// Send implements notice.Sender.
func (s Sender) Send(ctx context.Context, settings json.RawMessage, n delivery.Notice) error {
	s.Poster.Check = delivered
	return s.Poster.PostTo(ctx, settings, Payload(notice.Of(n)))
}

// delivered checks the body of an answer. An incoming webhook answers "ok"; the
// web API, and receivers that imitate it, answer 200 with JSON whose field ok says
// it.
func delivered(status int, body string) error {
	var doc struct {
		OK    bool   `json:"ok"`
		Error string `json:"error"`
	}
	switch {
	case body == "ok":
		return nil
	case json.Unmarshal([]byte(body), &doc) != nil:
		return notice.NotDelivered(status, body, false)
	case doc.OK:
		return nil
	}
	again := doc.Error == "ratelimited" || doc.Error == "rate_limited" || doc.Error == "internal_error" || doc.Error == "service_unavailable"
	return notice.NotDelivered(status, body, again)
}

// text is a text object: plain_text or mrkdwn. In mrkdwn, Slack turns @everyone,
// names of channels and addresses into mentions and links, unless it is verbatim.
type text struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	Verbatim bool   `json:"verbatim,omitempty"`
}

func mrkdwn(s string) text { return text{"mrkdwn", s, true} }

type block struct {
	Type     string `json:"type"`
	Text     *text  `json:"text,omitempty"`
	Fields   []text `json:"fields,omitempty"`
	Elements []text `json:"elements,omitempty"`
}

// Message is what an incoming webhook takes. Text is what notifications show.
type Message struct {
	Text   string  `json:"text"`
	Blocks []block `json:"blocks"`
}

// Limits of Block Kit: 150 characters in a header, 3000 in a section, 2000 in a
// field, ten fields.
const (
	mostHeader  = 150
	mostSection = 2900
	mostField   = 1900
)

// Payload words a message.
func Payload(m notice.Message) Message {
	title := sign(m.Look) + " " + m.Title
	out := Message{Text: escape(title, mostSection), Blocks: []block{
		{Type: "header", Text: &text{Type: "plain_text", Text: cut(title, mostHeader)}},
	}}
	var fields []text
	for _, f := range m.Facts {
		if f[0] == "Operation" {
			continue
		}
		fields = append(fields, mrkdwn(fmt.Sprintf("*%s*\n%s", f[0], escape(f[1], mostField))))
	}
	if len(fields) > 0 {
		out.Blocks = append(out.Blocks, block{Type: "section", Fields: fields[:min(10, len(fields))]})
	}
	if m.Why != "" {
		why := mrkdwn("> " + strings.ReplaceAll(escape(m.Why, mostSection), "\n", "\n> "))
		out.Blocks = append(out.Blocks, block{Type: "section", Text: &why})
	}
	if m.Next != "" {
		next := mrkdwn("Next: `" + strings.ReplaceAll(escape(m.Next, mostSection), "`", "'") + "`")
		out.Blocks = append(out.Blocks, block{Type: "section", Text: &next})
	}
	for _, f := range m.Facts {
		if f[0] == "Operation" {
			out.Blocks = append(out.Blocks, block{Type: "context", Elements: []text{mrkdwn("operation " + escape(f[1], mostField))}})
		}
	}
	return out
}

func sign(l notice.Look) string {
	switch l {
	case notice.Good:
		return "✅"
	case notice.Bad:
		return "❌"
	case notice.Open:
		return "⏸️"
	default:
		return "🚀"
	}
}

// escape makes text of the mark-up's three characters, &, < and >
// (https://api.slack.com/reference/surfaces/formatting), so that it can mention
// nobody and link nowhere.
func escape(s string, most int) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(cut(s, most/5))
}

func cut(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
