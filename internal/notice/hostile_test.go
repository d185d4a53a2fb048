package notice_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"falkirk/internal/delivery"
	"falkirk/internal/notice"
	"falkirk/internal/notice/slack"
	"falkirk/internal/notice/teams"
	"falkirk/internal/quote"
)

// pour puts a text into every field of text, also in lists.
func pour(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				pour(v.Field(i), text)
			}
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		pour(v.Elem(), text)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		pour(v.Index(0), text)
		pour(v.Index(1), text+"2")
	}
}

// every calls f with each text in a document.
func every(v any, f func(text string)) {
	switch x := v.(type) {
	case string:
		f(x)
	case []any:
		for _, one := range x {
			every(one, f)
		}
	case map[string]any:
		for _, one := range x {
			every(one, f)
		}
	}
}

// Whatever is in any field of a notice, a message of Slack or Teams mentions nobody,
// links nowhere, draws no line of its own, hides nothing, and is not too large.
func TestHostileTextIsText(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"<!channel> <!here|x> <@U123> <#C1> @everyone @channel", "<https://evil.example|1.4.0>", "[x](https://evil.example)", "<at>ann</at>",
		"{{DATE(2017-02-14T06:00:00Z, SHORT)}}", "*bold* _x_ `code` # head", "a\nb\r\nc\td", "\x1b[31m\x07\u009b", "\u202etxt.exe\u2066", "\xff\xfe", "&lt;!channel&gt;",
		strings.Repeat("x", 1<<20), strings.Repeat("<", 1<<20), strings.Repeat("\x1b", 1<<20), strings.Repeat("*", 1<<20), strings.Repeat("a\n", 1<<19),
	} {
		for _, result := range []delivery.Result{"", delivery.ResultDone, delivery.ResultFailed, delivery.ResultWaiting, delivery.Result(text)} {
			var n delivery.Notice
			pour(reflect.ValueOf(&n).Elem(), text)
			n.Result = result
			message := notice.Of(n)
			name := quote.Line(text[:min(len(text), 40)]) + " " + quote.Line(string(result[:min(len(result), 10)]))
			isSlack(t, name, slack.Payload(message))
			isCard(t, name, teams.Payload(message))
		}
	}
}

// document is a payload as its receiver reads it.
func document(t *testing.T, name string, payload any, most int) any {
	t.Helper()
	raw, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	if len(raw) > most {
		t.Errorf("%s: it has %d bytes", name, len(raw))
	}
	var doc any
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	every(doc, func(s string) {
		for _, r := range s {
			if quote.Unsafe(r) && r != '\n' {
				t.Errorf("%s: it has %q in %.80q", name, r, s)
				break
			}
		}
	})
	return doc
}

func isSlack(t *testing.T, name string, m slack.Message) {
	t.Helper()
	doc := document(t, name, m, 40_000)
	var blocks func(v any)
	blocks = func(v any) {
		switch x := v.(type) {
		case []any:
			for _, one := range x {
				blocks(one)
			}
		case map[string]any:
			s, _ := x["text"].(string)
			most := map[any]int{"plain_text": 150, "mrkdwn": 2000}[x["type"]]
			if most > 0 && len([]rune(s)) > most {
				t.Errorf("%s: %d characters in %v", name, len([]rune(s)), x["type"])
			}
			if x["type"] == "mrkdwn" && (x["verbatim"] != true || strings.Contains(s, "<")) {
				t.Errorf("%s: Slack would read %.80q", name, s)
			}
			for _, one := range x {
				blocks(one)
			}
		}
	}
	blocks(doc)
	if strings.ContainsAny(m.Text, "<\n") {
		t.Errorf("%s: Slack would read %.80q", name, m.Text)
	}
}

func isCard(t *testing.T, name string, m teams.Message) {
	t.Helper()
	every(document(t, name, m, 28_000), func(s string) {
		plain := strings.NewReplacer(`\\`, "", `\[`, "", `\]`, "", `\*`, "", `\_`, "", "\\`", "", `\#`, "").Replace(s)
		if strings.ContainsAny(plain, "<>[]*`#") || strings.Contains(plain, "{{") {
			t.Errorf("%s: a card would read %.80q", name, s)
		}
	})
}
