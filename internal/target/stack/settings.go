// Package stack makes releases of a CloudFormation template live. A release is
// proposed as a change set when it is provisioned, and executed when it is
// promoted; or, for what other components stand on, made when it is provisioned.
package stack

import (
	"encoding/json"
	"fmt"
	"regexp"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Kind is the name of this kind of target.
const Kind = "stack"

// Settings is the block of a component that becomes a stack.
type Settings struct {
	Name         string            `json:"name" yaml:"name" jsonschema:"description=name of the stack"`
	When         string            `json:"when" yaml:"when" jsonschema:"enum=provision,enum=promote,description=the phase that changes the stack: promote for what serves; provision for what other components stand on (buckets and registries) and what must only ever be added to"`
	Parameters   map[string]string `json:"parameters,omitempty" yaml:"parameters,omitempty" jsonschema:"description=parameters of the template; ${release.version} and ${artifact.COMPONENT.digest} and ${stack.NAME.OUTPUT} are filled in; NAME is a component that is a stack in the same place or the name of any other stack there"`
	Capabilities []string          `json:"capabilities,omitempty" yaml:"capabilities,omitempty" jsonschema:"enum=CAPABILITY_IAM,enum=CAPABILITY_NAMED_IAM,enum=CAPABILITY_AUTO_EXPAND,description=what the template may do beside the ordinary"`
	Tags         map[string]string `json:"tags,omitempty" yaml:"tags,omitempty" jsonschema:"description=tags of the stack and all in it; beside those of falkirk"`
	Protect      *bool             `json:"protect,omitempty" yaml:"protect,omitempty" jsonschema:"description=protect the stack against deletion; without it where the environment is protected"`
	Policy       string            `json:"policy,omitempty" yaml:"policy,omitempty" jsonschema:"description=stack policy as JSON: what updates may not touch"`
	OnFailure    string            `json:"onFailure" yaml:"onFailure" jsonschema:"enum=delete,enum=rollback,enum=keep,description=what becomes of a new stack that cannot be made"`
	Timeout      delivery.Duration `json:"timeout" yaml:"timeout" jsonschema:"type=string,description=how long one step on the stack may take with all its calls and waits"`
	Role         string            `json:"role,omitempty" yaml:"role,omitempty" jsonschema:"pattern=^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$,description=role that CloudFormation works under; without it that of the account"`
	Bucket       string            `json:"bucket,omitempty" yaml:"bucket,omitempty" jsonschema:"description=bucket in the stack's region for files that the template names and for templates of more than 51200 bytes"`
	Prefix       string            `json:"prefix,omitempty" yaml:"prefix,omitempty" jsonschema:"description=folder in that bucket,default=falkirk"`
	Adopt        bool              `json:"adopt,omitempty" yaml:"adopt,omitempty" jsonschema:"description=take over a stack of that name that falkirk has not made"`
}

// Defaults are the settings of an empty block.
func Defaults() Settings {
	return Settings{When: "promote", OnFailure: "delete", Timeout: delivery.Duration(time.Hour), Prefix: "falkirk"}
}

// nameShape is that of a stack.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateChangeSet.html
var nameShape = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]{0,127}$`)

// Check finds what is wrong with the values.
func (s Settings) Check() []fault.Problem {
	var all []fault.Problem
	add := func(key, want, format string, args ...any) {
		all = append(all, fault.Problem{Path: []string{key}, Text: fmt.Sprintf(format, args...), Want: want})
	}
	if !nameShape.MatchString(s.Name) {
		add("name", "letters, digits and hyphens, beginning with a letter, at most 128", "%q is not the name of a stack", s.Name)
	}
	if s.Policy != "" && !json.Valid([]byte(s.Policy)) {
		add("policy", "a JSON document", "the stack policy is no JSON")
	}
	if s.Timeout <= 0 {
		add("timeout", `a duration such as "1h"`, "a change that may take no time")
	}
	for key := range s.Tags {
		if len(key) > 8 && key[:8] == "falkirk:" {
			add("tags", "", "%q is a tag of Falkirk's own", key)
		}
	}
	return all
}

func read(raw json.RawMessage) (Settings, error) {
	s := Defaults()
	err := json.Unmarshal(raw, &s)
	return s, err
}

// Names are the keys whose values are names of things in the account.
func Names() []string { return []string{"name", "role", "bucket", "prefix"} }
