package app

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"falkirk/internal/aws/account"
	"falkirk/internal/bucket"
	"falkirk/internal/bucket/file"
	"falkirk/internal/bucket/s3"
	"falkirk/internal/config"
	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/imagesync"
	"falkirk/internal/signing"
)

// people is what is asked before images are written: what was decided about the
// app of the app file, and about the app that a file of jobs names. It is nil
// where there is neither.
func people(all ...imagesync.People) imagesync.People {
	var asked everybody
	for _, one := range all {
		if d, is := one.(*engine.Decisions); one != nil && (!is || d != nil) {
			asked = append(asked, one)
		}
	}
	if len(asked) == 0 {
		return nil
	}
	return asked
}

// everybody asks in several stores. Each one may refuse.
type everybody []imagesync.People

// Ask asks before a write.
func (e everybody) Ask(ctx context.Context, version string) error {
	for _, one := range e {
		if err := one.Ask(ctx, version); err != nil {
			return err
		}
	}
	return nil
}

// HasBans reports whether a release is banned in any of the stores.
func (e everybody) HasBans() bool {
	for _, one := range e {
		if one.HasBans() {
			return true
		}
	}
	return false
}

// AskImage asks before an image is written.
func (e everybody) AskImage(ctx context.Context, digests ...string) error {
	for _, one := range e {
		if err := one.AskImage(ctx, digests...); err != nil {
			return err
		}
	}
	return nil
}

// jobDecisions asks what people decided about the app that a file of jobs names,
// with the credentials of the process: a job works as itself. The store is opened
// by the first question. It may be used from many goroutines.
type jobDecisions struct {
	from     config.Decisions
	path     string // of the file of jobs
	accounts *account.Pool

	mu   sync.Mutex
	open *engine.Decisions
}

// Ask asks before a write.
func (j *jobDecisions) Ask(ctx context.Context, version string) error {
	d, err := j.opened(ctx)
	if err != nil {
		return err
	}
	return d.Ask(ctx, version)
}

// AskImage asks before an image is written.
func (j *jobDecisions) AskImage(ctx context.Context, digests ...string) error {
	d, err := j.opened(ctx)
	if err != nil {
		return err
	}
	return d.AskImage(ctx, digests...)
}

// HasBans reports whether a release is banned, as last asked.
func (j *jobDecisions) HasBans() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.open.HasBans()
}

func (j *jobDecisions) opened(ctx context.Context) (*engine.Decisions, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.open != nil {
		return j.open, nil
	}
	objects, err := j.bucket(ctx)
	if err != nil {
		return nil, err
	}
	j.open = decisionsIn(objects, j.from.App, ledgerKeys(j.ring()))
	j.open.Hint = "let the role of the job read " + j.from.Store + ": repeat the command that made the job (falkirk create ecr-sync or sync-function)"
	return j.open, nil
}

func (j *jobDecisions) bucket(ctx context.Context) (bucket.Bucket, error) {
	if dir, ok := strings.CutPrefix(j.from.Store, "file://"); ok {
		return file.New(filepath.FromSlash(dir)), nil
	}
	cfg, err := j.accounts.Config(ctx, "", j.from.Region)
	if err != nil {
		return nil, err
	}
	name, prefix := storePath(delivery.App{Store: j.from.Store})
	return s3.New(account.S3(cfg), name, prefix), nil
}

// openJobDecisions reads a file of jobs, for what people decided in the store that
// it names; nil where it names none.
func openJobDecisions(ctx context.Context, path string) (*engine.Decisions, error) {
	f, err := config.LoadJobs(path, settings(), os.LookupEnv)
	if err != nil || f.Decisions == nil {
		return nil, err
	}
	j := &jobDecisions{from: *f.Decisions, path: path, accounts: account.New(account.Options{Actor: actor()})}
	return j.opened(ctx)
}

// decisionsFor is what the decisions of a file of jobs are asked by; nil where it names
// no app.
func decisionsFor(from *config.Decisions, path string, accounts *account.Pool) imagesync.People {
	if from == nil {
		return nil
	}
	return &jobDecisions{from: *from, path: path, accounts: accounts}
}

// ring checks signatures and makes none.
func (j *jobDecisions) ring() *signing.Ring {
	if j.from.Signers == "" {
		return nil
	}
	return signing.New(signing.Options{
		Text: j.from.Signers, Name: "decisions.signers of " + filepath.Base(j.path), Namespace: delivery.LedgerNamespace, Now: time.Now,
		Key: func(context.Context) (signing.Key, error) {
			return nil, errors.New("a job of falkirk sync signs nothing")
		},
	})
}
