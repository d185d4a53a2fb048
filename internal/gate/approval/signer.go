package approval

import (
	"slices"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/signing/keys"
	"falkirk/internal/signing/signers"
)

// Name is the name under which a key signs for a gate: the one wanted, if it
// has that name, else its only one.
func (g *Gate) Name(q delivery.Question, key keys.Key, wanted string) (string, error) {
	s, err := settingsOf(q)
	if err != nil {
		return "", err
	}
	list, err := signers.Read(g.path(s), s.Signers)
	if err != nil {
		return "", unreadable(s.Signers, err)
	}
	if wanted != "" {
		return wanted, nil // patterns may allow it: the signature will tell
	}
	names, err := list.Principals(key.Public, delivery.SignatureNamespace, g.now())
	switch {
	case err != nil:
		return "", fault.New(fault.Invalid, "the key %s: %w", key.Path, err)
	case len(names) == 0:
		if why := list.WhyNot(key.Public, delivery.SignatureNamespace, g.now()); why != nil {
			err := fault.New(fault.Refused, "the key %s may not sign approvals: %w", key.Path, why)
			return "", fault.Hint(err, "have its line in %s changed (namespaces=%q, valid-before), or give another --key", s.Signers, delivery.SignatureNamespace)
		}
		err := fault.New(fault.Refused, "%s lists nobody with the key %s", s.Signers, key.Path)
		return "", fault.Hint(err, "give another --key, or the name with --as")
	}
	if people := s.people(g.groups); people != nil {
		asked := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !slices.Contains(people, n) })
		if len(asked) > 0 {
			names = asked
		}
	}
	if names = slices.Compact(slices.Sorted(slices.Values(names))); len(names) > 1 {
		err := fault.New(fault.Invalid, "%s has the names %s for the key %s", s.Signers, strings.Join(names, ", "), key.Path)
		return "", fault.Hint(err, "say which with --as")
	}
	return names[0], nil
}

// Signed reports whether a gate counts only what is signed.
func Signed(q delivery.Question) bool {
	s, err := settingsOf(q)
	return err == nil && s.Signed
}

// unreadable is the error of a list of signers that cannot be read.
func unreadable(list string, cause error) error {
	err := fault.New(fault.Invalid, "the list of signers %s cannot be read: %w", list, cause)
	return fault.Hint(err, "write %s: a line for each person, NAME and the public key, such as: anna ssh-ed25519 AAAA…", list)
}
