package delivery

import (
	"cmp"
	"strings"
)

// Place is one environment in one account and one region.
type Place struct {
	Environment string `json:"environment"`
	Account     string `json:"account,omitempty"` // name in the app file; empty on one machine
	Region      string `json:"region"`
}

// String is environment/account/region without empty parts.
func (p Place) String() string {
	parts := []string{p.Environment}
	for _, s := range []string{p.Account, p.Region} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, "/")
}

// Compare orders places by environment, account and region.
func (p Place) Compare(q Place) int {
	return cmp.Or(
		cmp.Compare(p.Environment, q.Environment),
		cmp.Compare(p.Account, q.Account),
		cmp.Compare(p.Region, q.Region))
}
