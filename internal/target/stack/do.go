package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"falkirk/internal/aws/cfn"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Do does one step. A step that was done already is done again without effect;
// one that was interrupted is picked up.
func (t *Target) Do(ctx context.Context, p delivery.Placement, step delivery.Step, report func(delivery.Progress)) (delivery.Outcome, error) {
	if step.Action == actDrop {
		p.Version = step.Version
	}
	s, err := t.spot(ctx, p)
	if err != nil {
		return delivery.Outcome{}, err
	}
	tell := func(line string) {
		if report != nil {
			report(delivery.Progress{Unit: "events", Note: line})
		}
	}
	var out delivery.Outcome
	err = s.Within(ctx, s.set.Name, s.set.Timeout.Std(), func(ctx context.Context) (err error) {
		out, err = s.do(ctx, step, tell)
		return err
	})
	return out, err
}

func (s spot) do(ctx context.Context, step delivery.Step, tell func(string)) (delivery.Outcome, error) {
	switch step.Action {
	case actPropose:
		return s.propose(ctx, tell)
	case actApply, actExecute:
		return s.execute(ctx, tell)
	case actDelete:
		return s.delete(ctx, tell)
	case actDrop:
		return s.drop(ctx, step)
	}
	return delivery.Outcome{}, fault.New(fault.Invalid, "the stack target has no step %q", step.Action)
}

// propose makes the change set, and tells what it would do.
func (s spot) propose(ctx context.Context, tell func(string)) (delivery.Outcome, error) {
	was, err := s.mine(ctx)
	if err != nil {
		return delivery.Outcome{}, err
	}
	if same, err := s.isThere(ctx, was); err != nil || same {
		return delivery.Outcome{Nothing: true}, err
	}
	r, name, err := s.request(ctx, was)
	if err != nil {
		return delivery.Outcome{}, err
	}
	set, err := s.Propose(ctx, s.set.Name, r, name, event(tell))
	if err != nil {
		return delivery.Outcome{}, err
	}
	for _, c := range set.Changes {
		tell(c.String())
	}
	return delivery.Outcome{Note: summary(set)}, nil
}

// execute brings the stack to the placement's release and waits for it.
func (s spot) execute(ctx context.Context, tell func(string)) (delivery.Outcome, error) {
	was, err := s.mine(ctx)
	if err != nil {
		return delivery.Outcome{}, err
	}
	if was.InProgress() { // a run that was killed, or another hand: its end decides
		if was, err = s.Settle(ctx, was.ID, event(tell)); err != nil {
			return delivery.Outcome{}, err
		}
	}
	if same, err := s.isThere(ctx, was); err != nil || same {
		return delivery.Outcome{Nothing: true}, err
	}
	r, name, err := s.request(ctx, was)
	if err != nil {
		return delivery.Outcome{}, err
	}
	set, err := s.Propose(ctx, s.set.Name, r, name, event(tell))
	if err != nil {
		return delivery.Outcome{}, err
	}
	now := was
	if set.Empty {
		err = s.DeleteChangeSet(ctx, s.set.Name, set.Ref())
	} else {
		now, err = s.Execute(ctx, s.set.Name, set.Ref(), r, event(tell))
	}
	switch {
	case err != nil:
		err = errors.Join(err, s.retract(ctx, was, now, r.Token, tell))
	case now.Tags[tagRelease] != s.Version || now.Tags[tagRequest] != r.Tags[tagRequest]: // the tags tell what it is
		_, err = s.Retag(ctx, s.set.Name, r, event(tell))
	}
	return delivery.Outcome{Note: summary(set)}, err
}

// isThere reports whether a stack is already what the release asks for, with
// whatever release it came. Another artifact under the same version is refused.
func (s spot) isThere(ctx context.Context, was cfn.Stack) (bool, error) {
	if err := s.other(was); err != nil {
		return false, err
	}
	if !isWhole(was) {
		return false, nil
	}
	return s.isSame(ctx, was)
}

// retract gives a stack whose update was rolled back the tags that it had,
// where the rollback has not done so.
func (s spot) retract(ctx context.Context, was, now cfn.Stack, token string, tell func(string)) error {
	if now.Status != "UPDATE_ROLLBACK_COMPLETE" || maps.Equal(now.Tags, was.Tags) {
		return nil
	}
	_, err := s.Retag(ctx, s.set.Name, cfn.Request{Token: token, Tags: was.Tags, Capabilities: s.set.Capabilities, Role: s.set.Role}, event(tell))
	return err
}

// mine is the stack as it is, or the zero one; one of another hand is refused.
func (s spot) mine(ctx context.Context) (cfn.Stack, error) {
	was, err := s.Describe(ctx, s.set.Name)
	if fault.Is(err, fault.NotFound) {
		return cfn.Stack{}, nil
	}
	if err == nil && !s.isOurs(was) && !s.set.Adopt {
		whose := "was not made by falkirk"
		if app := was.Tags[tagApp]; app != "" {
			whose = fmt.Sprintf("belongs to component %s of %s in %s", was.Tags[tagComponent], app, was.Tags[tagEnvironment])
		}
		err = fault.New(fault.Refused, "stack %s in %s %s", s.set.Name, s.Place, whose)
		err = fault.Hint(err, "give the stack another name, or set adopt: true to take it over")
	}
	return was, err
}

