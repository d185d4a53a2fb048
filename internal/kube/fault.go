package kube

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"falkirk/internal/fault"
)

// status is what a cluster answers when it does not do what it was asked.
// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/
type status struct {
	Message string
	Reason  string
	Details struct {
		Kind   string
		Name   string
		Causes []struct{ Reason, Message, Field string }
	}
}

// explain says what a cluster refused, and what to do next.
func (c *Client) explain(code int, raw []byte, k Key) error {
	var s status
	if json.Unmarshal(raw, &s) != nil || s.Message == "" {
		s.Message = fmt.Sprintf("it answers %d %s", code, http.StatusText(code))
	}
	where := fmt.Sprintf("%s in cluster %s", k, c.name)
	switch {
	case code == http.StatusNotFound && s.Details.Kind == "namespaces":
		err := fault.New(fault.NotFound, "cluster %s has no namespace %s", c.name, k.Namespace)
		return fault.Hint(err, "kubectl create namespace %s", k.Namespace)
	case code == http.StatusNotFound:
		return fault.New(fault.NotFound, "%s is not there", where)
	case code == http.StatusConflict:
		return conflict(s, where)
	case code == http.StatusUnauthorized:
		err := fault.New(fault.Refused, "cluster %s does not know who you are: %s", c.name, s.Message)
		return fault.Hint(err, "aws eks update-kubeconfig, and an access entry of the cluster for your role")
	case code == http.StatusForbidden:
		err := fault.New(fault.Refused, "%s: %s", where, s.Message)
		return fault.Hint(err, "kubectl auth can-i --list --namespace %s shows what you may do", k.Namespace)
	case code == http.StatusInternalServerError && strings.Contains(s.Message, "typed patch object"):
		return fault.New(fault.Invalid, "%s: %s", where, s.Message) // a field that the cluster does not know
	case code == http.StatusTooManyRequests || code >= 500:
		return fault.New(fault.Unavailable, "%s: %s", where, s.Message)
	}
	return fault.New(fault.Invalid, "%s: %s", where, s.Message)
}

// holderShape finds who manages a field in what a cluster says of it.
var holderShape = regexp.MustCompile(`conflict with "([^"]*)"`)

// conflict names the fields that somebody else manages.
func conflict(s status, where string) error {
	var all []string
	for _, cause := range s.Details.Causes {
		if cause.Reason != "FieldManagerConflict" {
			continue
		}
		who := "somebody else"
		if m := holderShape.FindStringSubmatch(cause.Message); m != nil {
			who = m[1]
		}
		all = append(all, fmt.Sprintf("%s is managed by %s", strings.TrimPrefix(cause.Field, "."), who))
	}
	if len(all) == 0 {
		err := fault.New(fault.Conflict, "%s: %s", where, s.Message)
		return fault.Hint(err, "somebody changed it at the same time: repeat the command")
	}
	err := fault.New(fault.Conflict, "%s: %s", where, strings.Join(all, "; "))
	return fault.Hint(err, "--force-conflicts takes them over; or let go of them there")
}
