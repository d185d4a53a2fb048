package policy

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
)

// Join makes one statement of those that differ in their resources only, and
// numbers those that would have the same Sid. The result is sorted, and the
// same for the same statements in any order.
func Join(all []Statement) []Statement {
	sorted := slices.Clone(all)
	slices.SortFunc(sorted, func(a, b Statement) int { return cmp.Or(cmp.Compare(a.Sid, b.Sid), cmp.Compare(key(a), key(b))) })
	var out []Statement
	for _, s := range sorted {
		i := slices.IndexFunc(out, func(o Statement) bool { return o.Sid == s.Sid && o.same(s) })
		if i >= 0 {
			out[i].Resources = listed(append(slices.Clip(out[i].Resources), s.Resources...))
			continue
		}
		s.Actions, s.Resources = listed(s.Actions), listed(s.Resources)
		out = append(out, s)
	}
	return numbered(out)
}

func key(s Statement) string {
	raw, err := json.Marshal(s)
	if err != nil {
		return "" // plain data
	}
	return s.Owner + string(raw)
}

// numbered gives every statement a Sid of its own.
func numbered(all []Statement) []Statement {
	seen := map[string]int{}
	for i, s := range all {
		if seen[s.Sid]++; seen[s.Sid] > 1 {
			all[i].Sid = fmt.Sprintf("%s%d", s.Sid, seen[s.Sid])
		}
	}
	return all
}

// Size is how many characters IAM counts of a document; white space is free.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
func Size(statements []Statement) int {
	raw, err := json.Marshal(New(statements...))
	if err != nil {
		return 0 // plain data
	}
	return len(raw)
}

// Split deals statements to documents of at most limit characters each; a
// statement that is too long alone is dealt by its resources.
func Split(all []Statement, limit int) [][]Statement {
	var out [][]Statement
	var now []Statement
	for _, s := range pieces(all, limit) {
		if len(now) > 0 && Size(append(slices.Clip(now), s)) > limit {
			out, now = append(out, now), nil
		}
		now = append(now, s)
	}
	if len(now) > 0 {
		out = append(out, now)
	}
	return out
}

// pieces halves the resources of statements until each fits.
func pieces(all []Statement, limit int) []Statement {
	var out []Statement
	for _, s := range all {
		n := len(s.Resources)
		if n < 2 || Size([]Statement{s}) <= limit {
			out = append(out, s)
			continue
		}
		a, b := s, s
		a.Resources, b.Resources = s.Resources[:n/2], s.Resources[n/2:]
		b.Sid += "More"
		out = append(out, pieces([]Statement{a, b}, limit)...)
	}
	return numbered(out)
}

// Without is the statements without one action of one of them, by its index.
func Without(all []Statement, i int, action string) []Statement {
	out := slices.Clone(all)
	out[i].Actions = slices.DeleteFunc(slices.Clone(out[i].Actions), func(a string) bool { return a == action })
	if len(out[i].Actions) == 0 {
		out = slices.Delete(out, i, i+1)
	}
	return out
}