// request is the stack as the release asks for it, and the name of its change
// set.
func (s spot) request(ctx context.Context, was cfn.Stack) (cfn.Request, string, error) {
	parameters, asked, err := s.wanted(ctx, true)
	if err != nil {
		return cfn.Request{}, "", err
	}
	op, _ := delivery.OperationOf(ctx)
	r := cfn.Request{
		Parameters: parameters, Capabilities: s.set.Capabilities, Role: s.set.Role, Policy: s.set.Policy, Protect: s.protects(),
		OnFailure: s.set.OnFailure, Token: op.ID, Description: setDescription + s.Version,
		Tags: s.tags(was, op), Once: asked.secrets == "" && slices.ContainsFunc(parameters, isSecret),
	}
	r.Tags[tagRequest] = asked.String()
	r.Template, r.TemplateURL, err = s.deploy(ctx)
	return r, s.setName(asked), err
}

// protects reports whether the stack is protected against deletion.
func (s spot) protects() bool {
	if s.set.Protect != nil {
		return *s.set.Protect
	}
	return s.Protected
}

// kept is how many earlier releases a stack remembers.
const kept = 10

// longestTag is the length of a tag's value at most.
const longestTag = 256

func (s spot) tags(was cfn.Stack, op delivery.Operation) map[string]string {
	tags := map[string]string{
		tagApp: s.App, tagComponent: s.Component, tagEnvironment: s.Place.Environment,
		tagRelease: s.Version, tagArtifact: s.Artifact.Digest,
	}
	maps.Copy(tags, s.set.Tags)
	if op.ID != "" {
		tags[tagOperation] = op.ID
	}
	var before []string
	if !isNothing(was) {
		before = append([]string{was.Tags[tagRelease]}, strings.Fields(was.Tags[tagKept])...)
	}
	before = slices.DeleteFunc(before, func(v string) bool { return v == "" || v == s.Version })
	before = before[:min(len(before), kept)]
	for len(strings.Join(before, " ")) > longestTag {
		before = before[:len(before)-1]
	}
	if len(before) > 0 {
		tags[tagKept] = strings.Join(before, " ")
	}
	return tags
}

// delete takes back a stack that came with the release which is taken back.
func (s spot) delete(ctx context.Context, tell func(string)) (delivery.Outcome, error) {
	was, err := s.mine(ctx)
	if err != nil || was.Name == "" {
		return delivery.Outcome{Nothing: true}, err
	}
	if was.Tags[tagKept] != "" || was.Protected || s.protects() {
		err := fault.New(fault.Refused, "stack %s in %s is not deleted: it is protected, or was there before", was.Name, s.Place)
		return delivery.Outcome{}, fault.Hint(err, "look at it, then: aws cloudformation delete-stack --stack-name %s", was.Name)
	}
	op, _ := delivery.OperationOf(ctx)
	return delivery.Outcome{}, s.Delete(ctx, was.ID, op.ID, event(tell))
}

// drop removes change sets, and the empty shell of a stack that never came to be.
func (s spot) drop(ctx context.Context, step delivery.Step) (delivery.Outcome, error) {
	var names []string
	if err := json.Unmarshal(step.Args, &names); err != nil {
		return delivery.Outcome{}, fault.New(fault.Invalid, "the step's arguments: %w", err)
	}
	for _, name := range names {
		if err := s.DeleteChangeSet(ctx, s.set.Name, name); err != nil {
			return delivery.Outcome{}, err
		}
	}
	was, err := s.Describe(ctx, s.set.Name)
	if fault.Is(err, fault.NotFound) {
		return delivery.Outcome{}, nil
	}
	if err != nil || was.Status != "REVIEW_IN_PROGRESS" {
		return delivery.Outcome{}, err
	}
	left, err := s.ChangeSets(ctx, s.set.Name)
	if err != nil || len(left) > 0 {
		return delivery.Outcome{}, err
	}
	op, _ := delivery.OperationOf(ctx)
	return delivery.Outcome{Note: "the stack never came to be"}, s.Delete(ctx, was.ID, op.ID, nil)
}

func event(tell func(string)) func(cfn.Event) {
	return func(e cfn.Event) { tell(e.At.UTC().Format(time.TimeOnly) + " " + e.String()) }
}

// verbOf says what happens to a resource.
func verbOf(kind string) string {
	if kind == string(cfn.MayReplace) {
		return "change or replace"
	}
	return kind
}

// summary counts the changes; what is replaced and what is about permissions
// stands out.
func summary(set cfn.ChangeSet) string {
	if len(set.Changes) == 0 {
		return "no resource changes: tags or outputs only"
	}
	counts := map[string]int{}
	var loud []string
	for _, c := range set.Changes {
		kind := string(c.Action)
		if c.TagsOnly {
			kind = "retag"
		}
		counts[kind]++
		if c.Action == cfn.Replace || c.Action == cfn.MayReplace || c.Action == cfn.Remove || c.IAM && !c.TagsOnly {
			loud = append(loud, c.String())
		}
	}
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%d to %s", counts[kind], verbOf(kind)))
	}
	text := strings.Join(parts, ", ")
	if len(loud) > 0 {
		text += "; " + strings.Join(loud, "; ")
	}
	return text
}
