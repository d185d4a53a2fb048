package inspect

import (
	"context"
	"fmt"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
)

// DoctorQuery asks for one account, or for all.
type DoctorQuery struct {
	Account string `json:"account,omitempty"`
}

func newDoctor() usecase.Case[DoctorQuery, delivery.Examination] {
	return usecase.Case[DoctorQuery, delivery.Examination]{
		Name: "inspect.doctor", Doc: "Ask AWS whether everything that the app needs there is allowed",
		Effect: usecase.Reads, Reach: usecase.Anywhere, Needs: usecase.View,
		Do: doctor,
	}
}

// doctor gives what was found also with the error of what is not as it must be.
func doctor(ctx context.Context, c *usecase.Call, q DoctorQuery) (delivery.Examination, error) {
	accounts, err := c.AppAccounts()
	if err != nil {
		return delivery.Examination{}, err
	}
	e, err := accounts.Examine(ctx, q.Account)
	if err != nil {
		return delivery.Examination{}, err
	}
	return e, examined(e)
}

// examined is the error of the first thing that is not as it must be.
func examined(e delivery.Examination) error {
	var missing, excess []string
	account := ""
	for _, a := range e.Accounts {
		if a.Error != "" {
			return unreachable(a)
		}
		for _, p := range a.Checks {
			name, _, _ := strings.Cut(a.Name, " ") // of the account that the role is in
			switch p.Answer {
			case delivery.AccessDenied:
				account, missing = name, append(missing, p.Action+" on "+p.Resource+" in account "+a.Name)
			case delivery.AccessExcess:
				account, excess = name, append(excess, a.Role+" may "+p.Action+" on "+p.Resource)
			}
		}
	}
	if len(missing) > 0 {
		err := fault.New(fault.Refused, "denied: %s", firstThree(missing))
		return fault.Hint(err, "falkirk create account %s, or add the statements above by hand", account)
	}
	if len(excess) > 0 {
		err := fault.New(fault.Refused, "allowed, and must not be: %s", firstThree(excess))
		return fault.Hint(err, "remove the statement that allows it from the policies of that role and of the bucket; falkirk create account %s writes those that are needed", account)
	}
	return nil
}

func firstThree(all []string) string {
	text := strings.Join(all[:min(3, len(all))], "; ")
	if len(all) > 3 {
		text += fmt.Sprintf("; and %d more", len(all)-3)
	}
	return text
}

// unreachable says that the account cannot be reached, and what to do.
func unreachable(a delivery.ExaminedAccount) error {
	if a.Hint != "" {
		return fault.Hint(fault.New(fault.KindOf(a.Err), "account %s (%s) cannot be reached: %s", a.Name, a.ID, a.Error), "%s", a.Hint)
	}
	if a.Environment != "" {
		name, _, _ := strings.Cut(a.Name, " ")
		err := fault.New(fault.Refused, "the storeRole of environment %s (%s) cannot be assumed: %s", a.Environment, a.Role, a.Error)
		return fault.Hint(err, "falkirk create account %s --principal %s=ARN makes the role and lets ARN assume it; then falkirk doctor %s", name, a.Environment, name)
	}
	err := fault.New(fault.Refused, "account %s (%s) cannot be reached: %s", a.Name, a.ID, a.Error)
	return fault.Hint(err, "correct the chain of accounts.%s, then falkirk doctor %s", a.Name, a.Name)
}
