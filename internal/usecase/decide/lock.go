package decide

import (
	"context"

	"falkirk/internal/delivery"
	"falkirk/internal/usecase"
)

// LockShowQuery asks for one environment, or for all.
type LockShowQuery struct {
	Environment string `json:"environment,omitempty"`
}

// LockShowResult is the lock of each environment that was asked for.
type LockShowResult []delivery.Lock

func newLockShow() usecase.Case[LockShowQuery, LockShowResult] {
	return usecase.Case[LockShowQuery, LockShowResult]{
		Name: "decide.lock-show", Doc: "Show who has an environment, since when, and what it is doing",
		Effect: usecase.Reads, Reach: usecase.Anywhere, Needs: usecase.View,
		Do: lockShow,
	}
}

func lockShow(ctx context.Context, c *usecase.Call, q LockShowQuery) (LockShowResult, error) {
	app, err := c.App(ctx)
	if err != nil {
		return nil, err
	}
	environments, err := chosen(app, q.Environment)
	if err != nil {
		return nil, err
	}
	all := LockShowResult{}
	for _, env := range environments {
		lock, err := app.Ledger(env.Name).Lock(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, lock)
	}
	return all, nil
}

// LockStealQuery ends the operation that has an environment.
type LockStealQuery struct {
	usecase.Consent
	Environment string `json:"environment"`
	Reason      string `json:"reason"` // the former holder reads it
}

func newLockSteal() usecase.Case[LockStealQuery, delivery.Lock] {
	return usecase.Case[LockStealQuery, delivery.Lock]{
		Name: "decide.lock-steal", Doc: "End the operation that has an environment, also when its process is alive",
		Effect: usecase.Decides, Reach: usecase.Anywhere, Needs: usecase.Decide,
		Do: lockSteal,
	}
}

func lockSteal(ctx context.Context, c *usecase.Call, q LockStealQuery) (delivery.Lock, error) {
	if err := checkReason("lock steal", q.Reason); err != nil {
		return delivery.Lock{}, err
	}
	app, err := c.App(ctx)
	if err != nil {
		return delivery.Lock{}, err
	}
	protected, err := app.Protected(q.Environment)
	if err != nil {
		return delivery.Lock{}, err
	}
	log := app.Ledger(q.Environment)
	if err := q.Check(protected, func() (string, error) { return heldBy(ctx, log) }); err != nil {
		return delivery.Lock{}, err
	}
	return log.Steal(ctx, c.Actor, q.Reason)
}

// heldBy is the digest of what a person agrees to end: the operation that has the
// environment, or that there is none.
func heldBy(ctx context.Context, log usecase.Log) (string, error) {
	lock, err := log.Lock(ctx)
	ends := map[string]string{"environment": lock.Environment}
	if lock.Operation != nil {
		ends["operation"] = lock.Operation.ID
	}
	return usecase.DigestOf(ends), err
}
