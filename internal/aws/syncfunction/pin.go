package syncfunction

import (
	"context"
	"fmt"

	"falkirk/internal/aws/prepare"
	"falkirk/internal/blueprint/syncstack"
	"falkirk/internal/fault"
)

// bring puts the zip into the bucket and has the template name the version of
// the object. That version is known only now: where the template that was shown
// has another or none, the change set is made again with it, and must change the
// same things.
func (s Setup) bring(ctx context.Context, r Request, shown proposed) (proposed, error) {
	f := shown.function
	version, err := store(shown.stack.Config).put(ctx, f.Code, r.Zip)
	if err != nil || version == f.Code.Version {
		return shown, err
	}
	f.Code.Version = version
	now := shown
	if now.stack.Template, err = syncstack.Template(f); err != nil {
		return shown, err
	}
	if err := s.Stacks.Drop(ctx, shown.stack, shown.proposal); err != nil {
		return shown, err
	}
	now.stack.Attempt = "pinned"
	if now.proposal, err = s.Stacks.Propose(ctx, now.stack); err != nil {
		return shown, fmt.Errorf("propose stack %s in account %s with the version of the zip: %w", now.stack.Name, now.stack.Account, err)
	}
	if !sameChanges(shown.proposal.Changes, now.proposal.Changes) {
		err := fault.New(fault.Conflict, "stack %s in account %s was changed after its changes were shown", now.stack.Name, now.stack.Account)
		if dropErr := s.Stacks.Drop(ctx, now.stack, now.proposal); dropErr != nil {
			return shown, dropErr
		}
		return shown, fault.Hint(err, "look at them again: repeat the command")
	}
	return now, nil
}

// sameChanges reports whether both change the same resources in the same way.
func sameChanges(a, b []prepare.Change) bool {
	if len(a) != len(b) {
		return false
	}
	seen := map[prepare.Change]bool{}
	for _, one := range a {
		seen[one] = true
	}
	for _, one := range b {
		if !seen[one] {
			return false
		}
	}
	return true
}
