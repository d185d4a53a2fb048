package app

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"falkirk/internal/face/cli"
	"falkirk/internal/fault"
)

// elsewhere are codes that no script in test/e2e can have a command end with, and the
// test that does: its file and a text in it.
var elsewhere = map[string][2]string{
	"delete ecr-sync 0":      {"test/kubernetes/copies_test.go", `s.must(t, "delete", "ecr-sync", "prod"`},
	"delete sync-function 0": {"test/lambda/function_test.go", `"delete", "sync-function", "--yes"`},
	"promote 130":            {"test/e2e/testdata/interrupt.txtar", "exit code 130"},
	"demo 0":                 {"test/demo/demo_test.go", `"demo"`},
	"status 9":               {"internal/usecase/inspect/status_test.go", "fault.Partial"},
	"status 11":              {"internal/usecase/inspect/status_test.go", "fault.Unknown"},
}

var scriptLine = regexp.MustCompile(`^(?:\[[^\]]*\] )?falkirk (\d+) (.*)$`)

// TestEveryCodeOfEveryCommandIsRun: each code that the reference says a command
// can end with is given by the real program in a script, and no script has a code
// that the reference does not say. A new command needs a row and runs. 0 and 2
// are run for each; 1 and 130, which come from outside, for one.
func TestEveryCodeOfEveryCommandIsRun(t *testing.T) {
	t.Parallel()
	codes := map[string][]int{}
	for _, c := range cli.Commands(wire()) {
		if codes[c.Path] = c.Codes; c.Codes == nil {
			t.Errorf("falkirk %s has no row in the table of exit codes: see ownCodes in internal/face/cli", c.Path)
		}
	}
	run, given := map[string][]int{}, map[int]bool{}
	files, err := filepath.Glob("../../test/e2e/*/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(raw)) {
			m := scriptLine.FindStringSubmatch(strings.TrimSpace(line))
			if m == nil {
				continue
			}
			code, _ := strconv.Atoi(m[1]) // digits
			command := commandOf(m[2], codes)
			if command == "" {
				continue // no command, a completion, or flags first
			}
			if run[command] = append(run[command], code); !slices.Contains(codes[command], code) {
				t.Errorf("%s: falkirk %s ends with %d, and the table of exit codes does not say so", file, command, code)
			}
			given[code] = true
		}
	}
	for command, all := range codes {
		for _, code := range all {
			key := command + " " + strconv.Itoa(code)
			if at, is := elsewhere[key]; is {
				raw, err := os.ReadFile(filepath.Join("..", "..", at[0]))
				if err != nil || !strings.Contains(string(raw), at[1]) {
					t.Errorf("falkirk %s: %s has no %s", key, at[0], at[1])
				}
				given[code] = true
				continue
			}
			if code != 1 && code != 130 && !slices.Contains(run[command], code) {
				t.Errorf("no script has falkirk %s end with %d", command, code)
			}
		}
	}
	for _, x := range fault.Exits() {
		if !given[x.Code] {
			t.Errorf("nothing ends with %d, %s", x.Code, x.Name)
		}
	}
}

// commandOf is the command of a line: two words or one.
func commandOf(line string, known map[string][]int) string {
	words := strings.Fields(line)
	for n := min(2, len(words)); n > 0; n-- {
		if path := strings.Join(words[:n], " "); known[path] != nil {
			return path
		}
	}
	return ""
}
