package app

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"falkirk/internal/aws/account"
	"falkirk/internal/aws/ecr"
	"falkirk/internal/aws/partition"
	"falkirk/internal/aws/policy"
	"falkirk/internal/aws/syncfunction"
	"falkirk/internal/blueprint/syncstack"
	"falkirk/internal/config"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/imagesync"
	"falkirk/internal/imagesync/jobfile"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/setup"
)

// functioning is one run of create or delete sync-function.
type functioning struct {
	asked setup.FunctionRequest
	app   delivery.App
	jobs  []imagesync.Settings
	at    policy.Scope // of the function
	store jobfile.Store
}

// readFunction reads the jobs and finds out where the function goes.
func readFunction(ctx context.Context, r setup.FunctionRequest) (*functioning, error) {
	w := &functioning{asked: r}
	var app *config.File
	if r.File != "" {
		var err error
		if app, err = config.Open(r.File, settings(), os.LookupEnv); err != nil {
			return nil, err
		}
		if err := app.App.Needs(delivery.BlockAccounts); err != nil {
			return nil, err
		}
		w.app = app.App
	}
	from, err := openJobs(app, r.Jobs)
	if err != nil {
		return nil, err
	}
	if err := w.choose(from); err != nil {
		return nil, err
	}
	if err := w.place(ctx); err != nil {
		return nil, err
	}
	w.store, err = jobfile.Find(w.app, r.Store, from.Decisions, w.at)
	return w, err
}

// choose finds the jobs of the function. The texts of public keys are in them: files
// of keys are not in the function.
func (w *functioning) choose(from *usecase.Jobs) error {
	var names []string
	if w.asked.Job != "" {
		names = []string{w.asked.Job}
	}
	all, err := imagesync.Read(from.List, names)
	if err != nil {
		return err
	}
	if w.jobs, err = imagesync.Named(all, names); err != nil {
		return err
	}
	for i, s := range w.jobs {
		if w.jobs[i], err = s.WithKeys(from.Key); err != nil {
			return err
		}
	}
	return nil
}

// place finds the account and region that all images go to, which the function
// is in.
func (w *functioning) place(ctx context.Context) error {
	region := w.asked.Region
	for _, s := range w.jobs {
		host, _ := imagesync.Split(s.Destination)
		id, there, ok := ecr.Registry(host)
		if own, is := strings.CutPrefix(host, "ecr:"); is {
			there, ok = own, true
		}
		if id != "" && w.at.Account != "" && id != w.at.Account {
			err := fault.New(fault.Invalid, "the jobs lead into accounts %s and %s, and a function works in its own", w.at.Account, id)
			return fault.Hint(err, "make one for each job: falkirk create sync-function JOB")
		}
		w.at.Account = cmp.Or(w.at.Account, id)
		if ok {
			region = cmp.Or(region, there)
		}
	}
	if region == "" {
		return fault.Hint(fault.New(fault.Invalid, "no job leads into ECR: where is the function to be?"), "name the region with --region")
	}
	w.at.Region, w.at.Partition = region, policy.Partition(region)
	return w.owner(ctx)
}

// owner finds the account where no destination says it: that of the credentials.
func (w *functioning) owner(ctx context.Context) error {
	if a, ok := policy.ParseARN(w.asked.As); ok {
		w.at.Account = cmp.Or(w.at.Account, a.Account)
	}
	if w.at.Account != "" {
		return nil
	}
	if w.asked.OnlySource || w.asked.Print {
		err := fault.New(fault.Invalid, "no job says the account that images go to, and nobody is asked")
		return fault.Hint(err, "write the destination as ACCOUNT.dkr.ecr.%s.%s", w.at.Region, partition.Domain(w.at.Region))
	}
	cfg, err := account.New(account.Options{App: w.app.Name, Actor: actor()}).Config(ctx, "", w.at.Region)
	if err != nil {
		return err
	}
	if w.at.Account, err = account.Whose(ctx, cfg); err != nil {
		return fault.Hint(fmt.Errorf("find out the function's account: %w", err), "log in to it (AWS_PROFILE), or name a role to take there with --as")
	}
	return nil
}

// name is that of the function and its stack.
func (w *functioning) name() string {
	if w.asked.Name != "" {
		return w.asked.Name
	}
	parts := []string{"falkirk", w.app.Name, "sync", w.asked.Job}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "-")
}

