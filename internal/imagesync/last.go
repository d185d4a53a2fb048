package imagesync

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"falkirk/internal/bucket"
	"falkirk/internal/fault"
)

// Last keeps the last result of each job in the store of an app.
type Last struct {
	App  string
	Open func(ctx context.Context) (bucket.Bucket, error)
}

func (l Last) key(job string) string { return "sync/" + l.App + "/" + job + ".json" }

// Keep writes the result of a run. One that wrote nothing on purpose is not kept.
func (l Last) Keep(ctx context.Context, r *Result) error {
	if r.DryRun || r.IsHeld() {
		return nil
	}
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	b, err := l.Open(ctx)
	if err == nil {
		err = b.Put(ctx, l.key(r.Name), bytes.NewReader(raw))
	}
	if err != nil {
		return fmt.Errorf("keep the result of sync %s in the store: %w", r.Name, err)
	}
	return nil
}

// Read gives the last result of a job; fault.NotFound where there is none.
func (l Last) Read(ctx context.Context, job string) (*Result, error) {
	b, err := l.Open(ctx)
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
	var r Result
	if err := json.NewDecoder(body).Decode(&r); err != nil {
		return nil, fault.New(fault.Internal, "read the last result of sync %s: %w", job, err)
	}
	return &r, nil
}
