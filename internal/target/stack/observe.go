package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"falkirk/internal/aws/cfn"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// The tags by which a stack says what it is.
const (
	tagApp         = "falkirk:app"
	tagComponent   = "falkirk:component"
	tagEnvironment = "falkirk:environment"
	tagRelease     = "falkirk:release"
	tagArtifact    = "falkirk:artifact" // digest
	tagOperation   = "falkirk:operation"
	tagKept        = "falkirk:kept" // releases that were live before, newest first
)

// facts is what Plan needs beyond the state's own fields.
type facts struct {
	Exists  bool                `json:"exists"`
	Foreign bool                `json:"foreign,omitempty"` // not made by this app's component
	Status  string              `json:"status,omitempty"`
	Release string              `json:"release,omitempty"`
	Kept    []string            `json:"kept,omitempty"`
	Sets    map[string][]string `json:"sets,omitempty"`    // change sets by version
	Stale   bool                `json:"stale,omitempty"`   // the release is live with other settings than those of the app file
	Other   string              `json:"other,omitempty"`   // the release is live with another artifact, this one
	Fits    bool                `json:"fits,omitempty"`    // there is a change set of exactly what is asked for
	Missing bool                `json:"missing,omitempty"` // an output that it refers to is there only after another stack was promoted
	Begun   bool                `json:"begun,omitempty"`   // a stack whose output it refers to was promoted to the release
}

func factsOf(s delivery.State) facts {
	var f facts
	if len(s.Facts) > 0 && json.Unmarshal(s.Facts, &f) != nil {
		return facts{} // not ours: everything is to be done, and each step looks again
	}
	return f
}

// Observe looks at one stack and its change sets: two requests.
func (t *Target) Observe(ctx context.Context, p delivery.Placement) (delivery.State, error) {
	s, err := t.spot(ctx, p)
	if err != nil {
		return delivery.State{}, err
	}
	now, err := s.Describe(ctx, s.set.Name)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return delivery.State{}, err
	}
	f := facts{}
	if f.Missing, f.Begun, err = s.late(ctx); err != nil {
		return delivery.State{}, err
	}
	if now.Name == "" {
		return s.state(delivery.State{}, f)
	}
	f.Exists, f.Status, f.Foreign, f.Sets = true, now.Status, !s.isOurs(now), map[string][]string{}
	sets, err := s.ChangeSets(ctx, s.set.Name)
	if err != nil {
		return delivery.State{}, err
	}
	for _, set := range sets {
		if v, ok := versionOf(set); ok && (set.Status == "AVAILABLE" || set.Empty) {
			f.Sets[v] = append(f.Sets[v], set.Ref())
		}
	}
	if f.Fits, err = s.fits(ctx, sets, f); err != nil {
		return delivery.State{}, err
	}
	return s.see(ctx, now, f)
}

// fits reports whether a change set of the release is for exactly what is asked
// for now: a role, a tag or a secret may have changed since it was made.
func (s spot) fits(ctx context.Context, sets []cfn.ChangeSet, f facts) (bool, error) {
	if s.Version == "" || len(f.Sets[s.Version]) == 0 {
		return false, nil
	}
	_, asked, err := s.wanted(ctx, false)
	if fault.Is(err, fault.NotFound) { // an output or a blob that is gone: the step will say so
		return true, nil
	}
	return slices.ContainsFunc(sets, func(set cfn.ChangeSet) bool {
		return set.Name == s.setName(asked) && slices.Contains(f.Sets[s.Version], set.Ref())
	}), err
}

