package syncsetup

import (
	"encoding/json"
	"path"
	"slices"
	"strings"

	"falkirk/internal/aws/policy"
	"falkirk/internal/fault"
)

// trusted proves that the pod may take its role. The tool does not write into
// trust policies: those say who may become whom.
func (r Request) trusted(text string) error {
	subject := "system:serviceaccount:" + r.Spec.Namespace + ":" + r.Spec.Name
	var doc struct{ Statement statements }
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		return fault.New(fault.Unavailable, "who may take role %s cannot be read: %w", r.Role, err)
	}
	for _, s := range doc.Statement {
		if s.Effect == "Allow" && (r.Identity == IRSA && s.web(subject) || r.Identity == PodIdentity && s.pods()) {
			return nil
		}
	}
	if r.Identity == PodIdentity {
		add := policy.Statement{Sid: "EcrSync", Actions: []string{"sts:AssumeRole", "sts:TagSession"}, Principals: map[string][]string{"Service": {podService}}}
		err := fault.New(fault.Refused, "role %s does not let pods of EKS take it; add to its trust policy:\n%s", r.Role, policy.JSON(add))
		return fault.Hint(err, "aws iam update-assume-role-policy --role-name %s …, then repeat the command", roleName(r.Role))
	}
	err := fault.New(fault.Refused, "role %s does not let service account %s/%s take it: its trust policy must allow sts:AssumeRoleWithWebIdentity to the OIDC provider of cluster %s where its :sub is %s",
		r.Role, r.Spec.Namespace, r.Spec.Name, r.Spec.Cluster, subject)
	return fault.Hint(err, "aws iam update-assume-role-policy --role-name %s …, then repeat the command", roleName(r.Role))
}

const podService = "pods.eks.amazonaws.com"

// trustStatement is one statement of who may take a role, as loosely as people
// write it.
type trustStatement struct {
	Effect    string
	Action    words
	Principal struct{ Federated, Service words }
	Condition map[string]map[string]words
}

// UnmarshalJSON also reads a principal that is everybody; that is nobody's pod.
func (s *trustStatement) UnmarshalJSON(raw []byte) error {
	type plain trustStatement
	var loose struct {
		plain
		Principal json.RawMessage
	}
	if err := json.Unmarshal(raw, &loose); err != nil {
		return err
	}
	*s = trustStatement(loose.plain)
	_ = json.Unmarshal(loose.Principal, &s.Principal) // "*"
	return nil
}

func (s trustStatement) pods() bool {
	return slices.Contains(s.Principal.Service, podService) && s.allows("sts:AssumeRole") && s.allows("sts:TagSession")
}

func (s trustStatement) allows(action string) bool {
	return slices.ContainsFunc(s.Action, func(a string) bool {
		ok, err := path.Match(strings.ToLower(a), strings.ToLower(action))
		return err == nil && ok
	})
}

// web reports whether a service account may come by the token of its cluster.
// Of which cluster, only the provider's own name tells.
func (s trustStatement) web(subject string) bool {
	if len(s.Principal.Federated) == 0 || !s.allows("sts:AssumeRoleWithWebIdentity") {
		return false
	}
	for operator, keys := range s.Condition {
		for key, values := range keys {
			if strings.HasSuffix(key, ":sub") && !slices.ContainsFunc(values, func(v string) bool {
				if strings.Contains(operator, "Like") {
					ok, err := path.Match(v, subject)
					return err == nil && ok
				}
				return v == subject
			}) {
				return false
			}
		}
	}
	return true
}

// words are a word or a list of them.
type words []string

// UnmarshalJSON reads a word or a list of them.
func (w *words) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*w = words{one}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(w))
}

// statements are a statement or a list of them.
type statements []trustStatement

// UnmarshalJSON reads a statement or a list of them.
func (l *statements) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '{' {
		*l = make(statements, 1)
		return json.Unmarshal(raw, &(*l)[0])
	}
	return json.Unmarshal(raw, (*[]trustStatement)(l))
}
