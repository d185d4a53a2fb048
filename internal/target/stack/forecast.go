package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"falkirk/internal/aws/cfn"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/template"
)

// Forecast is what a step changes, a line for each resource: as the change set
// says, where there is one of exactly what is asked for, or else by comparing
// templates and parameters. It creates nothing, and says what cannot be known.
func (t *Target) Forecast(ctx context.Context, p delivery.Placement, step delivery.Step) ([]string, error) {
	if step.Action != actPropose && step.Action != actExecute && step.Action != actApply {
		return nil, nil
	}
	s, err := t.spot(ctx, p)
	if err != nil {
		return nil, err
	}
	was, err := s.Describe(ctx, s.set.Name)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	if err := s.other(was); err != nil {
		return nil, err
	}
	wanted, asked, err := s.wanted(ctx, false)
	if fault.Is(err, fault.NotFound) {
		return []string{"unknown: " + unknownValue(err)}, nil
	}
	if err != nil {
		return nil, err
	}
	if step.Action == actExecute {
		if set, err := s.ChangeSet(ctx, s.set.Name, s.setName(asked)); err == nil && set.Status == "AVAILABLE" {
			changes, _, _ := s.compare(ctx, was, wanted, asked) // what is allowed is only in the templates
			return append(linesOf(set, changes), unknown(p)...), nil
		}
	}
	changes, notes, err := s.compare(ctx, was, wanted, asked)
	var lines []string
	for _, c := range changes {
		lines = append(lines, lineFor(c))
	}
	return append(append(lines, notes...), unknown(p)...), err
}

// unknownValue says why the value of a parameter is not known.
func unknownValue(err error) string {
	var value *unfilled
	var stack notMade
	if errors.As(err, &value) && errors.As(err, &stack) {
		return fmt.Sprintf("%s comes from stack %s, which is not made yet", value.parameter, stack.stack)
	}
	return err.Error()
}

