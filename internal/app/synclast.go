package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"falkirk/internal/aws/account"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/imagesync"
)

// lastResults keeps the last result of each job in the app's store.
type lastResults struct {
	app      delivery.App
	accounts *account.Pool
}

func (l lastResults) key(job string) string { return "sync/" + l.app.Name + "/" + job + ".json" }

// keep writes what a run has come to.
func (l lastResults) keep(ctx context.Context, r *imagesync.Result) error {
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	b, err := openBucket(ctx, l.app, l.accounts)
	if err == nil {
		err = b.Put(ctx, l.key(r.Name), bytes.NewReader(raw))
	}
	if err != nil {
		return fmt.Errorf("keep the result of sync %s in the store: %w", r.Name, err)
	}
	return nil
}

// read gives the last result of a job; fault.NotFound where there is none.
func (l lastResults) read(ctx context.Context, job string) (*imagesync.Result, error) {
	b, err := openBucket(ctx, l.app, l.accounts)
	if err != nil {
		return nil, err
	}
	body, _, err := b.Get(ctx, l.key(job))
	if fault.Is(err, fault.NotFound) {
		return nil, fault.Hint(fault.New(fault.NotFound, "sync %s has not been run from this store", job), "falkirk sync %s", job)
	}
	if err != nil {
		return nil, err
	}
	defer body.Close()
	var r imagesync.Result
	if err := json.NewDecoder(body).Decode(&r); err != nil {
		return nil, fault.New(fault.Internal, "read the last result of sync %s: %w", job, err)
	}
	return &r, nil
}
