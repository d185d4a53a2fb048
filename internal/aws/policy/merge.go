package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"falkirk/internal/fault"
)

// Change is one difference that a merge makes: a statement of ours that is
// added ("+"), changed ("~") or removed ("-").
type Change struct {
	Sign string `json:"sign"`
	Sid  string `json:"sid"`
}

// attached is a policy as AWS has it: every statement as it was written.
type attached struct {
	Version   string            `json:"Version"`
	ID        string            `json:"Id,omitempty"`
	Statement []json.RawMessage `json:"Statement"`
}

// Merge puts our statements into a policy that is attached already, in which
// ours are those whose Sid is one of ours. What others wrote stays as it is and
// where it is. Without a change the text is that of before; "" means that no
// statement is left and the policy is to be taken away. The text before is JSON,
// or "" where none is attached.
func Merge(before string, ours func(sid string) bool, want []Statement) (after string, changes []Change, err error) {
	now, err := parse(before)
	if err != nil {
		return "", nil, err
	}
	left := slices.Clone(want)
	var kept []json.RawMessage
	for _, raw := range now.Statement {
		sid, err := sidOf(raw)
		if err != nil {
			return "", nil, err
		}
		if !ours(sid) {
			kept = append(kept, raw)
			continue
		}
		i := slices.IndexFunc(left, func(s Statement) bool { return s.Sid == sid })
		if i < 0 {
			changes = append(changes, Change{"-", sid})
			continue
		}
		mine, err := json.Marshal(left[i])
		if err != nil {
			return "", nil, err
		}
		left = slices.Delete(left, i, i+1)
		if canonical(mine) == canonical(raw) {
			kept = append(kept, raw)
			continue
		}
		kept, changes = append(kept, mine), append(changes, Change{"~", sid})
	}
	for _, s := range left {
		mine, err := json.Marshal(s)
		if err != nil {
			return "", nil, err
		}
		kept, changes = append(kept, mine), append(changes, Change{"+", s.Sid})
	}
	if len(changes) == 0 {
		return before, nil, nil
	}
	if len(kept) == 0 {
		return "", changes, nil
	}
	now.Statement = kept
	raw, err := json.Marshal(now)
	return string(raw), changes, err
}

// parse reads a policy; its statement may stand alone, without a list.
func parse(text string) (attached, error) {
	now := attached{Version: Version}
	if text == "" {
		return now, nil
	}
	var loose struct {
		Version   string
		ID        string `json:"Id"`
		Statement json.RawMessage
	}
	if err := json.Unmarshal([]byte(text), &loose); err != nil {
		return now, fault.New(fault.Invalid, "read the attached policy: %w", err)
	}
	if loose.Version != "" {
		now.Version = loose.Version
	}
	now.ID = loose.ID
	raw := bytes.TrimSpace(loose.Statement)
	if len(raw) == 0 || string(raw) == "null" {
		return now, nil
	}
	if raw[0] == '{' {
		now.Statement = []json.RawMessage{raw}
		return now, nil
	}
	if err := json.Unmarshal(raw, &now.Statement); err != nil {
		return now, fault.New(fault.Invalid, "read the statements of the attached policy: %w", err)
	}
	return now, nil
}

func sidOf(raw json.RawMessage) (string, error) {
	var s struct{ Sid string }
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", fault.New(fault.Invalid, "read a statement of the attached policy: %w", err)
	}
	return s.Sid, nil
}

// canonical is a statement in one of the many ways in which it can be written,
// so that two can be compared: AWS gives lists back in any order, a list of one
// as its value, and an account as its ID or the ARN of its root.
func canonical(raw []byte) string {
	var v map[string]any
	if json.Unmarshal(raw, &v) != nil {
		return string(raw)
	}
	out, err := json.Marshal(flat(v))
	if err != nil {
		return string(raw)
	}
	return string(out)
}

func flat(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, item := range v {
			v[k] = flat(item)
		}
		return v
	case []any:
		var texts []string
		for _, item := range v {
			texts = append(texts, fmt.Sprint(flat(item)))
		}
		slices.Sort(texts)
		texts = slices.Compact(texts)
		if len(texts) == 1 {
			return texts[0]
		}
		return texts
	case string:
		return root(v)
	}
	return v
}

// root is an account's ID for the ARN of its root.
func root(s string) string {
	if a, ok := ParseARN(s); ok && a.Service == "iam" && a.Resource == "root" {
		return a.Account
	}
	return s
}

// Foreign is the statements of others in an attached policy, as they were
// written.
func Foreign(text string, ours func(sid string) bool) ([]json.RawMessage, error) {
	now, err := parse(text)
	if err != nil {
		return nil, err
	}
	var out []json.RawMessage
	for _, raw := range now.Statement {
		sid, err := sidOf(raw)
		if err != nil {
			return nil, err
		}
		if !ours(sid) {
			out = append(out, raw)
		}
	}
	return out, nil
}
