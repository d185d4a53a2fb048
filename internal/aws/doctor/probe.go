package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"falkirk/internal/aws/account"
	"falkirk/internal/aws/policy"
	"falkirk/internal/delivery"
)

// nothing is the name of what is not there: a probe asks for it, or for a change
// of it, and AWS answers that it is missing to those who may ask.
const nothing = "falkirk-doctor-asks-for-nothing"

// probe asks one action of one resource in a way that cannot change anything.
type probe func(ctx context.Context, resource policy.ARN, st policy.Statement) error

// probes are the actions that can be asked so.
type probes map[string]probe

func newProbes(cfg aws.Config) probes {
	cfg = cfg.Copy()
	given := cfg.Retryer
	cfg.Retryer = func() aws.Retryer {
		if given == nil {
			return account.Throttled(nil)
		}
		return account.Throttled(given())
	}
	all := probes{}
	for _, some := range []probes{objects(cfg), registry(cfg), stacks(cfg), distributions(cfg), keys(cfg)} {
		for action, p := range some {
			all[action] = p
		}
	}
	return all
}

// ask tells allowed from denied by the answer: what is missing or senseless was
// looked at by somebody who let the request in.
func (p probes) ask(ctx context.Context, st policy.Statement) (delivery.Access, string) {
	one, ok := p[st.Actions[0]]
	if !ok {
		return delivery.AccessUnknown, "cannot be asked without doing it"
	}
	resource, _ := policy.ParseARN(st.Resources[0])
	err := one(ctx, resource, st)
	switch {
	case err == nil:
		return delivery.AccessAllowed, ""
	case refused(err):
		if other := named(err); other != "" && other != st.Actions[0] {
			return delivery.AccessUnknown, "cannot be told while " + other + " is denied"
		}
		return delivery.AccessDenied, message(err)
	case code(err) == "NoSuchBucket", code(err) == "NotFoundException" && strings.HasPrefix(st.Actions[0], "kms:"): // found out before permission is checked
		return delivery.AccessUnknown, code(err) + ": it is not there yet"
	case harmless(err):
		return delivery.AccessAllowed, ""
	}
	return delivery.AccessUnknown, message(err)
}

// refused reports whether AWS said that something is not allowed. A request that
// is wrong in another way is answered with 403, too.
func refused(err error) bool {
	switch code(err) {
	case "UnknownError", "no answer": // a refusal without a body, or with one that is not the service's
		var answer *smithyhttp.ResponseError
		return errors.As(err, &answer) && answer.HTTPStatusCode() == http.StatusForbidden
	case "AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "NotAuthorized", "Forbidden":
		return true
	}
	return false
}

// inMessage finds the action in the message of a refusal.
var inMessage = regexp.MustCompile(`not authorized to perform: ([a-z0-9-]+:[A-Za-z]+)`)

// named is the action that a refusal names; "" where it names none.
func named(err error) string {
	if m := inMessage.FindStringSubmatch(err.Error()); m != nil {
		return m[1]
	}
	return ""
}

// harmless reports whether the service has looked at the request and found it
// senseless: a client error that is no refusal.
func harmless(err error) bool {
	var answer *smithyhttp.ResponseError
	if !errors.As(err, &answer) {
		return false
	}
	s := answer.HTTPStatusCode()
	return s >= 400 && s < 500 && s != http.StatusForbidden && s != http.StatusUnauthorized && s != http.StatusTooManyRequests
}

func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return "no answer"
}

// message is what AWS said, without the SDK's frame.
func message(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorMessage() != "" {
		return api.ErrorCode() + ": " + api.ErrorMessage()
	}
	var answer *smithyhttp.ResponseError
	if errors.As(err, &answer) {
		return fmt.Sprintf("it is answered with HTTP status %d", answer.HTTPStatusCode())
	}
	return err.Error()
}
