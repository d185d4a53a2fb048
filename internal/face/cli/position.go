package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"falkirk/internal/face/cli/ui"
)

// completeByUse gives every command below root a completion by its usage: VERSION,
// ENVIRONMENT, COMPONENT and JOB are offered where they belong, and nothing is offered
// after the last argument. Other words keep the completion of the command.
func completeByUse(f *ui.Face, root *cobra.Command) {
	for _, c := range root.Commands() {
		completeByUse(f, c)
		words := positions(c.Use)
		if len(words) == 0 {
			continue
		}
		own := c.ValidArgsFunction
		c.ValidArgsFunction = func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
			if len(args) >= len(words) && !strings.HasSuffix(words[len(words)-1], "...") {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			word := words[min(len(args), len(words)-1)]
			by := map[string]func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective){
				"VERSION": f.CompleteVersions, "ENVIRONMENT": f.CompleteEnvironments, "COMPONENT": f.CompleteComponents, "JOB": f.CompleteSyncs,
			}
			switch {
			case by[word] != nil:
				return by[word](cmd, nil, begun)
			case own != nil:
				return own(cmd, args, begun)
			}
			return nil, cobra.ShellCompDirectiveDefault
		}
	}
}

// positions are the arguments in a line of usage, without those of flags.
func positions(use string) []string {
	var words []string
	after := ""
	for _, word := range strings.Fields(use) {
		name := strings.Trim(word, "[]")
		if !strings.HasPrefix(strings.Trim(after, "["), "--") && name != "" && name[0] >= 'A' && name[0] <= 'Z' {
			words = append(words, name)
		}
		after = word
	}
	return words
}
