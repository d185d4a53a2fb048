package cli

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"falkirk/internal/face/cli/ui"
	"falkirk/internal/fault"
)

// runnableCommands are the commands of the program that can be run.
func runnableCommands(t *testing.T) []*cobra.Command {
	t.Helper()
	var all []*cobra.Command
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Runnable() && !c.DisableFlagParsing {
			all = append(all, c)
		}
		for _, below := range c.Commands() {
			walk(below)
		}
	}
	walk(root((&ui.Face{})))
	return all
}

// refusal runs a command and gives what it says.
func refusal(words ...string) (int, string) {
	code, out, text := run(words...)
	return code, out + text
}

// wordsOf is a command with an argument for each that it takes, and a value for each
// flag that it needs but one.
func wordsOf(c *cobra.Command, but string) []string {
	words := strings.Fields(c.CommandPath())[1:]
	c.Flags().VisitAll(func(fl *pflag.Flag) {
		if _, required := fl.Annotations[cobra.BashCompOneRequiredFlag]; required && fl.Name != but {
			words = append(words, "--"+fl.Name+"=x")
		}
	})
	for n := range 4 {
		if c.ValidateArgs(make([]string, n)) == nil {
			for range n {
				words = append(words, "x")
			}
			break
		}
	}
	return words
}

// TestNoFlagTakesAnEmptyValue: an empty value is a variable that is not set, and a
// command that takes it does something else than was asked.
func TestNoFlagTakesAnEmptyValue(t *testing.T) {
	t.Parallel()
	flags, arguments := 0, 0
	for _, c := range runnableCommands(t) {
		c.InheritedFlags() // merges them
		c.Flags().VisitAll(func(fl *pflag.Flag) {
			_, isList := fl.Value.(pflag.SliceValue)
			if fl.Value.Type() != "string" && !isList {
				return
			}
			flags++
			words := append(wordsOf(c, fl.Name), "--"+fl.Name, "")
			if code, text := refusal(words...); code != 2 || !strings.Contains(text, "--"+fl.Name+" has an empty value") {
				t.Errorf("falkirk %q: exit code %d, want 2\n%s", words, code, text)
			}
		})
		words := wordsOf(c, "")
		if last := len(words) - 1; words[last] == "x" {
			arguments++
			words[last] = ""
			if code, text := refusal(words...); code != 2 || !strings.Contains(text, "is empty") {
				t.Errorf("falkirk %q: exit code %d, want 2\n%s", words, code, text)
			}
		}
	}
	if flags < 100 || arguments < 10 {
		t.Errorf("only %d flags and %d arguments were tried", flags, arguments)
	}
}

// TestFlagsThatExcludeEachOtherAreBadInput is about each pair that a command says
// of.
func TestFlagsThatExcludeEachOtherAreBadInput(t *testing.T) {
	t.Parallel()
	pairs := 0
	for _, c := range runnableCommands(t) {
		c.Flags().VisitAll(func(fl *pflag.Flag) {
			for _, group := range fl.Annotations["cobra_annotation_mutually_exclusive"] {
				for _, other := range strings.Fields(group) {
					if other == fl.Name {
						continue
					}
					pairs++
					words := wordsOf(c, "")
					for _, name := range []string{fl.Name, other} {
						value := "x"
						if c.Flags().Lookup(name).Value.Type() == "bool" {
							value = "true"
						}
						words = append(words, "--"+name+"="+value)
					}
					if code, text := refusal(words...); code != fault.ExitCode(fault.New(fault.Invalid, "x")) {
						t.Errorf("falkirk %q: exit code %d\n%s", words, code, text)
					}
				}
			}
		})
	}
	if pairs < 6 {
		t.Errorf("only %d pairs were tried", pairs)
	}
}
