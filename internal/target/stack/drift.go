package stack

import (
	"context"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Drift has CloudFormation compare the stack with what is there.
func (t *Target) Drift(ctx context.Context, p delivery.Placement) ([]string, error) {
	s, err := t.spot(ctx, p)
	if err != nil {
		return nil, err
	}
	if was, err := s.Describe(ctx, s.set.Name); fault.Is(err, fault.NotFound) || err == nil && isNothing(was) {
		return nil, nil
	}
	return s.Client.Drift(ctx, s.set.Name)
}
