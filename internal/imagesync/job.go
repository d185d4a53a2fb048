package imagesync

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"falkirk/internal/aws/ecr"
	"falkirk/internal/fault"
	"falkirk/internal/oci"
	"falkirk/internal/registries"
)

// Registries finds repositories.
type Registries interface {
	Repository(ctx context.Context, w registries.Where, name string) (registries.Repository, error)
	Catalog(ctx context.Context, w registries.Where) ([]string, error)
}

// Verifier says whether an image may be copied, and whose key has signed it; what
// it has found against it is fault.Refused.
type Verifier func(ctx context.Context, from registries.Repository, digest string) (key string, err error)

// People is what people decided: it is asked before the first write, and again
// before each image.
type People interface {
	Ask(ctx context.Context, version string) error
	HasBans() bool
	AskImage(ctx context.Context, digests ...string) error
}

// Options is what a job works with.
type Options struct {
	Registries Registries
	Verify     Verifier // nil: by the keys of the settings, which are texts
	// Only narrows the job to one repository of the source, or one tag in it:
	// "shop/api", "shop/api:test"; "" is all.
	Only   string
	DryRun bool
	// Require makes a pattern that matches nothing at the source a failure.
	Require bool
	By      string // who runs it
	People  People // may be nil: nobody can have decided anything
	// Whose, where it is set, is the number of the account that the job works as.
	Whose  func(ctx context.Context, account, region string) (id string, err error)
	Report func(Event) // may be nil; called one at a time
}

// Job keeps the images of one registry in another.
type Job struct {
	set      Settings
	opt      Options
	choose   chooser
	from, to end
	copier   *oci.Copier
	report   reporter
}

// end is one of the two registries.
type end struct {
	registries.Where
	prefix string
}

// New makes a job of checked settings; nothing is asked of anybody yet.
func New(s Settings, opt Options) (*Job, error) {
	j := &Job{set: s, opt: opt, copier: oci.NewCopier(), report: reporter{to: opt.Report}}
	var err error
	if j.choose, err = newChooser(s); err != nil {
		return nil, err
	}
	if j.opt.Verify == nil {
		if j.opt.Verify, err = verifier(s.Verify.Keys); err != nil {
			return nil, fmt.Errorf("job %s: %w", s.Label(), err)
		}
	}
	account := s.SourceAccount
	if account == "" {
		account = s.Account
	}
	j.from, j.to = s.end(s.Source, account), s.end(s.Destination, s.Account)
	j.from.ReadOnly = true
	return j, nil
}

func (s Settings) end(at, account string) end {
	host, prefix := Split(at)
	w := registries.Where{Host: host, Account: account, Insecure: s.inClear(at)}
	if region, own := strings.CutPrefix(host, ownECR); own {
		w.Host, w.Region = "", region
	}
	return end{w, prefix}
}

// name is a repository's whole name.
func (e end) name(repository string) string {
	if e.prefix == "" {
		return repository
	}
	return e.prefix + "/" + repository
}

// repositories are those that the job is about, sorted, without the prefix.
func (j *Job) repositories(ctx context.Context) ([]string, error) {
	only, _, _ := strings.Cut(j.opt.Only, ":")
	only = j.from.cut(only)
	if only != "" {
		if !j.choose.repository(only) {
			return nil, fault.New(fault.Invalid, "repository %s is not one of this job's: %s", only, strings.Join(j.set.Repositories, ", "))
		}
		return []string{only}, nil
	}
	if j.choose.named() {
		all := slices.Clone(j.set.Repositories)
		slices.Sort(all)
		return slices.Compact(all), nil
	}
	known, err := j.opt.Registries.Catalog(ctx, j.from.Where)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, name := range known {
		if j.from.prefix != "" && !strings.HasPrefix(name, j.from.prefix+"/") {
			continue
		}
		if name = j.from.cut(name); j.choose.repository(name) {
			all = append(all, name)
		}
	}
	for _, name := range j.set.Repositories {
		if !isPattern(name) {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}

func (e end) cut(name string) string {
	if e.prefix == "" {
		return name
	}
	return strings.TrimPrefix(name, e.prefix+"/")
}

// tag is the one tag that the job is narrowed to; "" is all.
func (j *Job) tag() string {
	_, tag, _ := strings.Cut(j.opt.Only, ":")
	return tag
}

// own refuses to write into the registry of another account than the one that the
// job works as: what goes into an account is written from its own side.
func (j *Job) own(ctx context.Context) error {
	id, region, amazon := ecr.Registry(j.to.Host)
	if !amazon || j.opt.Whose == nil {
		return nil
	}
	is, err := j.opt.Whose(ctx, j.to.Account, region)
	if err != nil || is == id {
		return err
	}
	err = fault.New(fault.Refused, "registry %s is of account %s, and this is account %s: images are written by the account that they go to", j.to.Host, id, is)
	return fault.Hint(err, "run it as a role of account %s: in its cluster, as a function there, or with account of the job", id)
}

// open finds a repository at both ends.
func (j *Job) open(ctx context.Context, repository string) (from, to registries.Repository, err error) {
	if from, err = j.opt.Registries.Repository(ctx, j.from.Where, j.from.name(repository)); err != nil {
		return nil, nil, fmt.Errorf("source: %w", err)
	}
	if to, err = j.opt.Registries.Repository(ctx, j.to.Where, j.to.name(repository)); err != nil {
		return nil, nil, fmt.Errorf("destination: %w", err)
	}
	return from, to, nil
}
