package syncsetup

import (
	"encoding/json"
	"fmt"
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
		if s.Effect == "Allow" && (r.Identity == IRSA && s.web(subject) || r.Identity == PodIdentity && s.pods() && s.fits(r.podTags())) {
			return nil
		}
	}
	if r.Identity == PodIdentity {
		err := fault.New(fault.Refused, "role %s does not let the pod of service account %s/%s in cluster %s take it; add to its trust policy:\n%s",
			r.Role, r.Spec.Namespace, r.Spec.Name, r.Spec.Cluster, policy.JSON(r.podTrust()))
		return fault.Hint(err, "aws iam update-assume-role-policy --role-name %s …, then repeat the command", roleName(r.Role))
	}
	err := fault.New(fault.Refused, "role %s does not let service account %s/%s take it: its trust policy must allow sts:AssumeRoleWithWebIdentity to the OIDC provider of cluster %s where its :sub is %s",
		r.Role, r.Spec.Namespace, r.Spec.Name, r.Spec.Cluster, subject)
	return fault.Hint(err, "aws iam update-assume-role-policy --role-name %s …, then repeat the command", roleName(r.Role))
}

const podService = "pods.eks.amazonaws.com"

// podTags are what EKS Pod Identity says of a pod when it takes the pod's role.
// https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html
func (r Request) podTags() map[string]string {
	return map[string]string{
		"aws:sourceaccount": r.Account, "aws:requesttag/eks-cluster-name": r.Spec.Cluster,
		"aws:requesttag/kubernetes-namespace": r.Spec.Namespace, "aws:requesttag/kubernetes-service-account": r.Spec.Name,
	}
}

// podTrust is the statement that lets this pod take its role, and no other pod.
func (r Request) podTrust() policy.Statement {
	return policy.Statement{
		Sid: "EcrSync", Actions: []string{"sts:AssumeRole", "sts:TagSession"}, Principals: map[string][]string{"Service": {podService}},
		Conditions: policy.Conditions{"StringEquals": {
			"aws:SourceAccount": {r.Account}, "aws:RequestTag/eks-cluster-name": {r.Spec.Cluster},
			"aws:RequestTag/kubernetes-namespace": {r.Spec.Namespace}, "aws:RequestTag/kubernetes-service-account": {r.Spec.Name},
		}},
	}
}

// loose says what a trust policy leaves open that lets the pod take its role: any
// other service account may take it too; "" where it is bound.
func (r Request) loose(text string) string {
	var doc struct{ Statement statements }
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		return "" // told by trusted
	}
	for _, s := range doc.Statement {
		open := r.Identity == PodIdentity && s.pods() && !s.names("aws:requesttag/kubernetes-service-account") ||
			r.Identity == IRSA && len(s.Principal.Federated) > 0 && s.allows("sts:AssumeRoleWithWebIdentity") && !s.names(":sub")
		if s.Effect == "Allow" && open {
			return fmt.Sprintf("role %s may be taken by other service accounts too: its trust policy names none; bind it to %s/%s", r.Role, r.Spec.Namespace, r.Spec.Name)
		}
	}
	return ""
}

// names reports whether a condition asks for a key that ends so.
func (s trustStatement) names(end string) bool {
	for _, keys := range s.Condition {
		for key := range keys {
			if strings.HasSuffix(strings.ToLower(key), end) {
				return true
			}
		}
	}
	return false
}

// fits reports whether conditions hold for what is known; a key that is not known
// is taken to hold.
func (s trustStatement) fits(known map[string]string) bool {
	for operator, keys := range s.Condition {
		for key, values := range keys {
			have, ok := known[strings.ToLower(key)]
			if ok && !slices.ContainsFunc(values, func(v string) bool {
				if strings.Contains(operator, "Like") {
					ok, err := path.Match(v, have)
					return err == nil && ok
				}
				return v == have
			}) && !strings.Contains(operator, "Not") {
				return false
			}
		}
	}
	return true
}

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
