package image

import (
	"context"

	"falkirk/internal/fault"
	"falkirk/internal/imagesync"
	"falkirk/internal/usecase"
)

// LastSyncQuery names jobs of the app file; empty: all of them.
type LastSyncQuery struct {
	Names []string `json:"names,omitempty"`
}

func newLastSync(open Opener) usecase.Case[LastSyncQuery, SyncResult] {
	return usecase.Case[LastSyncQuery, SyncResult]{
		Name: "image.lastsync", Doc: "Show what the last run of each job of sync came to, and by whom",
		Effect: usecase.Reads, Reach: usecase.Anywhere, Needs: usecase.View,
		Do: func(ctx context.Context, c *usecase.Call, q LastSyncQuery) (SyncResult, error) {
			from, err := c.Jobs(ctx)
			if err != nil {
				return nil, err
			}
			if !from.Kept {
				return nil, fault.New(fault.Invalid, "results are kept for jobs of the app file, in its store")
			}
			jobs, err := imagesync.Read(from.List, q.Names)
			if err == nil {
				jobs, err = imagesync.Named(jobs, q.Names)
			}
			if err != nil {
				return nil, err
			}
			return readLast(ctx, open(from.Delivery()).Last, jobs)
		},
	}
}

func readLast(ctx context.Context, last imagesync.Last, jobs []imagesync.Settings) (SyncResult, error) {
	results := SyncResult{}
	for _, s := range jobs {
		r, err := last.Read(ctx, s.Label())
		if err != nil {
			return nil, err
		}
		results = append(results, r)
	}
	return results, nil
}
