// Package approval is the gate that asks people. It counts the approvals in the
// ledger that name the plan in question; it writes none, and asks nobody itself.
package approval

import (
	"fmt"
	"slices"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Settings is the block of an approval gate.
type Settings struct {
	Quorum  int               `json:"quorum" yaml:"quorum" jsonschema:"minimum=1,description=how many people must approve"`
	From    []string          `json:"from,omitempty" yaml:"from,omitempty" jsonschema:"minLength=1,description=who may approve: people and @groups; anybody if not given"`
	Not     []string          `json:"not,omitempty" yaml:"not,omitempty" jsonschema:"enum=packer,enum=asker,description=who may not approve whatever else is said: who packed the release and who asked for the operation"`
	Expires delivery.Duration `json:"expires,omitempty" yaml:"expires,omitempty" jsonschema:"type=string,description=how long an approval counts; until the plan is done or another one is needed if not given"`
	Signed  bool              `json:"signed,omitempty" yaml:"signed,omitempty" jsonschema:"description=count only what is signed with an SSH key that signers lists for that person"`
	Signers string            `json:"signers,omitempty" yaml:"signers,omitempty" jsonschema:"description=the allowed-signers file of OpenSSH: relative to the app file's folder"`
	Reject  string            `json:"reject" yaml:"reject" jsonschema:"enum=closes,enum=withdraws,description=what the no of one person does: close the gate or only take back that person's yes"`
}

// The words of not and reject.
const (
	packer    = "packer"
	asker     = "asker"
	closes    = "closes"
	withdraws = "withdraws"
)

// Defaults are the settings that are not written.
func Defaults() Settings { return Settings{Quorum: 1, Reject: closes} }

// Check lists everything wrong with the settings by themselves.
func (s Settings) Check() []fault.Problem {
	var all []fault.Problem
	add := func(text, want string, path ...string) {
		all = append(all, fault.Problem{Path: path, Text: text, Want: want})
	}
	if s.Quorum < 1 {
		add(fmt.Sprintf("%d people cannot approve", s.Quorum), "1 or more", "quorum")
	}
	for i, name := range s.From {
		if !isName(strings.TrimPrefix(name, "@")) {
			add(fmt.Sprintf("%q is neither a person nor a group", name), "a login, a principal of the allowed-signers file, or @group", "from", fmt.Sprint(i))
		}
	}
	for i, word := range s.Not {
		if word != packer && word != asker {
			add(fmt.Sprintf("%q is not known", word), "packer or asker", "not", fmt.Sprint(i))
		}
	}
	switch {
	case s.Signed && s.Signers == "":
		add("signed needs the list of who may sign", "signers: the path of an allowed-signers file", "signed")
	case s.Signers != "" && !s.Signed:
		add("signers stands there, but nothing needs to be signed", "signed: true", "signers")
	}
	if s.Reject != closes && s.Reject != withdraws {
		add(fmt.Sprintf("%q is not known", s.Reject), "closes or withdraws", "reject")
	}
	return all
}

// CheckGroups lists what does not go together with the groups of the app file.
func (s Settings) CheckGroups(groups map[string][]string) []fault.Problem {
	var all []fault.Problem
	for i, name := range s.From {
		group, is := strings.CutPrefix(name, "@")
		if _, known := groups[group]; is && !known {
			all = append(all, fault.Problem{Path: []string{"from", fmt.Sprint(i)}, Text: fmt.Sprintf("no group %q", group), Want: "a group under groups, at the top of the file"})
		}
	}
	if people := s.people(groups); len(all) == 0 && len(s.From) > 0 && len(people) < s.Quorum {
		text := fmt.Sprintf("a quorum of %d cannot be reached by %d: %s", s.Quorum, len(people), strings.Join(people, ", "))
		all = append(all, fault.Problem{Path: []string{"quorum"}, Text: text, Want: fmt.Sprintf("at most %d, or more people in from", len(people))})
	}
	return all
}

// people are those who may approve, each once and in the order of from; nil
// means anybody.
func (s Settings) people(groups map[string][]string) []string {
	if len(s.From) == 0 {
		return nil
	}
	all := []string{}
	for _, name := range s.From {
		members := []string{name}
		if group, is := strings.CutPrefix(name, "@"); is {
			members = groups[group]
		}
		for _, m := range members {
			if !slices.Contains(all, m) {
				all = append(all, m)
			}
		}
	}
	return all
}

// isName refuses what could be taken for two names, or for none.
func isName(s string) bool {
	return s != "" && len(s) <= 256 && !strings.ContainsAny(s, " \t\r\n,\"*?!@\x00") || isAddress(s)
}

// isAddress is for names with a domain, as allowed-signers files have them.
func isAddress(s string) bool {
	login, domain, is := strings.Cut(s, "@")
	return is && isName(login) && domain != "" && !strings.Contains(domain, "@") && isName(domain)
}
