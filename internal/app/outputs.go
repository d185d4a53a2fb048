package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"regexp"

	"falkirk/internal/aws/account"
	"falkirk/internal/aws/cfn"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	stacktarget "falkirk/internal/target/stack"
)

// outputs puts the outputs of stacks into the settings of targets:
// ${stack.NAME.OUTPUT}, of the place's own account and region.
type outputs struct {
	app      delivery.App
	accounts *account.Pool
}

var outputRef = regexp.MustCompile(`\$\{stack\.([A-Za-z][A-Za-z0-9-]*)\.([A-Za-z0-9]+)\}`)

// fill completes the settings of one placement. The stack target does it by
// itself, for its parameters alone.
func (o outputs) fill(ctx context.Context, p delivery.Placement) (delivery.Placement, error) {
	if p.Target == stacktarget.Kind || !outputRef.Match(p.Settings) {
		return p, nil
	}
	cfg, err := o.accounts.Config(ctx, p.Place.Account, p.Place.Region)
	if err != nil {
		return p, err
	}
	client := cfn.New(cfg, cfn.Options{Where: p.Place.String()})
	found := map[string]cfn.Stack{}
	for _, m := range outputRef.FindAllSubmatch(p.Settings, -1) {
		name, output := string(m[1]), string(m[2])
		if _, ok := found[name]; !ok {
			if found[name], err = o.stack(ctx, client, p.Place, name); err != nil {
				return p, err
			}
		}
		if s := found[name]; s.Name != "" {
			if _, err := s.Output(output); err != nil {
				return p, fmt.Errorf("%s in %s: %w", p.Component, p.Place, err)
			}
		}
	}
	p.Settings = outputRef.ReplaceAllFunc(p.Settings, func(ref []byte) []byte {
		m := outputRef.FindSubmatch(ref)
		raw, err := json.Marshal(found[string(m[1])].Outputs[string(m[2])])
		if err != nil {
			return nil // a text can be written
		}
		return bytes.Trim(raw, `"`)
	})
	return p, nil
}

// stack looks at one stack. One that is not there yet, but is made by this app
// in the same place before anything needs what it gives, has nothing to say.
func (o outputs) stack(ctx context.Context, client *cfn.Client, place delivery.Place, name string) (cfn.Stack, error) {
	s, err := client.Describe(ctx, name)
	if fault.Is(err, fault.NotFound) && o.makes(place, name) {
		return cfn.Stack{}, nil
	}
	if fault.Is(err, fault.NotFound) {
		err = fault.Hint(err, "NAME in ${stack.NAME.OUTPUT} is a component of this app or the name of a stack; falkirk config check")
	}
	if err != nil {
		return s, fmt.Errorf("look up the outputs of stack %s: %w", name, err)
	}
	return s, nil
}

// makes reports whether the app makes a stack when it is provisioned.
func (o outputs) makes(place delivery.Place, name string) bool {
	for _, e := range o.app.Environments {
		for _, l := range e.Landings {
			var set stacktarget.Settings
			if l.Place == place && l.Target == stacktarget.Kind && json.Unmarshal(l.Settings, &set) == nil && set.Name == name {
				return set.When == "provision"
			}
		}
	}
	return false
}
