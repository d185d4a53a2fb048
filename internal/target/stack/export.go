package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

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
	if len(p.Changing) > 0 {
		return []string{
			fmt.Sprintf("echo 'stack %s reads outputs of %s that are known now: export the rest of the plan again' >&2", name, strings.Join(p.Changing, ", ")),
			"exit 1",
		}, nil
	}
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

// Reads lists the variables of the environment that the commands of Export can read.
func (t *Target) Reads(p delivery.Placement) []delivery.Part {
	var all []delivery.Part
	for path, w := range p.Written {
		if strings.HasPrefix(path, parameterPath) {
			all = append(all, w...)
		}
	}
	return all
}

// exportPropose makes a change set, from one document with everything in it.
func (s spot) exportPropose(ctx context.Context) ([]string, error) {
	was, err := s.mine(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.other(was); err != nil {
		return nil, err
	}
	r, set, err := s.request(ctx, was)
	if err != nil {
		return nil, err
	}
	values := map[string]delivery.Written{}
	for _, p := range r.Parameters {
		if values[p.Key], err = s.filled(ctx, p.Key); err != nil {
			return nil, &unfilled{p.Key, err}
		}
	}
	text, err := input(s.set.Name, set, r, isNothing(was) || was.Status == "", values)
	if err != nil {
		return nil, err
	}
	return []string{
		`document=$(umask 077; mktemp)`, // other users of the machine see arguments
		`trap 'rm -f "$document"' EXIT; trap 'exit 130' HUP INT TERM`,
		text + ` >"$document"`,
		`AWS_CLI_FILE_ENCODING=UTF-8 aws cloudformation create-change-set --cli-input-json "file://$document" >/dev/null`,
		`rm -f "$document"`,
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
