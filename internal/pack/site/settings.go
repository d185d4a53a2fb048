// Package site packs a folder of files into a site manifest and blobs. It
// builds nothing: the folder holds what a browser gets.
package site

import (
	"fmt"
	"path"
	"strings"

	"falkirk/internal/fault"
	"falkirk/internal/pack/ignore"
)

// Settings is the block of a site component.
type Settings struct {
	Path      string   `json:"path" yaml:"path" jsonschema:"description=folder of the files as a browser gets them; relative to the app file"`
	Entries   []string `json:"entries,omitempty" yaml:"entries,omitempty" jsonschema:"description=files that decide which release is seen (in the syntax of .gitignore); written last and never cached; by default HTML pages and service workers and web manifests"`
	Immutable []string `json:"immutable,omitempty" yaml:"immutable,omitempty" jsonschema:"description=files whose name changes with their content (in the syntax of .gitignore); cached for a year; names that plainly hold a hash are found without this; see ignoreHashes"`
	Ignore    []string `json:"ignore,omitempty" yaml:"ignore,omitempty" jsonschema:"description=files to leave out (in the syntax of .gitignore) besides those of .falkirkignore"`
	Dotfiles  []string `json:"dotfiles,omitempty" yaml:"dotfiles,omitempty" jsonschema:"description=hidden files and folders to publish (in the syntax of .gitignore); others whose name begins with a dot are left out except .well-known"`
	Headers   []Rule   `json:"headers,omitempty" yaml:"headers,omitempty" jsonschema:"description=headers of the files that match; where several rules match a file the later one wins for each header"`

	IgnoreHashes bool `json:"ignoreHashes,omitempty" yaml:"ignoreHashes,omitempty" jsonschema:"description=true: a name that looks as if it holds a hash is no reason to cache the file for a year; only immutable is"`
}

// Check lists what is wrong with the settings themselves.
func (s Settings) Check() []fault.Problem {
	var problems []fault.Problem
	if strings.TrimSpace(s.Path) == "" {
		problems = append(problems, fault.Problem{Path: []string{"path"}, Text: "no folder is given", Want: "the folder of the site, such as web/dist"})
	}
	problems = append(problems, checkPatterns("entries", s.Entries)...)
	problems = append(problems, checkPatterns("immutable", s.Immutable)...)
	problems = append(problems, checkPatterns("dotfiles", s.Dotfiles)...)
	problems = append(problems, checkDotfiles(s.Dotfiles)...)
	for i, r := range s.Headers {
		problems = append(problems, r.check([]string{"headers", fmt.Sprint(i)})...)
	}
	return append(problems, checkPatterns("ignore", s.Ignore)...)
}

// checkDotfiles refuses to name what no site may hold.
func checkDotfiles(patterns []string) []fault.Problem {
	var problems []fault.Problem
	for i, p := range patterns {
		base := path.Base(strings.TrimSuffix(p, "/"))
		if base == ".git" || base == ".falkirk" || secretName(base) {
			problems = append(problems, fault.Problem{
				Path: []string{"dotfiles", fmt.Sprint(i)}, Text: fmt.Sprintf("%q is never published", p), Want: "the name of a file that everybody may read",
			})
		}
	}
	return problems
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
