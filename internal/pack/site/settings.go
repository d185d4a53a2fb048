// Package site packs a folder of files into a site manifest and blobs. It
// builds nothing: the folder holds what a browser gets.
package site

import (
	"fmt"
	"strings"

	"falkirk/internal/fault"
	"falkirk/internal/pack/ignore"
)

// Settings is the block of a site component.
type Settings struct {
	Path      string   `json:"path" yaml:"path" jsonschema:"description=folder of the files as a browser gets them; relative to the app file"`
	Entries   []string `json:"entries,omitempty" yaml:"entries,omitempty" jsonschema:"description=files that decide which release is seen (in the syntax of .gitignore); written last and never cached; by default HTML pages and service workers and web manifests"`
	Immutable []string `json:"immutable,omitempty" yaml:"immutable,omitempty" jsonschema:"description=files whose name changes with their content (in the syntax of .gitignore); cached for a year; names that plainly hold a hash are found without this"`
	Ignore    []string `json:"ignore,omitempty" yaml:"ignore,omitempty" jsonschema:"description=files to leave out (in the syntax of .gitignore) besides those of .falkirkignore"`
}

// Check lists what is wrong with the settings themselves.
func (s Settings) Check() []fault.Problem {
	var problems []fault.Problem
	if strings.TrimSpace(s.Path) == "" {
		problems = append(problems, fault.Problem{Path: []string{"path"}, Text: "no folder is given", Want: "the folder of the site, such as web/dist"})
	}
	problems = append(problems, checkPatterns("entries", s.Entries)...)
	problems = append(problems, checkPatterns("immutable", s.Immutable)...)
	return append(problems, checkPatterns("ignore", s.Ignore)...)
}

func checkPatterns(key string, patterns []string) []fault.Problem {
	var problems []fault.Problem
	for i, p := range patterns {
		if err := new(ignore.List).Add(key, p); err != nil {
			problems = append(problems, fault.Problem{
				Path: []string{key, fmt.Sprint(i)}, Text: fmt.Sprintf("%q is not a pattern", p), Want: "a pattern in the syntax of .gitignore",
			})
		}
	}
	return problems
}
