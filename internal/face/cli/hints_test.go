package cli

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"falkirk/internal/face/cli/ui"
)

// hints are all texts of the code that say what to do next, by their place.
func hints(t *testing.T) map[string]string {
	t.Helper()
	found, files := map[string]string{}, token.NewFileSet()
	note := func(n ast.Node) {
		ast.Inspect(n, func(n ast.Node) bool {
			if lit, is := n.(*ast.BasicLit); is && lit.Kind == token.STRING {
				if s, err := strconv.Unquote(lit.Value); err == nil {
					found[files.Position(lit.Pos()).String()] = s
				}
			}
			return true
		})
	}
	err := filepath.WalkDir("../..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if f, is := n.Fun.(*ast.SelectorExpr); is && f.Sel.Name == "Hint" && len(n.Args) > 1 {
					note(n.Args[1])
				}
			case *ast.KeyValueExpr:
				if k, is := n.Key.(*ast.Ident); is && (k.Name == "Next" || k.Name == "Hint") {
					note(n.Value)
				}
			case *ast.AssignStmt:
				if f, is := n.Lhs[0].(*ast.SelectorExpr); is && (f.Sel.Name == "Next" || f.Sel.Name == "Hint") {
					note(n.Rhs[0])
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

var (
	ourCommand = regexp.MustCompile(`\bfalkirk ((?:[^,;:()]|:[^ ])*)`)
	aFlag      = regexp.MustCompile(`(?:^|[\s"])--([a-z][a-z0-9-]*)`)
	otherTool  = regexp.MustCompile(`\b(aws|git|kubectl|cosign|docker|openssl) [a-z-]+`)
)

// commandOf is the command that the words of a hint name.
func commandOf(root *cobra.Command, words []string) *cobra.Command {
	c := root
	for _, w := range words {
		next := c
		for _, below := range c.Commands() {
			if below.Name() == w || below.HasAlias(w) {
				next = below
			}
		}
		if next == c {
			break
		}
		c = next
	}
	return c
}

// Every command and every flag in a text about what to do next exists.
func TestEveryHintNamesWhatThereIs(t *testing.T) {
	t.Parallel()
	f := &ui.Face{}
	root := root(f)
	flags := map[string]bool{}
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		c.LocalFlags().VisitAll(func(fl *pflag.Flag) { flags[fl.Name] = true })
		for _, below := range c.Commands() {
			walk(below)
		}
	}
	walk(root)
	flags["help"] = true
	all := hints(t)
	if len(all) < 250 {
		t.Fatalf("only %d hints were found", len(all))
	}
	word := regexp.MustCompile(`^[a-z][a-z-]+$`)
	for at, hint := range all {
		rest := hint
		for _, m := range ourCommand.FindAllStringSubmatch(hint, -1) {
			rest = strings.Replace(rest, m[0], "", 1)
			words := strings.Fields(m[1])
			if len(words) == 0 || !word.MatchString(words[0]) {
				continue // a version, or a command that is put in
			}
			c := commandOf(root, words)
			switch {
			case c == root:
				t.Errorf("%s: %q: there is no command falkirk %s", at, hint, words[0])
			case c.HasSubCommands() && !c.Runnable():
				t.Errorf("%s: %q: %s needs a command", at, hint, c.CommandPath())
			}
			for _, fl := range aFlag.FindAllStringSubmatch(m[0], -1) {
				if fl[1] != "help" && c.Flags().Lookup(fl[1]) == nil && c.InheritedFlags().Lookup(fl[1]) == nil {
					t.Errorf("%s: %q: %s has no flag --%s", at, hint, c.CommandPath(), fl[1])
				}
			}
		}
		if otherTool.MatchString(rest) {
			continue
		}
		for _, fl := range aFlag.FindAllStringSubmatch(rest, -1) {
			if !flags[fl[1]] {
				t.Errorf("%s: %q: no command has the flag --%s", at, hint, fl[1])
			}
		}
		if strings.Contains(hint, "docs/") {
			t.Errorf("%s: %q: an installed program has no docs", at, hint)
		}
	}
}
