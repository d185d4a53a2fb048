// Package teams words notices as Adaptive Cards for a webhook of Microsoft
// Teams (the Workflows app). It does not know when they are sent.
package teams

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/notice"
)

// Sender posts to the webhooks of workflows.
type Sender struct{ Poster notice.Poster }

// Send implements notice.Sender.
func (s Sender) Send(ctx context.Context, settings json.RawMessage, n delivery.Notice) error {
	s.Poster.Check = delivered
	return s.Poster.PostTo(ctx, settings, Payload(notice.Of(n)))
}

// delivered checks the body of an answer. A workflow answers 202 and has no more to
// say; a connector of before answers 200 with "1", or with the text of an error
// such as "Webhook message delivery failed with error: Microsoft Teams endpoint
// returned HTTP error 429".
func delivered(status int, body string) error {
	if status != http.StatusOK || body == "" || body == "1" {
		return nil
	}
	again := regexp.MustCompile(`HTTP error (429|5[0-9][0-9])`).MatchString(body)
	return notice.NotDelivered(status, body, again)
}

// Message is what the webhook takes: a message with one card.
type Message struct {
	Type        string       `json:"type"`
	Attachments []attachment `json:"attachments"`
}

type attachment struct {
	ContentType string `json:"contentType"`
	Content     card   `json:"content"`
}

// card is an Adaptive Card, version 1.4 (https://adaptivecards.io).
type card struct {
	Schema  string    `json:"$schema"`
	Type    string    `json:"type"`
	Version string    `json:"version"`
	Body    []element `json:"body"`
}

type element struct {
	Type   string `json:"type"`
	Text   string `json:"text,omitempty"`
	Weight string `json:"weight,omitempty"`
	Size   string `json:"size,omitempty"`
	Color  string `json:"color,omitempty"`
	Font   string `json:"fontType,omitempty"`
	Wrap   bool   `json:"wrap,omitempty"`
	Facts  []fact `json:"facts,omitempty"`
}

type fact struct {
	Title string `json:"title"`
	Value string `json:"value"`
}

// Payload words a message.
func Payload(m notice.Message) Message {
	c := card{Schema: "http://adaptivecards.io/schemas/adaptive-card.json", Type: "AdaptiveCard", Version: "1.4"}
	c.Body = append(c.Body, element{Type: "TextBlock", Text: escape(m.Title), Weight: "Bolder", Size: "Medium", Color: color(m.Look), Wrap: true})
	var facts []fact
	for _, f := range m.Facts {
		facts = append(facts, fact{f[0], escape(f[1])})
	}
	if len(facts) > 0 {
		c.Body = append(c.Body, element{Type: "FactSet", Facts: facts})
	}
	if m.Why != "" {
		c.Body = append(c.Body, element{Type: "TextBlock", Text: escape(strings.ReplaceAll(m.Why, "\n", "\n\n")), Wrap: true})
	}
	if m.Next != "" {
		c.Body = append(c.Body, element{Type: "TextBlock", Text: escape(m.Next), Font: "Monospace", Wrap: true})
	}
	return Message{Type: "message", Attachments: []attachment{{ContentType: "application/vnd.microsoft.card.adaptive", Content: c}}}
}

func color(l notice.Look) string {
	switch l {
	case notice.Good:
		return "Good"
	case notice.Bad:
		return "Attention"
	case notice.Open:
		return "Warning"
	default:
		return "Default"
	}
}

// escape takes from text what a card would read: Markdown (a subset: bold, italic,
// lists, links), mentions, and functions for dates between {{ and }}
// (https://learn.microsoft.com/en-us/adaptive-cards/create/textfeatures). So it can
// link nowhere.
func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "`", "\\`", "#", `\#`, "<", "‹", ">", "›", "{{", "{ {", "}}", "} }").Replace(s)
}
