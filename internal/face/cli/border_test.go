package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	decidecmd "falkirk/internal/face/cli/decide"
	imagecmd "falkirk/internal/face/cli/image"
	inspectcmd "falkirk/internal/face/cli/inspect"
	releasecmd "falkirk/internal/face/cli/release"
	setupcmd "falkirk/internal/face/cli/setup"
	"falkirk/internal/face/cli/ui"
	"falkirk/internal/fault"
	"falkirk/internal/images"
	"falkirk/internal/imagesync"
	"falkirk/internal/quote"
	"falkirk/internal/rule"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/decide"
	"falkirk/internal/usecase/inspect"
	"falkirk/internal/usecase/setup"
)

// hostile texts draw a line of their own, steer the terminal, turn the direction
// of a text, are long.
func hostile() []string {
	return []string{
		"why\nFORGED done: all is well\r\nFORGED", "\x1b[2J\x1b]0;title\x07\x9b31m\u009b31m\x7f",
		"a\u202eb\u2066c\u200ed\u2028FORGED\u061c", "\tFORGED\v\f\b", strings.Repeat("x", 1<<20),
	}
}

// fill puts a text into every field that can hold one.
func fill(v reflect.Value, text string, depth int) {
	if depth > 12 || !v.CanSet() && v.Kind() != reflect.Pointer {
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		fill(v.Elem(), text, depth+1)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), text, depth+1)
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), text, depth+1)
	case reflect.Map:
		if v.Type().Key().Kind() != reflect.String {
			return
		}
		v.Set(reflect.MakeMap(v.Type()))
		value := reflect.New(v.Type().Elem()).Elem()
		fill(value, text, depth+1)
		v.SetMapIndex(reflect.ValueOf(text).Convert(v.Type().Key()), value)
	case reflect.Bool:
		v.SetBool(true)
	}
}

func filled[T any](text string) T {
	var v T
	fill(reflect.ValueOf(&v).Elem(), text, 0)
	return v
}

// bordered is a face whose streams are kept.
func bordered(color bool) (f *ui.Face, text *bytes.Buffer) {
	text = &bytes.Buffer{}
	f = &ui.Face{Inks: ui.NewInks(), Output: "text"}
	f.Color = color
	f.Out, f.Err = ui.NewBorder(text, f.Inks, f.IsJSON), ui.NewBorder(text, f.Inks, f.IsJSON)
	f.Plain = ui.NewDocumentBorder(text, f.Inks, f.IsJSON, true)
	return f, text
}

// printers are what shows things that others wrote.
func printers(f *ui.Face, s string) map[string]func() {
	p := f.Lines(false)
	op := filled[delivery.Operation](s)
	all := map[string]func(){
		"status":      func() { f.PrintStatus([]engine.Status{filled[engine.Status](s)}, false, nil) },
		"digests":     func() { f.PrintStatus([]engine.Status{filled[engine.Status](s)}, true, nil) },
		"history":     func() { inspectcmd.PrintHistory(f, inspect.HistoryResult{filled[inspect.PastOperation](s)}, false) },
		"steps":       func() { inspectcmd.PrintHistory(f, inspect.HistoryResult{filled[inspect.PastOperation](s)}, true) },
		"plan":        func() { f.PrintPlan(filled[delivery.Plan](s), strings.Repeat("x", 30)) },
		"release":     func() { releasecmd.PrintOne(f, filled[delivery.Release](s)) },
		"releases":    func() { releasecmd.PrintReleases(f, []delivery.Release{filled[delivery.Release](s)}) },
		"approvals":   func() { decidecmd.PrintApprovals(f, []decidecmd.Exported{filled[decidecmd.Exported](s)}) },
		"processes":   func() { inspectcmd.PrintProcesses(f, []usecase.Process{filled[usecase.Process](s)}) },
		"why":         func() { inspectcmd.PrintWhy(f, filled[rule.Obstacle](s)) },
		"image":       func() { imagecmd.PrintImage(f, filled[images.Image](s)) },
		"listed":      func() { imagecmd.PrintListed(f, []images.Listed{filled[images.Listed](s)}) },
		"tagged":      func() { imagecmd.PrintTagged(f, []images.Tagged{filled[images.Tagged](s)}, false) },
		"copied":      func() { imagecmd.PrintCopied(f, filled[images.Copied](s)) },
		"sync":        func() { r := filled[imagesync.Result](s); imagecmd.PrintSync(f, &r) },
		"doctor":      func() { setupcmd.PrintExamination(f, filled[delivery.Examination](s), true) },
		"preparation": func() { setupcmd.ShowPreparation(f, f.Out.Write, filled[setup.Preparation](s)) },
		"function":    func() { setupcmd.ShowFunction(f, f.Out.Write, filled[setup.Function](s)) },
		"schedule":    func() { setupcmd.ShowSchedule(f, f.Out.Write, filled[setup.Schedule](s)) },
		"error":       func() { f.Tell(fault.Hint(fmt.Errorf("%s: %w", s, errors.New(s)), "%s", s)) },
		"table":       func() { ui.Table(f.Out, [][]string{{s, "b"}, {"c", s}}) },
		"lock": func() {
			l := filled[delivery.Lock](s)
			now := time.Now()
			l.Since, l.Lease = &now, &now
			decidecmd.PrintLock(f, l)
		},
		"gates": func() {
			w := &decidecmd.Word{Change: &ui.Change{Face: f}}
			w.PrintReview(filled[decide.Review](s))
			w.PrintSaid(filled[decide.WordResult](s))
		},
	}
	for _, verb := range []delivery.Verb{delivery.VerbHold, delivery.VerbBan, delivery.VerbStop} {
		all["decide "+string(verb)] = func() {
			(&decidecmd.Decision{Face: f, Verb: verb}).Print(engine.Decided{Operation: op, Changed: true})
		}
	}
	for _, kind := range []engine.EventKind{
		engine.Watching, engine.Began, engine.Planned, engine.Warned, engine.Answered, engine.Baking, engine.Ran, engine.Proved,
		engine.Starting, engine.Progress, engine.Finished, engine.Undoing, engine.Undone, engine.Ended, engine.PassedOff,
	} {
		all["event "+string(kind)] = func() {
			ev := filled[engine.Event](s)
			ev.Kind = kind
			p.Report(ev)
			ev.Error = ""
			p.Report(ev)
		}
	}
	return all
}

