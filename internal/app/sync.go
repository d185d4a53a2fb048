package app

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"falkirk/internal/aws/account"
	"falkirk/internal/aws/partition"
	"falkirk/internal/config"
	"falkirk/internal/delivery"
	"falkirk/internal/face/cli"
	"falkirk/internal/fault"
	"falkirk/internal/imagesync"
	"falkirk/internal/k9"
	"falkirk/internal/registries"
)

// openSyncs opens the jobs that are meant. They share logins and connections.
func openSyncs(r cli.SyncRequest) (*cli.Syncs, error) {
	out := &cli.Syncs{Redact: func(s string) string { return s }}
	var app delivery.App
	if r.App != "" {
		f, err := config.Open(r.App, settings(), os.LookupEnv)
		if err != nil {
			return nil, err
		}
		app, out.Falkirk, out.Redact = f.App, f.Falkirk, newHider(f).Redact
	}
	jobs, decisions, err := syncJobs(r, app)
	if err != nil {
		return nil, err
	}
	accounts := account.New(account.Options{Accounts: app.Accounts, App: app.Name, Actor: actor()})
	ask := people(r.People, decisionsFor(decisions, r.Jobs, accounts))
	hosts := registries.New(accounts)
	for _, s := range jobs {
		out.Names = append(out.Names, s.Label())
		if len(r.Names) > 0 && !slices.Contains(r.Names, s.Label()) {
			continue
		}
		j, err := syncJob(s, r, hosts, accounts, ask)
		if err != nil {
			return nil, err
		}
		if r.App != "" && r.Jobs == "" && r.Flags == nil {
			j = remembered(j, lastResults{app, accounts}, r.DryRun)
		}
		out.Jobs = append(out.Jobs, j)
	}
	return out, unknownSync(r.Names, out.Names)
}

// syncJobs are all that there are, and whose decisions hold them back where a
// file of jobs says so.
func syncJobs(r cli.SyncRequest, app delivery.App) ([]imagesync.Settings, *config.Decisions, error) {
	switch {
	case r.Flags != nil:
		one, err := flagJob(*r.Flags)
		if err == nil {
			err = hasAccount(app, one.Account)
		}
		return []imagesync.Settings{one}, nil, err
	case r.Jobs == "":
		all, err := settingsOf(app.Syncs, r.Names)
		return all, nil, err
	case k9.IsValues(r.Jobs):
		v, err := k9.Read(r.Jobs)
		if err != nil {
			return nil, nil, err
		}
		s, err := k9Job(v)
		return []imagesync.Settings{s}, nil, fault.Hint(err, "edit %s, then repeat the command", r.Jobs)
	}
	f, err := config.LoadJobs(r.Jobs, settings(), os.LookupEnv)
	if err != nil {
		return nil, nil, err
	}
	all, err := settingsOf(f.Syncs, r.Names)
	return all, f.Decisions, err
}

// flagJob is the job that flags say.
func flagJob(s imagesync.Settings) (imagesync.Settings, error) {
	if problems := s.Check(); len(problems) > 0 {
		return s, fault.New(fault.Invalid, "--%s: %s; wanted: %s", problems[0].Path[0], problems[0].Text, problems[0].Want)
	}
	if s.Source == "" || s.Destination == "" || len(s.Repositories) == 0 {
		return s, fault.New(fault.Invalid, "--source, --destination and --repository go together")
	}
	return s, nil
}

// settingsOf reads the settings of jobs. One that is unusable is an error only
// where it is meant.
func settingsOf(given []delivery.SyncSetting, names []string) ([]imagesync.Settings, error) {
	if len(given) == 0 {
		return nil, fault.Hint(fault.New(fault.NotFound, "the app file has no list sync"), "add sync: to the app file (falkirk schema describes it), or give a job by --source, --destination and --repository")
	}
	all := make([]imagesync.Settings, len(given))
	for i, one := range given {
		if all[i].Name = one.Name; one.Unusable != "" {
			if len(names) > 0 && !slices.Contains(names, one.Name) {
				continue // it is not meant
			}
			return nil, one.Unusable.Err("job " + one.Name)
		}
		if err := json.Unmarshal(one.Settings, &all[i]); err != nil {
			return nil, fault.New(fault.Invalid, "read job %s: %w", one.Name, err)
		}
	}
	return all, nil
}

func ecrOf(account, region string) string {
	return account + ".dkr.ecr." + region + "." + partition.Domain(region)
}

// k9Job is the job that k9's file means: the images that it names, from the other
// account into the ECR of the own one.
func k9Job(v k9.Values) (imagesync.Settings, error) {
	s := imagesync.Defaults()
	for _, b := range v.Blanks() {
		if b.Key != "clusterName" && b.Key != "namespace" {
			return s, fault.New(fault.Invalid, "%s is not filled in: %s", b.Key, b.What)
		}
	}
	s.Source = ecrOf(v.Account, cmp.Or(v.SourceRegion, v.Region))
	s.Destination = "ecr:" + v.Region
	if v.Own != "" {
		s.Destination = ecrOf(v.Own, v.Region)
	}
	s.Repositories, s.Tags = []string{v.AppName}, []string{k9.Tag}
	return s, nil
}

func syncJob(s imagesync.Settings, r cli.SyncRequest, hosts *registries.Hosts, accounts *account.Pool, ask imagesync.People) (cli.SyncJob, error) {
	opt := imagesync.Options{Registries: hosts, Only: r.Only, DryRun: r.DryRun, Require: r.Require, By: actor(), Whose: whose(accounts), People: ask}
	var err error
	if opt.Verify, err = verifier(s.Verify.Keys, syncFolder(r)); err != nil {
		return cli.SyncJob{}, fmt.Errorf("job %s: %w", s.Label(), err)
	}
	if _, err := imagesync.New(s, opt); err != nil {
		return cli.SyncJob{}, err
	}
	return cli.SyncJob{Name: s.Label(), Run: func(ctx context.Context, report func(imagesync.Event)) (*imagesync.Result, error) {
		opt.Report = report
		j, err := imagesync.New(s, opt)
		if err != nil {
			return nil, err
		}
		return j.Run(ctx)
	}}, nil
}

// whose asks in which account the credentials are.
func whose(accounts *account.Pool) func(ctx context.Context, name, region string) (string, error) {
	return func(ctx context.Context, name, region string) (string, error) {
		cfg, err := accounts.Config(ctx, name, region)
		if err != nil {
			return "", err
		}
		return account.Whose(ctx, cfg)
	}
}

// remembered is a job whose result is kept.
func remembered(j cli.SyncJob, last lastResults, dry bool) cli.SyncJob {
	run := j.Run
	j.Last = func(ctx context.Context) (*imagesync.Result, error) { return last.read(ctx, j.Name) }
	j.Run = func(ctx context.Context, report func(imagesync.Event)) (*imagesync.Result, error) {
		result, err := run(ctx, report)
		if result == nil || dry || result.IsHeld() {
			return result, err
		}
		if kept := last.keep(fault.Unwatched(context.WithoutCancel(ctx)), result); err == nil {
			err = kept
		}
		return result, err
	}
	return j
}

func unknownSync(wanted, known []string) error {
	for _, name := range wanted {
		if !slices.Contains(known, name) {
			err := fault.New(fault.NotFound, "no job %q under sync", name)
			return fault.Hint(err, "name one of its jobs: %s", strings.Join(known, ", "))
		}
	}
	return nil
}
