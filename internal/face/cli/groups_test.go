package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"falkirk/internal/face/cli/ui"
)

// groups are the words of every command that has commands below it.
func groups(c *cobra.Command) [][]string {
	var all [][]string
	if c.HasSubCommands() && !c.Runnable() {
		all = append(all, strings.Fields(c.CommandPath())[1:])
	}
	for _, below := range c.Commands() {
		all = append(all, groups(below)...)
	}
	return all
}

// run is one call of the command line.
func run(args ...string) (code int, out, err string) {
	var stdout, stderr bytes.Buffer
	code = Main(context.Background(), ui.Wiring{Getenv: func(string) (string, bool) { return "", false }},
		ui.Streams{In: strings.NewReader(""), Out: &stdout, Err: &stderr}, args)
	return code, stdout.String(), stderr.String()
}

// A misspelt command is an error in every group, and the nearest one is named.
func TestEveryGroupRefusesAWrongName(t *testing.T) {
	t.Parallel()
	f := &ui.Face{}
	root := root(f)
	root.InitDefaultCompletionCmd()
	all := groups(root)
	if len(all) < 8 {
		t.Fatalf("%d groups: %v", len(all), all)
	}
	for _, group := range all {
		c, _, err := root.Find(group)
		if err != nil {
			t.Fatal(err)
		}
		name := c.Commands()[0].Name()
		misspelt := name[:len(name)-1] + "~"
		for _, words := range [][]string{append(group, misspelt), append(group, misspelt, "x"), append([]string{"help"}, append(group, misspelt)...)} {
			code, out, text := run(words...)
			if code != 2 || out != "" || !strings.Contains(text, "did you mean") || !strings.Contains(text, "  next: "+c.CommandPath()+" ") {
				t.Errorf("%v: exit code %d\n%s%s", words, code, out, text)
			}
		}
		if code, out, _ := run(append(group, "qqqqqqqqqq", "-o", "json")...); code != 2 || !json.Valid([]byte(out)) {
			t.Errorf("%v qqqqqqqqqq -o json: exit code %d\n%s", group, code, out)
		}
		for _, more := range [][]string{{"-o", "json"}, {"--help", "-o", "json"}} {
			if code, out, _ := run(append(group, more...)...); code != 0 || !json.Valid([]byte(out)) || !strings.Contains(out, name) {
				t.Errorf("%v %v: exit code %d\n%s", group, more, code, out)
			}
		}
	}
}
