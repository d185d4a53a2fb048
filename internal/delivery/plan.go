package delivery

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
)

// Plan is the steps of one phase in one environment, place by place.
type Plan struct {
	App         string      `json:"app"`
	Environment string      `json:"environment"`
	Phase       Phase       `json:"phase"`
	Version     string      `json:"version"`
	Settings    string      `json:"settings"` // sha256:… of the target settings that the steps are done with
	Places      []PlacePlan `json:"places"`   // in the order of the app file
}

// PlacePlan is the steps of one place, done in this order.
type PlacePlan struct {
	Place Place  `json:"place"`
	Steps []Step `json:"steps"`
}

// IsEmpty reports whether there is nothing to do.
func (p Plan) IsEmpty() bool {
	return !slices.ContainsFunc(p.Places, func(pp PlacePlan) bool { return len(pp.Steps) > 0 })
}

// Totals counts the steps, and the bytes that they move or remove.
func (p Plan) Totals() (steps int, bytes int64) {
	for _, pp := range p.Places {
		steps += len(pp.Steps)
		for _, s := range pp.Steps {
			bytes += s.Bytes
		}
	}
	return steps, bytes
}

// Digest is sha256:… over the plan's JSON: two plans with the same digest ask
// for the same steps.
func (p Plan) Digest() string {
	raw, err := json.Marshal(p)
	if err != nil {
		panic("delivery: a plan is plain data: " + err.Error())
	}
	sum := sha256.Sum256(raw)
	return "sha256:" + hex.EncodeToString(sum[:])
}