func (w *functioning) about() setup.Function {
	out := setup.Function{
		Name: w.name(), Account: w.at.Account, Region: w.at.Region, Schedule: w.schedule(), Role: syncstack.RoleARN(w.at, w.name()),
		Stacks: []setup.FunctionStack{}, Policies: []setup.PreparedPolicy{}, Notes: w.notes(nil),
	}
	for _, s := range w.jobs {
		out.Jobs = append(out.Jobs, s.Label())
	}
	if !w.asked.Delete && !w.asked.OnlySource {
		out.Decisions = w.store.String()
	}
	return out
}

// notes are those of the setup, after what holds the function back or does not.
func (w *functioning) notes(more []string) []string {
	if w.asked.Delete || w.asked.OnlySource {
		return more
	}
	return append(slices.Clone(w.store.Notes(w.at.Account, w.asked.SkipSource)), more...)
}

func (w *functioning) schedule() string {
	if w.asked.Schedule == "none" {
		return ""
	}
	return w.asked.Schedule
}

// request is the function as it is to be.
func (w *functioning) request() (syncfunction.Request, error) {
	r := syncfunction.Request{
		Function: syncstack.Function{
			Name: w.name(), At: w.at, Architecture: "arm64", Jobs: syncfunction.JobsFile, Memory: w.asked.Memory, Schedule: w.schedule(),
			Boundary: w.asked.Boundary, Alarm: w.asked.Alarm,
			Tags: map[string]string{"falkirk:sync": w.name()},
		},
		SkipSource: w.asked.SkipSource, OnlySource: w.asked.OnlySource,
	}
	if w.app.Name != "" {
		r.Function.Tags["falkirk:app"] = w.app.Name
	}
	for _, s := range w.jobs {
		if err := w.add(&r, s); err != nil {
			return r, fmt.Errorf("job %s: %w", s.Label(), err)
		}
	}
	w.readStore(&r)
	r.Function.Asks = w.store.From != nil
	r.Function.Needs = policy.Join(r.Function.Needs)
	if w.asked.Delete || w.asked.OnlySource {
		return r, nil
	}
	if err := r.Function.Check(); err != nil {
		return r, err
	}
	if err := w.bucket(&r); err != nil {
		return r, err
	}
	return r, w.pack(&r)
}

// readStore is what the function needs to read what people decided, and what the
// account of the store must let it do.
func (w *functioning) readStore(r *syncfunction.Request) {
	r.Function.Needs = append(r.Function.Needs, w.store.By.Needs(w.at)...)
	for _, g := range w.store.By.Lets(syncfunction.Key(w.name(), w.at.Account), w.at, syncstack.RoleARN(w.at, w.name())) {
		n := slices.IndexFunc(r.Sources, func(one syncfunction.Source) bool { return one.At == g.At })
		if n < 0 {
			r.Sources, n = append(r.Sources, syncfunction.Source{At: g.At}), len(r.Sources)
		}
		r.Sources[n].Grants = append(r.Sources[n].Grants, g)
	}
}

// add is what one job asks of the function, and of the account that it copies from.
func (w *functioning) add(r *syncfunction.Request, s imagesync.Settings) error {
	i := policy.Images{
		From: registryOf(s.Source, w.at.Account), To: registryOf(s.Destination, w.at.Account), Repositories: s.Repositories,
		Create: !s.Create.Never, Lifecycle: s.Create.Lifecycle != "", Key: s.Create.KMSKey, Delete: s.DeleteMissing,
	}
	if i.Patterns() && i.From.Account != "" && i.From.Account != w.at.Account {
		err := fault.New(fault.Invalid, "an account cannot list the repositories of another, which lets it into each by name: %s", strings.Join(s.Repositories, ", "))
		return fault.Hint(err, "name the repositories one by one")
	}
	r.Function.Needs = append(r.Function.Needs, i.Needs()...)
	if i.From.Account == "" {
		return nil
	}
	from := policy.Scope{Partition: policy.Partition(i.From.Region), Account: i.From.Account, Region: i.From.Region}
	n := slices.IndexFunc(r.Sources, func(one syncfunction.Source) bool { return one.At == from })
	if n < 0 {
		r.Sources, n = append(r.Sources, syncfunction.Source{At: from}), len(r.Sources)
	}
	grants := i.Lets(syncfunction.Key(w.name(), w.at.Account), w.at.Account, syncstack.RoleARN(w.at, w.name()))
	for _, g := range grants {
		if !slices.ContainsFunc(r.Sources[n].Grants, func(o policy.Grant) bool { return o.Resource == g.Resource }) {
			r.Sources[n].Grants = append(r.Sources[n].Grants, g)
		}
	}
	if w.asked.NoPush {
		return nil
	}
	p := push(s, i)
	r.Function.Pushes = append(r.Function.Pushes, p)
	if from.Account != w.at.Account || from.Region != w.at.Region {
		r.Sources[n].Pushes = append(r.Sources[n].Pushes, p)
	}
	return nil
}