// linesOf are the changes of a change set, with what a comparison of the
// templates says that they allow.
func linesOf(set cfn.ChangeSet, compared []template.Change) []string {
	var lines []string
	for _, c := range set.Changes {
		line := c.String()
		for _, other := range compared {
			if other.ID == c.LogicalID {
				line += grantsIn(other, c.IAM)
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// compare compares the release with what the stack is, from the store, and says
// what it cannot know.
func (s spot) compare(ctx context.Context, was cfn.Stack, wanted []cfn.Parameter, asked mark) (changes []template.Change, notes []string, err error) {
	now, files, err := s.packed(ctx, s.Artifact.Digest)
	if err != nil {
		return nil, nil, err
	}
	old, oldFiles := &template.Template{Root: now.Root, Text: now.Text}, files
	switch digest := was.Tags[tagArtifact]; {
	case was.Name == "" || isNothing(was):
		if old, err = template.Parse("nothing", []byte("Resources: {}")); err != nil {
			return nil, nil, err
		}
	case digest == "":
		return nil, []string{"unknown: the stack was not made by Falkirk, which has no template to compare with; provision shows the changes"}, nil
	default:
		if old, oldFiles, err = s.packed(ctx, digest); err != nil {
			return nil, []string{"unknown: the template of the live release cannot be read: " + err.Error()}, nil
		}
	}
	parameters, unknown := s.changedParameters(was, wanted, asked)
	changed := func(where string) bool {
		for path, digest := range files {
			if strings.HasPrefix(path+".", where+".") && oldFiles[path] != digest {
				return true
			}
		}
		return false
	}
	changes = template.Compare(old, now, parameters, changed, cfn.IsIAM)
	if was.Name == "" || isNothing(was) { // it replaces nothing, and has no values yet
		if len(now.Names("Conditions")) > 0 {
			notes = append(notes, "unknown: which of these Conditions leaves out")
		}
		return changes, notes, nil
	}
	return changes, append(unknown, doubts(old, now, parameters)...), nil
}

// packed is a template from the store, and the digests of the files in it by
// their places.
func (s spot) packed(ctx context.Context, digest string) (*template.Template, map[string]string, error) {
	raw, err := s.blob(ctx, digest)
	if err != nil {
		return nil, nil, err
	}
	var m delivery.Stack
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, nil, fmt.Errorf("read the stack %s: %w", digest, err)
	}
	text, err := s.blob(ctx, m.Template.Digest)
	if err != nil {
		return nil, nil, err
	}
	files := map[string]string{}
	for _, r := range m.Template.References {
		files[r.Where] = r.Digest
		if r.Template != nil {
			inner, err := json.Marshal(r.Template)
			if err != nil {
				return nil, nil, err
			}
			files[r.Where] = string(inner)
		}
	}
	t, err := template.Parse("the template of "+s.Component, text)
	return t, files, err
}

// changedParameters are those whose value differs, and what is not known of them.
func (s spot) changedParameters(was cfn.Stack, wanted []cfn.Parameter, asked mark) (names, unknown []string) {
	left := maps.Clone(was.Parameters)
	var secret []string
	for _, p := range wanted {
		has, ok := was.Parameters[p.Key]
		delete(left, p.Key)
		switch {
		case p.Secret && ok:
			secret = append(secret, p.Key)
		case !ok || has != p.Value:
			names = append(names, p.Key)
		}
	}
	before, ok := readMark(was.Tags[tagRequest])
	switch {
	case len(secret) == 0:
	case !ok || before.secrets == "" || asked.secrets == "":
		line := "unknown: whether the values of " + strings.Join(secret, ", ") + " (NoEcho) have changed"
		if s.set.Bucket == "" {
			line += "; set bucket of the stack target, where the key to compare them is kept"
		}
		unknown = append(unknown, line)
	case before.secrets != asked.secrets:
		names = append(names, secret...)
	}
	if rest := slices.Sorted(maps.Keys(left)); len(rest) > 0 && ok && before.digest != asked.digest {
		unknown = append(unknown, "unknown: whether "+strings.Join(rest, ", ")+" have their defaults; the app file does not set them")
	}
	return names, unknown
}

// lineFor is one line for people, in the signs of a change set.
func lineFor(c template.Change) string {
	sign, tail := "~", ""
	switch {
	case c.Added:
		sign = "+"
	case c.Removed:
		sign = "-"
	case c.Was != "":
		sign, tail = "±", " is REPLACED: it was "+c.Was
	case slices.ContainsFunc(c.Properties, func(p string) bool { return names(c.Type, p) }):
		sign, tail = "±?", " may be REPLACED"
	}
	line := fmt.Sprintf("%s %s (%s)%s", sign, c.ID, c.Type, tail)
	if len(c.Properties) > 0 {
		line += ": " + strings.Join(c.Properties, ", ")
	}
	if cfn.IsIAM(c.Type) {
		line += " [IAM]"
	}
	return line + grantsIn(c, cfn.IsIAM(c.Type))
}

// grantsIn is the end of a line, for what may be allowed; marked says whether the
// line says already that it is about that.
func grantsIn(c template.Change, marked bool) string {
	switch {
	case len(c.Grants) == 0:
		return ""
	case marked:
		return " GRANTS " + strings.Join(c.Grants, ", ")
	}
	return " [IAM] GRANTS " + strings.Join(c.Grants, ", ")
}

// names reports whether a property is the name of a resource: another one makes
// another resource.
func names(kind, property string) bool {
	last := kind[strings.LastIndex(kind, ":")+1:]
	return property == "Name" || property == last+"Name" || property == last+"Identifier"
}

// doubts are what two templates do not say.
func doubts(old, now *template.Template, parameters []string) []string {
	var all []string
	if !now.IsComplete() {
		all = append(all, "unknown: what macros, includes and loops make of the template")
	}
	for _, section := range []string{"Conditions", "Mappings", "Globals"} {
		if template.Depends(old, now, section, parameters) {
			all = append(all, "unknown: which resources and values "+section+" changes")
		}
	}
	return append(all, "unknown: replacements, except where a line says REPLACED; the change set shows them after provision")
}
