package stack

import (
	"context"
	"encoding/json"
	"fmt"

	"falkirk/internal/aws/cfn"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Export is the plain commands that come to the same as a step.
func (t *Target) Export(ctx context.Context, p delivery.Placement, step delivery.Step) ([]string, error) {
	if step.Action == actDrop {
		p.Version = step.Version
	}
	s, err := t.spot(ctx, p)
	if err != nil {
		return nil, err
	}
	name := s.set.Name
	switch step.Action {
	case actPropose:
		return s.exportPropose(ctx)
	case actApply, actExecute:
		return s.exportExecute(ctx)
	case actDelete:
		return []string{
			"aws cloudformation delete-stack --stack-name " + name,
			"aws cloudformation wait stack-delete-complete --stack-name " + name,
		}, nil
	case actDrop:
		var sets, lines []string
		if err := json.Unmarshal(step.Args, &sets); err != nil {
			return nil, fault.New(fault.Invalid, "the step's arguments: %w", err)
		}
		for _, set := range sets {
			lines = append(lines, fmt.Sprintf("aws cloudformation delete-change-set --stack-name %s --change-set-name %s", name, set))
		}
		return lines, nil
	}
	return nil, fault.New(fault.Invalid, "the stack target has no step %q", step.Action)
}

// exportPropose makes a change set, from one document with everything in it.
func (s spot) exportPropose(ctx context.Context) ([]string, error) {
	was, err := s.mine(ctx)
	if err != nil {
		return nil, err
	}
	r, set, err := s.request(ctx, was)
	if err != nil {
		return nil, err
	}
	raw, err := json.MarshalIndent(document(s.set.Name, set, r, isNothing(was) || was.Status == ""), "", "  ")
	if err != nil {
		return nil, err
	}
	return []string{
		"aws cloudformation create-change-set --cli-input-json \"$(cat <<'END'\n" + string(raw) + "\nEND\n)\" >/dev/null",
		fmt.Sprintf("aws cloudformation wait change-set-create-complete --stack-name %s --change-set-name %s", s.set.Name, set),
	}, nil
}

func (s spot) exportExecute(ctx context.Context) ([]string, error) {
	was, err := s.mine(ctx)
	if err != nil {
		return nil, err
	}
	_, asked, err := s.wanted(ctx, true)
	if err != nil {
		return nil, err
	}
	set := s.setName(asked)
	var lines []string
	if _, err := s.ChangeSet(ctx, s.set.Name, set); fault.Is(err, fault.NotFound) {
		lines, err = s.exportPropose(ctx)
		if err != nil {
			return nil, err
		}
	} else if err != nil {
		return nil, err
	}
	end := "stack-update-complete"
	if isNothing(was) || was.Status == "" {
		end = "stack-create-complete"
	}
	return append(lines,
		fmt.Sprintf("aws cloudformation execute-change-set --stack-name %s --change-set-name %s", s.set.Name, set),
		fmt.Sprintf("aws cloudformation wait %s --stack-name %s", end, s.set.Name)), nil
}

type pair struct {
	Key   string `json:"Key,omitempty"`
	Value string `json:"Value,omitempty"`

	ParameterKey   string `json:"ParameterKey,omitempty"`
	ParameterValue string `json:"ParameterValue,omitempty"`
}

// document is the input of create-change-set.
// https://docs.aws.amazon.com/cli/latest/reference/cloudformation/create-change-set.html
func document(stack, set string, r cfn.Request, isNew bool) map[string]any {
	doc := map[string]any{"StackName": stack, "ChangeSetName": set, "ChangeSetType": "UPDATE", "Description": r.Description}
	if isNew {
		doc["ChangeSetType"] = "CREATE"
	}
	if r.TemplateURL != "" {
		doc["TemplateURL"] = r.TemplateURL
	} else {
		doc["TemplateBody"] = r.Template
	}
	var parameters, tags []pair
	for _, p := range r.Parameters {
		parameters = append(parameters, pair{ParameterKey: p.Key, ParameterValue: p.Value})
	}
	for _, key := range sorted(r.Tags) {
		tags = append(tags, pair{Key: key, Value: r.Tags[key]})
	}
	doc["Parameters"], doc["Tags"] = append([]pair{}, parameters...), tags
	if len(r.Capabilities) > 0 {
		doc["Capabilities"] = r.Capabilities
	}
	if r.Role != "" {
		doc["RoleARN"] = r.Role
	}
	return doc
}
