package usecase

import (
	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/rule"
)

// Plan is a plan as results hold it: its steps by place, what identifies it, and
// its sums.
type Plan struct {
	delivery.Plan
	Digest string `json:"digest"`
	Steps  int    `json:"steps"`
	Bytes  int64  `json:"bytes"`

	Changes  []engine.Forecast `json:"changes,omitempty"`  // of the resources of stacks
	Obstacle *rule.Obstacle    `json:"obstacle,omitempty"` // what refuses it now
}

// NewPlan adds the sums to a plan.
func NewPlan(p delivery.Plan, digest string) Plan {
	steps, bytes := p.Totals()
	return Plan{Plan: p, Digest: digest, Steps: steps, Bytes: bytes}
}

// Proposed is the plan of a proposal, with what is known about it.
func Proposed(p engine.Proposal) Plan {
	plan := NewPlan(p.Plan, p.Digest)
	plan.Changes, plan.Obstacle = p.Changes, p.Obstacle
	return plan
}