// push is what of a registry's pushes a job wants to hear.
func push(s imagesync.Settings, i policy.Images) syncstack.Push {
	p := syncstack.Push{Job: s.Label(), Account: i.From.Account, Region: i.From.Region, Tags: s.Tags}
	for _, name := range s.Repositories {
		p.Repositories = append(p.Repositories, i.From.Name(name))
	}
	switch {
	case s.TagRegex != "" || s.Semver != "":
		p.Tags = nil // the job chooses
	case len(p.Tags) == 0:
		p.Tags = []string{imagesync.DefaultTag}
	}
	return p
}

// bucket is the one that is named, or that of the store, where the function can
// take its code from there.
func (w *functioning) bucket(r *syncfunction.Request) error {
	store := policy.StoreOf(w.app)
	switch {
	case w.asked.Bucket != "":
		r.Bucket = w.asked.Bucket
	case store.Bucket != "" && store.Account == w.at.Account && store.Region == w.at.Region:
		r.Bucket, r.Prefix = store.Bucket, store.Prefix
	case w.asked.Print:
		r.Bucket = "bucket-of-the-zip"
	default:
		err := fault.New(fault.Invalid, "no bucket is named for the zip, and the store is not in account %s, %s", w.at.Account, w.at.Region)
		return fault.Hint(err, "name one in that region with --bucket; aws s3 mb makes one")
	}
	return nil
}

// pack puts the program and its jobs into the zip.
func (w *functioning) pack(r *syncfunction.Request) error {
	read, path := syncfunction.Zip, w.asked.Zip
	if path == "" {
		var err error
		if path, err = os.Executable(); err != nil {
			return fmt.Errorf("find this program: %w", err)
		}
		read = syncfunction.Executable
	}
	program, err := read(path)
	if err != nil {
		return err
	}
	jobs := slices.Clone(w.jobs)
	for i := range jobs {
		jobs[i].Account, jobs[i].SourceAccount = "", "" // the function works as itself
	}
	decisions, err := w.store.Decisions(w.app)
	if err != nil {
		return err
	}
	raw, err := jobfile.Write(jobs, decisions)
	if err != nil {
		return err
	}
	r.Function.Architecture = program.Architecture
	r.Zip, err = syncfunction.Pack(program, raw)
	return err
}

// own reaches the function's account, as somebody who may make it.
func (w *functioning) own(ctx context.Context, region string) (aws.Config, error) {
	one := delivery.Account{Name: "of the function", ID: w.at.Account, Role: w.asked.As}
	cfg, err := account.New(account.Options{App: w.app.Name, Actor: actor(), Accounts: []delivery.Account{one}}).Config(ctx, one.Name, region)
	if fault.Is(err, fault.Refused) {
		err = fault.Hint(err, "log in as an administrator of account %s (AWS_PROFILE), or name a role to take there with --as", w.at.Account)
	}
	return cfg, err
}

// source reaches an account that images come from: as the flags say, with the
// chain of the app file, or with the credentials that are there. In the
// function's own account it is who makes the function.
func (w *functioning) source(ctx context.Context, id, region string) (aws.Config, error) {
	if id == w.at.Account && !w.asked.OnlySource {
		return w.own(ctx, region)
	}
	one := delivery.Account{ID: id, Role: w.asked.SourceAs}
	i := slices.IndexFunc(w.app.Accounts, func(a delivery.Account) bool { return a.ID == id && a.Role != "" })
	if i >= 0 && w.asked.SourceAs == "" && w.asked.SourceProfile == "" {
		one = w.app.Accounts[i]
	}
	one.Name = "of the source"
	opt := account.Options{App: w.app.Name, Actor: actor(), Accounts: []delivery.Account{one}, Profile: w.asked.SourceProfile}
	return account.New(opt).Config(ctx, one.Name, region)
}

func policyOf(g policy.Grant) string { return policy.JSON(policy.New(g.Statements...)) }
