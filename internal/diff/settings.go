package diff

import (
	"cmp"
	"slices"
	"strings"
)

// Setting is one value under a name. What it truly is decides whether two are
// the same; only Shown is ever shown.
type Setting struct {
	Key   string
	Shown string
	truth string
}

// Plain is a setting that may be shown.
func Plain(key, value string) Setting { return Setting{Key: key, Shown: value, truth: value} }

// Hidden is a setting of which shown is told, and value only compared.
func Hidden(key, shown, value string) Setting { return Setting{Key: key, Shown: shown, truth: value} }

// Secret stands for a value that is not shown.
const Secret = "***"

// Difference is one setting that differs. From and To are what may be shown.
type Difference struct {
	Key    string `json:"key"`
	Change Change `json:"change"`
	From   string `json:"from,omitempty"`
	To     string `json:"to,omitempty"`
}

// Settings compares two lists of settings by key; keys are in order.
func Settings(from, to []Setting) []Difference {
	byKey := func(a, b Setting) int { return cmp.Compare(a.Key, b.Key) }
	a, b := slices.SortedStableFunc(slices.Values(from), byKey), slices.SortedStableFunc(slices.Values(to), byKey)
	out := []Difference{}
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0].Key < b[0].Key:
			out = append(out, Difference{Key: a[0].Key, Change: Removed, From: a[0].Shown})
			a = a[1:]
		case len(a) == 0 || a[0].Key > b[0].Key:
			out = append(out, Difference{Key: b[0].Key, Change: Added, To: b[0].Shown})
			b = b[1:]
		default:
			if a[0].truth != b[0].truth {
				out = append(out, Difference{Key: a[0].Key, Change: Changed, From: a[0].Shown, To: b[0].Shown})
			}
			a, b = a[1:], b[1:]
		}
	}
	return out
}

// Placed is a setting of a component in one place of an environment, or of the
// environment itself where Component is empty.
type Placed struct {
	Component string
	Place     string // region, with the account where there is one
	Setting
}

// Environments compares the settings of two environments. A setting that has
// several values over the places of one is the same in the other when that has
// the same values.
func Environments(from, to []Placed) []Configured {
	a, b := gather(from), gather(to)
	var components []string
	for _, p := range slices.Concat(from, to) {
		if !slices.Contains(components, p.Component) {
			components = append(components, p.Component)
		}
	}
	out := []Configured{}
	for _, c := range components {
		if d := Settings(a[c], b[c]); len(d) > 0 {
			out = append(out, Configured{Component: c, Differences: d})
		}
	}
	return out
}

// gather makes one setting of those that a key has over all places.
func gather(all []Placed) map[string][]Setting {
	type name struct{ component, key string }
	places := map[name][]Placed{}
	var order []name
	for _, p := range all {
		n := name{p.Component, p.Key}
		if places[n] == nil {
			order = append(order, n)
		}
		places[n] = append(places[n], p)
	}
	out := map[string][]Setting{}
	for _, n := range order {
		out[n.component] = append(out[n.component], together(n.key, places[n]))
	}
	return out
}

func together(key string, all []Placed) Setting {
	var truths, shown []string
	at := map[string][]string{} // what is shown → where
	for _, p := range all {
		if !slices.Contains(truths, p.truth) {
			truths = append(truths, p.truth)
		}
		if at[p.Shown] == nil {
			shown = append(shown, p.Shown)
		}
		at[p.Shown] = append(at[p.Shown], p.Place)
	}
	slices.Sort(truths)
	if len(shown) > 1 {
		for i, s := range shown {
			shown[i] = s + " (" + strings.Join(at[s], " ") + ")"
		}
	}
	return Hidden(key, strings.Join(shown, ", "), strings.Join(truths, "\x00"))
}
