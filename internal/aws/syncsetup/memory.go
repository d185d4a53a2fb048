package syncsetup

import (
	"encoding/json"
	"slices"

	"falkirk/internal/blueprint/syncjob"
	"falkirk/internal/kube"
)

// memory is what was attached in AWS for a schedule. It lies beside the schedule
// in the cluster, so that it can be detached when node groups and files have
// changed.
type memory struct {
	Roles        []string `json:"roles,omitempty"`        // ARNs, with our policy in them
	Repositories []string `json:"repositories,omitempty"` // ARNs, with our statement in their policies
	PodIdentity  bool     `json:"podIdentity,omitempty"`
}

func (m memory) String() string {
	raw, err := json.Marshal(m)
	if err != nil || string(raw) == "{}" {
		return "" // plain data
	}
	return string(raw)
}

// remembered reads what is written beside the schedule; what cannot be read was
// written by hand, and is nothing.
func remembered(there kube.Present) memory {
	var m memory
	_ = json.Unmarshal([]byte(there.Notes["CronJob"][syncjob.AnnotationAWS]), &m)
	return m
}

// both is what one or the other remembers.
func both(a, b memory) memory {
	return memory{
		Roles:        append(slices.Clone(b.Roles), without(a.Roles, b.Roles)...),
		Repositories: append(slices.Clone(b.Repositories), without(a.Repositories, b.Repositories)...),
		PodIdentity:  a.PodIdentity || b.PodIdentity,
	}
}

// without is what is in one list and not in the other.
func without(all, not []string) []string {
	var out []string
	for _, a := range all {
		if !slices.Contains(not, a) && !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	return out
}

// keys name the objects of a schedule.
func (r Request) keys() []kube.Key {
	var all []kube.Key
	for _, kind := range syncjob.Kinds() {
		all = append(all, kube.Key{Kind: kind, Namespace: r.Spec.Namespace, Name: r.Spec.Name})
	}
	return all
}

func (r Request) own() map[string]string { return syncjob.Labels(r.Spec.App, r.Spec.Name) }
