package command

import (
	"maps"
	"slices"
	"strings"

	"falkirk/internal/delivery"
)

// environ is what the command finds in its environment:
//
//	FALKIRK_APP, FALKIRK_ENVIRONMENT, FALKIRK_REGION, FALKIRK_ACCOUNT   where
//	FALKIRK_VERSION             the release asked about
//	FALKIRK_PREVIOUS            the release live before; several, with commas, where components differ
//	FALKIRK_PREVIOUS_<COMPONENT>
//	FALKIRK_OPERATION, FALKIRK_ACTOR, FALKIRK_MOMENT                    why
//	FALKIRK_PLAN                the digest of the plan that it is about
//	FALKIRK_OUTCOME             of a hook: pass or fail, what went before it
//	FALKIRK_URL_<COMPONENT>     where the component answers: the candidate before promote, the live one after
//	FALKIRK_HEADERS_<COMPONENT> headers to send along, a line "Name: value" for each
//
// A component's name is written in capitals, with _ for whatever is no letter
// or digit. A variable without a value is empty, so that none is inherited.
func environ(inherited []string, s Settings, q delivery.Question) []string {
	all := slices.DeleteFunc(slices.Clone(inherited), func(kv string) bool { return strings.HasPrefix(kv, ownPrefix) })
	for _, name := range slices.Sorted(maps.Keys(s.Env)) {
		all = append(all, name+"="+s.Env[name])
	}
	set := func(name, value string) {
		all = append(all, ownPrefix+name+"="+strings.ReplaceAll(value, "\x00", ""))
	}
	op := q.Operation
	set("APP", op.App)
	set("ENVIRONMENT", op.Environment)
	set("REGION", q.Place.Region)
	set("ACCOUNT", q.Place.Account)
	set("VERSION", op.Version)
	set("PREVIOUS", previous(q.Before))
	set(strings.TrimPrefix(OperationVariable, ownPrefix), op.ID)
	set("ACTOR", op.Actor)
	set("MOMENT", string(q.When))
	set("PLAN", q.Plan)
	set("OUTCOME", string(q.Outcome))
	for _, c := range slices.Sorted(maps.Keys(q.Before)) {
		set("PREVIOUS_"+shellName(c), q.Before[c])
	}
	for _, c := range slices.Sorted(maps.Keys(q.Serving)) {
		set("URL_"+shellName(c), q.Serving[c].URL)
		set("HEADERS_"+shellName(c), lines(q.Serving[c].Header))
	}
	return all
}

func previous(before map[string]string) string {
	versions := slices.Compact(slices.Sorted(maps.Values(before)))
	return strings.Join(slices.DeleteFunc(versions, func(v string) bool { return v == "" }), ",")
}

func lines(header map[string]string) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(header)) {
		all = append(all, name+": "+header[name])
	}
	return strings.Join(all, "\n")
}

func shellName(component string) string {
	return strings.Map(func(r rune) rune {
		if (r >= 'A' && r <= 'Z') || (r >= '0' && r <= '9') {
			return r
		}
		return '_'
	}, strings.ToUpper(component))
}
