// Package doctor asks, for everything that an app needs of its AWS accounts,
// whether it is allowed, and says which statement would allow what is not. It
// changes nothing.
package doctor

import (
	"encoding/json"

	"falkirk/internal/aws/policy"
	"falkirk/internal/delivery"
)

func fix(where string, s policy.Statement) delivery.StatementToAdd {
	raw, err := json.Marshal(s)
	if err != nil {
		raw = json.RawMessage("null") // plain data
	}
	return delivery.StatementToAdd{Where: where, Statement: raw}
}
