// Package policy writes, merges and compares IAM policy documents, and derives
// from an app which role needs what. It is pure: it asks AWS nothing. The shape
// of a document is that of
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
package policy

import (
	"encoding/json"
	"maps"
	"slices"
)

// Version is the version of the policy language.
const Version = "2012-10-17"

// Statement is one statement of a policy, and why it is there.
type Statement struct {
	Sid        string              // letters and digits
	Why        string              // a sentence for people; no part of the document
	Owner      string              // 12 digits: whose the resources are where their ARNs do not say and it is another account; no part of the document
	Deny       bool                // Allow otherwise
	Principals map[string][]string // by kind: AWS, Service, Federated; only in policies of resources
	Actions    []string
	Resources  []string   // ARNs; none in trust and repository policies
	Conditions Conditions // all must hold
}

// Conditions is operator → key → values.
type Conditions map[string]map[string][]string

// MarshalJSON writes the statement as IAM reads it: lists sorted, a list of one
// as its value.
func (s Statement) MarshalJSON() ([]byte, error) { return json.Marshal(s.form()) }

// form has the order of keys in which people write statements.
type form struct {
	Sid       string                     `json:"Sid,omitempty"`
	Effect    string                     `json:"Effect"`
	Principal map[string]list            `json:"Principal,omitempty"`
	Action    list                       `json:"Action"`
	Resource  list                       `json:"Resource,omitempty"`
	Condition map[string]map[string]list `json:"Condition,omitempty"`
}

func (s Statement) form() form {
	f := form{Sid: s.Sid, Effect: "Allow", Action: listed(s.Actions), Resource: listed(s.Resources)}
	if s.Deny {
		f.Effect = "Deny"
	}
	if len(s.Principals) > 0 {
		f.Principal = map[string]list{}
		for kind, names := range s.Principals {
			f.Principal[kind] = listed(names)
		}
	}
	if len(s.Conditions) > 0 {
		f.Condition = map[string]map[string]list{}
		for operator, keys := range s.Conditions {
			f.Condition[operator] = map[string]list{}
			for key, values := range keys {
				f.Condition[operator][key] = listed(values)
			}
		}
	}
	return f
}

// list is a value or a list of them.
type list []string

func listed(values []string) list {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}

// MarshalJSON writes a list of one as its value.
func (l list) MarshalJSON() ([]byte, error) {
	if len(l) == 1 {
		return json.Marshal(l[0])
	}
	return json.Marshal([]string(l))
}

// UnmarshalJSON reads a value or a list of them.
func (l *list) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*l = list{one}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(l))
}

// Document is a whole policy.
type Document struct {
	Version   string      `json:"Version"`
	Statement []Statement `json:"Statement"`
}

// New is a document of the statements.
func New(statements ...Statement) Document { return Document{Version, statements} }

// JSON is the document, or any statement, indented for people.
func JSON(v any) string {
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return "" // plain data
	}
	return string(raw)
}

// same reports whether two statements differ in nothing but resources.
func (s Statement) same(o Statement) bool {
	return s.Deny == o.Deny && s.Owner == o.Owner && slices.Equal(listed(s.Actions), listed(o.Actions)) &&
		maps.EqualFunc(s.Principals, o.Principals, equal) && maps.EqualFunc(s.Conditions, o.Conditions, func(a, b map[string][]string) bool {
		return maps.EqualFunc(a, b, equal)
	})
}

func equal(a, b []string) bool { return slices.Equal(listed(a), listed(b)) }
