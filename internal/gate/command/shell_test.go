//go:build unix

package command

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"falkirk/internal/delivery"
)

// A text ends with the first command that fails, in every shell that is here.
func TestAFailedLineIsTheAnswer(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]delivery.Answer{
		"false\necho late":                         delivery.Shut,
		"false; echo late":                         delivery.Shut,
		"cd /no/such/folder\necho late":            delivery.Shut,
		"(exit 75)\necho late":                     delivery.Waiting,
		"x=$(false)\necho late":                    delivery.Shut,
		"f() { false; echo late; }\nf":             delivery.Shut,
		"if false; then :; fi\nfalse || echo fine": delivery.Open,
		"! false\nwhile false; do :; done\ntrue":   delivery.Open,
		"set +e\nfalse\necho fine":                 delivery.Open,
	} {
		for _, shell := range append(posixShells(), pipeShells()...) {
			if _, err := exec.LookPath(shell); err != nil {
				continue // TestTheShellIsStartedToStop has it
			}
			for _, s := range []Shell{{Run: text, With: shell}, {Run: text}} {
				v := ask(t, t.TempDir(), Settings{Shell: s})
				if v.Answer != want || strings.Contains(v.Output, "late") {
					t.Errorf("%s: %q is %+v", shell, text, v)
				}
			}
		}
	}
}

func TestAPipeThatFailsIsTheAnswerInBash(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("bash is not installed")
	}
	text := "false | true\necho late"
	if v := ask(t, t.TempDir(), Settings{Shell: Shell{Run: text, With: "bash"}}); v.Answer != delivery.Shut || v.Output != "" {
		t.Errorf("bash: %+v", v)
	}
	if v := ask(t, t.TempDir(), Settings{Shell: Shell{Run: text}}); v.Answer != delivery.Open {
		t.Errorf("sh has no pipefail everywhere: %+v", v)
	}
}

func TestTheShellIsStartedToStop(t *testing.T) {
	t.Parallel()
	for with, want := range map[string]string{
		"": "sh -e -c x", "sh": "sh -e -c x", "/bin/dash": "/bin/dash -e -c x", "bash.exe": "bash.exe -e -o pipefail -c x",
		"zsh": "zsh -e -o pipefail -c x", "/usr/bin/ksh": "/usr/bin/ksh -e -o pipefail -c x", "fish": "fish -c x", "python3": "python3 -c x",
	} {
		if got := strings.Join(Shell{Run: "x", With: with}.argv(), " "); got != want {
			t.Errorf("%q: %s, want %s", with, got, want)
		}
		warned := len(Settings{Shell: Shell{Run: "x\ny\n", With: with}}.Warnings()) > 0
		if stops := strings.Contains(want, " -e "); warned == stops {
			t.Errorf("%q stops: %v, a text of several lines is warned of: %v", with, stops, warned)
		}
		if w := (Settings{Shell: Shell{Run: "x\n", With: with}}).Warnings(); len(w) > 0 {
			t.Errorf("%q: one line is warned of: %v", with, w)
		}
	}
}

func TestShellIsATextOrAMapping(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]Shell{
		`"a\nb"`:                      {Run: "a\nb"},
		`{"run":"a"}`:                 {Run: "a"},
		`{"run":"a","with":"bash"}`:   {Run: "a", With: "bash"},
		`{"run":"a","with":"/b/ksh"}`: {Run: "a", With: "/b/ksh"},
	} {
		var got, again Shell
		if err := json.Unmarshal([]byte(raw), &got); err != nil {
			t.Errorf("%s: %v", raw, err)
		}
		out, err := json.Marshal(got)
		if err != nil || json.Unmarshal(out, &again) != nil {
			t.Errorf("%s: %s %v", raw, out, err)
		}
		if d := cmp.Diff([]Shell{want, want}, []Shell{got, again}); d != "" {
			t.Errorf("%s: %s", raw, d)
		}
	}
	for _, raw := range []string{`1`, `["a"]`, `{"run":1}`, `{"run":"a","more":1}`, `true`} {
		if err := json.Unmarshal([]byte(raw), new(Shell)); err == nil {
			t.Errorf("%s is taken", raw)
		}
	}
	for _, s := range []Shell{{Run: "a", With: "bash -x"}, {With: "bash"}, {Run: "a", With: "b\x00"}} {
		if len(Settings{Shell: s}.Check()) == 0 {
			t.Errorf("%+v is taken", s)
		}
	}
}

func TestWhatIsLeftRunningIsSaidInTheOutput(t *testing.T) {
	t.Parallel()
	v := ask(t, t.TempDir(), Settings{Shell: Shell{Run: "sleep 1000 & printf fine"}})
	if v.Answer != delivery.Open || !strings.HasPrefix(v.Output, "fine\nfalkirk: these processes ran on after the command had ended, and were stopped: sleep (process ") {
		t.Errorf("%+v", v)
	}
}
