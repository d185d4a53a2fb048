package app

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"falkirk/internal/aws/account"
	"falkirk/internal/bucket"
	"falkirk/internal/bucket/file"
	"falkirk/internal/bucket/s3"
	"falkirk/internal/config"
	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
	"falkirk/internal/imagesync"
	"falkirk/internal/k9"
	"falkirk/internal/regular"
	"falkirk/internal/signing"
	"falkirk/internal/usecase"
)

// openJobs opens the jobs of an app file, or of a file of jobs if the path is not
// empty: one of ours, or the values file of k9.
func openJobs(app *config.File, path string) (*usecase.Jobs, error) {
	if path == "" {
		return &usecase.Jobs{App: app, List: app.App.Syncs, Kept: true, Name: filepath.Base(app.Path), Key: keysIn(filepath.Dir(app.Path))}, nil
	}
	jobs := &usecase.Jobs{App: app, Name: filepath.Base(path), Key: keysIn(filepath.Dir(path))}
	if k9.IsValues(path) {
		var err error
		jobs.List, err = k9Jobs(path)
		return jobs, err
	}
	f, err := config.LoadJobs(path, settings(), os.LookupEnv)
	jobs.List, jobs.Decisions = f.Syncs, f.Decisions
	return jobs, err
}

// keysIn reads files of public keys whose paths are relative to a folder.
func keysIn(folder string) func(file string) ([]byte, error) {
	return func(file string) ([]byte, error) {
		if !filepath.IsAbs(file) {
			file = filepath.Join(folder, file)
		}
		return regular.Read(file, file, imagesync.MostKeys)
	}
}

// k9Jobs is the job of a values file of k9.
func k9Jobs(path string) ([]delivery.SyncSetting, error) {
	v, err := k9.Read(path)
	if err != nil {
		return nil, err
	}
	s, err := imagesync.FromK9(v)
	if err != nil {
		return nil, fault.Hint(err, "edit %s, then repeat the command", path)
	}
	raw, err := json.Marshal(s)
	return []delivery.SyncSetting{{Settings: raw}}, err
}

// openJobDecisions reads a file of jobs, for what people decided in the store that
// it names; nil where it names none.
func openJobDecisions(ctx context.Context, path string) (*engine.Decisions, error) {
	f, err := config.LoadJobs(path, settings(), os.LookupEnv)
	if err != nil || f.Decisions == nil {
		return nil, err
	}
	return jobDecisions(ctx, *f.Decisions, filepath.Base(path), account.New(account.Options{Actor: actor()}))
}

// jobDecisions opens the store that a file of jobs names, with the credentials of
// the process: a job works as itself.
func jobDecisions(ctx context.Context, from config.Decisions, name string, accounts *account.Pool) (*engine.Decisions, error) {
	objects, err := jobStore(ctx, from, accounts)
	if err != nil {
		return nil, err
	}
	d := decisionsIn(objects, from.App, ledgerKeys(jobRing(from, name)))
	d.Hint = "let the role of the job read " + from.Store + ": repeat the command that made the job (falkirk create ecr-sync or sync-function)"
	return d, nil
}

func jobStore(ctx context.Context, from config.Decisions, accounts *account.Pool) (bucket.Bucket, error) {
	if dir, ok := strings.CutPrefix(from.Store, "file://"); ok {
		return file.New(filepath.FromSlash(dir)), nil
	}
	cfg, err := accounts.Config(ctx, "", from.Region)
	if err != nil {
		return nil, err
	}
	name, prefix := storePath(delivery.App{Store: from.Store})
	return s3.New(account.S3(cfg), name, prefix), nil
}

// jobRing checks signatures and makes none; nil where a job checks none.
func jobRing(from config.Decisions, name string) *signing.Ring {
	if from.Signers == "" {
		return nil
	}
	return signing.New(signing.Options{
		Text: from.Signers, Name: "decisions.signers of " + name, Namespace: delivery.LedgerNamespace, Now: time.Now,
		Key: func(context.Context) (signing.Key, error) {
			return nil, errors.New("a job of falkirk sync signs nothing")
		},
	})
}