var ours = regexp.MustCompile("\x1b\\[(0|2|31|32|33)m")

// No text from outside steers the terminal of another person, draws a line of
// its own or floods it: in every field of everything that is shown.
func TestNothingFromOutsideLeavesRaw(t *testing.T) {
	t.Parallel()
	for _, color := range []bool{false, true} {
		for _, s := range hostile() {
			f, text := bordered(color)
			for name, show := range printers(f, s) {
				text.Reset()
				show()
				out := text.String()
				if color {
					out = ours.ReplaceAllString(out, "")
				}
				if out == "" && !strings.HasPrefix(name, "event") {
					t.Errorf("%s shows nothing", name)
				}
				if !utf8.ValidString(out) {
					t.Errorf("%s: no UTF-8", name)
				}
				for line := range strings.Lines(out) {
					if i := strings.IndexFunc(strings.TrimSuffix(line, "\n"), quote.Unsafe); i >= 0 && (line[i] != '\t' || !isFolded(name)) {
						t.Errorf("%s of %.40q: %q is raw", name, s, line[i:min(len(line), i+10)])
					}
					if strings.HasPrefix(strings.TrimLeft(line, " \t"), "FORGED") {
						t.Errorf("%s of %.40q draws the line %.80q", name, s, line)
					}
					if len(line) > ui.Longest+100 {
						t.Errorf("%s: a line of %d bytes", name, len(line))
					}
				}
			}
		}
	}
}

// isFolded reports whether a printer shows errors of several lines; tabs stay in
// them, so that a caret is below its column.
func isFolded(name string) bool {
	return name == "error" || name == "steps" || strings.HasPrefix(name, "event ")
}

// JSON stays the same value, and nothing in it steers a terminal either.
func TestJSONHasNoRawControl(t *testing.T) {
	t.Parallel()
	f, text := bordered(false)
	f.Output = "json"
	want := strings.Join(hostile()[:4], "") + "\U000e0041" + "ok"
	want = strings.ToValidUTF8(want, "\ufffd")
	f.Doc.Result = want
	f.Doc.End(0, errors.New(want))
	if err := f.Doc.Write(f.Out, false, nil); err != nil {
		t.Fatal(err)
	}
	if i := strings.IndexFunc(strings.ReplaceAll(text.String(), "\n", ""), quote.Unsafe); i >= 0 {
		t.Errorf("raw: %q", text.String()[i:i+10])
	}
	var back struct {
		Result string
		Error  struct{ Message string }
	}
	if err := json.Unmarshal(text.Bytes(), &back); err != nil || back.Result != want || back.Error.Message != want {
		t.Errorf("%q, %v", back, err)
	}
}

// The border is the same for any pieces that a text is written in.
func TestTheBorderTakesPieces(t *testing.T) {
	t.Parallel()
	text := "é\u202e😀\x1b[31m\nü\x9b" + strings.Repeat("ä", ui.Longest) + "\nend\n"
	var whole bytes.Buffer
	k := ui.NewInks()
	no := func() bool { return false }
	if _, err := io.WriteString(ui.NewBorder(&whole, k, no), text); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(whole.String(), "… (cut)\nend\n") {
		t.Error("a long line is not cut, or the next one is")
	}
	for range 50 {
		var pieces bytes.Buffer
		b := ui.NewBorder(&pieces, k, no)
		for rest := text; rest != ""; {
			n := min(1+rand.N(1000), len(rest)) //nolint:gosec // a test
			if len(text)-len(rest) < 30 {
				n = 1
			}
			if _, err := io.WriteString(b, rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if pieces.String() != whole.String() {
			t.Fatal("pieces make a difference")
		}
	}
}

// A text is printed by fprintf and its sisters: those of fmt quote nothing.
func TestEveryFieldIsQuoted(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	prints := regexp.MustCompile(`fmt\.(Fprintf|Fprintln|Sprintf|Appendf|Printf|Println|Print)\(`)
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") || name == "border.go" || name == "reference.go" {
			continue
		}
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for n, line := range strings.Split(string(raw), "\n") {
			if prints.MatchString(line) {
				t.Errorf("%s:%d: %s: use fprintf, fprintln or sprintf of border.go", name, n+1, strings.TrimSpace(line))
			}
		}
	}
}