// see is the state of a stack that is there.
func (s spot) see(ctx context.Context, now cfn.Stack, f facts) (delivery.State, error) {
	st := delivery.State{}
	for v := range f.Sets {
		if v != s.Version || f.Fits {
			st.Present = uniq(st.Present, v)
		}
	}
	if f.Foreign || isNothing(now) {
		st.Ready = slices.Clone(st.Present)
		if f.Foreign && !isNothing(now) {
			st.Drift = append(st.Drift, fmt.Sprintf("stack %s is there and was not made by this component", now.Name))
		}
		return s.state(st, f)
	}
	f.Release, f.Kept = now.Tags[tagRelease], strings.Fields(now.Tags[tagKept])
	same, secrets, err := s.isSameBut(ctx, now)
	if f.Missing && fault.Is(err, fault.NotFound) {
		st.Drift, err = append(st.Drift, fmt.Sprintf("what stack %s refers to is not there: %v", now.Name, err)), nil
	}
	if err != nil {
		return st, err
	}
	st.Live, st.Digest = f.Release, now.Tags[tagArtifact]
	if same {
		st.Live = s.Version
		st.Unknown = s.notCompared(secrets)
	}
	switch {
	case same || s.Version == "" || f.Release != s.Version:
	case now.Tags[tagArtifact] != s.Artifact.Digest:
		f.Other = now.Tags[tagArtifact]
	default:
		f.Stale = true
		st.Drift = append(st.Drift, s.differs(ctx, now))
	}
	if s.set.When == "provision" && slices.Contains(f.Kept, s.Version) {
		st.Live = s.Version // what stands on it needs no more than is there
		st.Digest = ""
	}
	if st.Live != s.Version && s.Version != "" && now.Tags[tagArtifact] == s.Artifact.Digest {
		st.Stale = true
		st.Drift = append(st.Drift, s.differs(ctx, now))
	}
	if !isWhole(now) {
		st.Live, st.Stale = "", false
		st.Drift = append(st.Drift, strings.TrimSuffix(fmt.Sprintf("stack %s is %s: %s", now.Name, now.Status, now.Reason), ": "))
	}
	if now.Drift == "DRIFTED" {
		st.Drift = append(st.Drift, fmt.Sprintf("CloudFormation has found stack %s drifted", now.Name))
	}
	st.Present = uniq(st.Present, f.Release, st.Live)
	st.Ready = uniq(append(slices.Clone(st.Present), f.Kept...))
	if f.Other != "" {
		st.Ready = slices.DeleteFunc(st.Ready, func(v string) bool { return v == s.Version })
	}
	st.Endpoint.URL = now.Outputs["Url"]
	return s.state(st, f)
}

// notCompared says that the values of secret parameters may have changed.
func (s spot) notCompared(parameters []string) []string {
	if len(parameters) == 0 {
		return nil
	}
	do := "set bucket at its stack target, then falkirk converge "
	if s.set.Bucket != "" {
		do = "pack another version, then falkirk train VERSION --to "
	}
	return []string{fmt.Sprintf("secret parameters of stack %s (NoEcho) cannot be compared with those that are live: %s; to compare and update them: %s%s",
		s.set.Name, strings.Join(parameters, ", "), do, s.Place.Environment)}
}

// differs says what of a stack with the release's template is not as the app file
// asks for.
func (s spot) differs(ctx context.Context, now cfn.Stack) string {
	what := "another setting"
	var names []string
	if wanted, asked, err := s.wanted(ctx, false); err == nil {
		names, _ = s.changedParameters(now, wanted, asked)
	}
	for i := range names {
		names[i] = "parameter " + names[i]
	}
	for _, key := range sorted(s.set.Tags) {
		if now.Tags[key] != s.set.Tags[key] {
			names = append(names, "tag "+key)
		}
	}
	if len(names) > 0 {
		what = strings.Join(names, ", ")
	}
	return fmt.Sprintf("stack %s differs from the app file in: %s; falkirk converge %s updates the stack", now.Name, what, s.Place.Environment)
}

func uniq(list []string, more ...string) []string {
	all := slices.DeleteFunc(append(list, more...), func(v string) bool { return v == "" })
	slices.Sort(all)
	return slices.Compact(all)
}

// state is a state with its facts. A stack whose change set cannot be made before
// another one is promoted is ready without it.
func (s spot) state(st delivery.State, f facts) (delivery.State, error) {
	if f.Other == "" && (f.Missing || f.Begun) {
		st.Present, st.Ready = uniq(st.Present, s.Version), uniq(st.Ready, s.Version)
	}
	raw, err := json.Marshal(f)
	st.Facts = raw
	return st, err
}

// isWhole reports whether CloudFormation has ended its work on a stack, and there
// is something in it.
func isWhole(s cfn.Stack) bool {
	return !isNothing(s) && !s.InProgress() && strings.HasSuffix(s.Status, "_COMPLETE")
}

// isNothing reports whether a stack is a name with nothing in it that could be
// kept.
func isNothing(s cfn.Stack) bool {
	switch s.Status {
	case "REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "CREATE_FAILED", "ROLLBACK_FAILED", "DELETE_COMPLETE":
		return true
	}
	return false
}

func (s spot) isOurs(now cfn.Stack) bool {
	return isNothing(now) || now.Tags[tagApp] == s.App && now.Tags[tagComponent] == s.Component && now.Tags[tagEnvironment] == s.Place.Environment
}
