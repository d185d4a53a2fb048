//go:build unix

package inspect

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"unicode/utf8"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
)

// inShells runs a script in each shell that is here.
func inShells(t *testing.T, script string, env []string, check func(shell, out string, err error)) {
	t.Helper()
	for _, shell := range []string{"sh", "bash", "dash"} {
		if _, err := exec.LookPath(shell); err != nil {
			continue
		}
		cmd := exec.CommandContext(t.Context(), shell, "-s") //nolint:gosec // a test
		cmd.Stdin, cmd.Env = strings.NewReader(script), append(env, "PATH="+os.Getenv("PATH"))
		out, err := cmd.CombinedOutput()
		check(shell, string(out), err)
	}
}

// values are what a variable of the environment can hold.
func values() []string {
	all := []string{
		"", " ", "plain", `a"b`, `a\b`, "it's", "$(exit 9)", "`exit 9`", "$HOME", "a\nb", "a\n", "\n\n", "a\r\n\tb\x01\x1f\x7f",
		"äöü €😀", "-n", "%s%d\\n", "a b  c ", "*", "\\u0041", strings.Repeat("x", 5000), "END", "a\nEND\nb", "!history",
	}
	for range 40 {
		var b strings.Builder
		for range rand.N(30) { //nolint:gosec // a test
			b.WriteRune([]rune("ab \"'\\$`\n\t\r%#!&|;<>(){}[]*?~^é😀\x02\u2028")[rand.N(33)]) //nolint:gosec // a test
		}
		all = append(all, b.String())
	}
	return all
}

// Whatever a variable holds, the script passes exactly that as JSON.
func TestTheScriptWritesAnyValueAsJSON(t *testing.T) {
	t.Parallel()
	for _, v := range values() {
		var head strings.Builder
		writeNeeds(&head, delivery.App{}, engine.Script{Reads: []delivery.Part{{Text: v, Variable: "PW"}}})
		inShells(t, "set -eu\n"+head.String()+`json 'a'"$falkirk_PW"'b'`+"\n", []string{"PW=" + v}, func(shell, out string, err error) {
			var got string
			if jsonErr := json.Unmarshal([]byte(out), &got); err != nil || jsonErr != nil || got != "a"+v+"b" || !utf8.ValidString(v) {
				t.Errorf("%s: %q is %q: %v %v", shell, v, out, err, jsonErr)
			}
		})
	}
}

// Our checksum is that of the program cksum.
func TestTheChecksumIsThatOfPOSIX(t *testing.T) {
	t.Parallel()
	for _, v := range values() {
		cmd := exec.CommandContext(t.Context(), "cksum")
		cmd.Stdin = strings.NewReader(v)
		out, err := cmd.Output()
		if want := fmt.Sprintf("%d %d", cksum(v), len(v)); err != nil || strings.TrimSpace(string(out)) != want {
			t.Errorf("%q: %s, want %s (%v)", v, out, want, err)
		}
	}
}

// A variable that is not set, or has another value, ends the script with a reason
// before it does anything.
func TestTheScriptRefusesAnotherValue(t *testing.T) {
	t.Parallel()
	app := delivery.App{Accounts: []delivery.Account{{
		Name: "prod", Role: "arn:aws:iam::111111111111:role/r", ExternalID: "id-4711",
		External: delivery.Written{{Text: "id-"}, {Text: "4711", Variable: "OUTSIDE"}},
	}}}
	var script strings.Builder
	writeScript(&script, app, engine.Script{
		Reads: []delivery.Part{{Text: "first", Variable: "PW"}, {Text: "first", Variable: "PW"}},
		Places: []engine.PlaceCommands{{
			Place:    delivery.Place{Environment: "prd", Account: "prod", Region: "eu-1"},
			Commands: []engine.StepCommands{{Component: "c", Summary: "s", Lines: []string{"echo did it"}}},
		}},
	})
	text := strings.Replace(script.String(), "set -eu", "set -eu\naws() { echo \"aws $*\" >&2; echo a b c; }", 1)
	if strings.Contains(text, "4711") || strings.Contains(text, "first") {
		t.Errorf("the script has a value:\n%s", text)
	}
	for _, c := range []struct {
		env  []string
		want string
		ok   bool
	}{
		{[]string{"PW=first", "OUTSIDE=4711"}, "did it", true},
		{[]string{"PW=first", "OUTSIDE=4711"}, "--external-id id-4711", true},
		{[]string{"PW=other", "OUTSIDE=4711"}, "PW has another value", false},
		{[]string{"PW=", "OUTSIDE=4711"}, "PW has another value", false},
		{[]string{"OUTSIDE=4711"}, "PW is not set", false},
		{[]string{"PW=first"}, "OUTSIDE is not set", false},
	} {
		inShells(t, text, c.env, func(shell, out string, err error) {
			if (err == nil) != c.ok || !strings.Contains(out, c.want) || !c.ok && strings.Contains(out, "did it") {
				t.Errorf("%s with %v: %v\n%s", shell, c.env, err, out)
			}
		})
	}
}
