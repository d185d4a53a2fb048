package delivery

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"falkirk/internal/fault"
)

// Unusable is why a block of the app file cannot be used: environment variables
// that it names are not set, or their values do not fit. It says where in the
// file, a line for each; "" when the block can be used. A block that has one has
// no settings.
type Unusable string

// Err is nil when the block can be used; else it says what cannot, and why.
func (u Unusable) Err(what string) error {
	if u == "" {
		return nil
	}
	err := fault.New(fault.Invalid, "%s: %s", what, string(u))
	return fault.Hint(err, "%s, then: falkirk config check", u.Next())
}

// NotSet says that a variable is not set, as the lines of an Unusable do.
func NotSet(variable string) string {
	return fmt.Sprintf("the environment variable %s is not set", variable)
}

var (
	notSet      = regexp.MustCompile(`^(?:.*: )?the environment variable ([A-Za-z_][A-Za-z0-9_]*) is not set$`)
	filledIn    = regexp.MustCompile(`\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}`)
	expectation = regexp.MustCompile(`; (expected|did you mean) .*`)
)

// Next is what to do: which variables to set, the values of which to correct, or
// that the file is to be corrected.
func (u Unusable) Next() string {
	var unset, from, next []string
	file := false
	for line := range strings.Lines(string(u)) {
		line = expectation.ReplaceAllString(strings.TrimSuffix(line, "\n"), "")
		if m := notSet.FindStringSubmatch(line); m != nil {
			unset = append(unset, m[1])
			continue
		}
		filled := filledIn.FindAllStringSubmatch(line, -1)
		file = file || len(filled) == 0
		for _, m := range filled {
			from = append(from, m[1])
		}
	}
	if unset = distinct(unset); len(unset) > 0 {
		next = append(next, "set "+strings.Join(unset, ", ")+" before you run falkirk: export "+strings.Join(unset, "=… ")+"=…")
	}
	if from = distinct(from); len(from) > 0 {
		next = append(next, "correct the value of "+strings.Join(from, ", "))
	}
	if file {
		next = append(next, "correct the file")
	}
	return strings.Join(next, "; ")
}

func distinct(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}
