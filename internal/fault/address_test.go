package fault_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"falkirk/internal/fault"
)

// No address in an error or a hint has a user, a query or a fragment.
func TestAddressesInErrorsHaveNoQuery(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`Put "https://b.s3.amazonaws.com/k?X-Amz-Signature=secret": EOF`: `Put "https://b.s3.amazonaws.com/k?…": EOF`,
		`Get https://b/k?sig=secret, again https://c/d?e=secret: no`:     `Get https://b/k?…, again https://c/d?…: no`,
		`https://user:secret@host:8443/p@th`:                             `https://host:8443/p@th`,
		`HTTP://user:secret@host`:                                        `HTTP://host`,
		`(see https://host/page#secret)`:                                 `(see https://host/page?…)`,
		`is it at https://host/page?`:                                    `is it at https://host/page?`,
		`s3://bucket/prefix and file://a?b`:                              `s3://bucket/prefix and file://a?b`,
		`https://host/a?b=https://u:secret@c/d?e=secret`:                 `https://host/a?…`,
		`set it: http://USER:PASSWORD@HOST:PORT`:                         `set it: http://USER:PASSWORD@HOST:PORT`,
		`http://USER:secret@host and http://x:USER:PASSWORD@host`:        `http://host and http://host`,
		"no address": "no address",
	} {
		for name, err := range map[string]error{
			"new":     fault.New(fault.Invalid, "%s", in),
			"wrapped": fmt.Errorf("%w", fault.New(fault.Invalid, "%w", errors.New(in))),
			"hint":    errors.New(fault.HintOf(fault.Hint(errors.New("x"), "%s", in))),
			"border":  errors.New(fault.CleanAddresses(in)),
		} {
			if got := err.Error(); got != want || strings.Contains(got, "secret") {
				t.Errorf("%s: %s is %s", name, in, got)
			}
		}
	}
}
