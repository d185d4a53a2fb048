package syncfunction

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"

	"falkirk/internal/aws/policy"
	"falkirk/internal/aws/prepare"
	"falkirk/internal/blueprint/syncstack"
	"falkirk/internal/fault"
)

// Propose finds out what has to be changed. It leaves a change set behind for
// each stack that changes, which Apply executes and Drop takes away; where an
// account is out of reach it says what has to be done there.
func (s Setup) Propose(ctx context.Context, r Request) (View, error) {
	v := View{Role: syncstack.RoleARN(r.Function.At, r.Function.Name)}
	var stale []policy.Grant
	if !r.OnlySource {
		cfg, err := s.Own(ctx, r.Function.At.Region)
		if err != nil {
			return v, err
		}
		if stale, err = s.stale(ctx, cfg, r); err != nil {
			return v, err
		}
		if err := s.proposeOwn(ctx, cfg, r, stale, &v); err != nil {
			return v, err
		}
	}
	if r.SkipSource {
		return v, nil
	}
	for _, one := range r.with(stale) {
		if err := s.proposeSource(ctx, r, one, &v); err != nil {
			return v, err
		}
	}
	return v, nil
}

// with adds repositories that no longer need to let the role in.
func (r Request) with(stale []policy.Grant) []Source {
	all := slices.Clone(r.Sources)
	for _, g := range stale {
		a, _ := policy.ParseARN(g.Resource)
		account, region := g.Where()
		i := slices.IndexFunc(all, func(s Source) bool { return s.At.Account == account && s.At.Region == region })
		if i < 0 {
			all, i = append(all, Source{At: policy.Scope{Partition: a.Partition, Account: account, Region: region}}), len(all)
		}
		all[i].Grants = append(slices.Clip(all[i].Grants), g)
	}
	return all
}

func (s Setup) proposeOwn(ctx context.Context, cfg aws.Config, r Request, stale []policy.Grant, v *View) error {
	r.Function.Code, r.Function.Granted = r.code(), r.granted()
	if r.SkipSource {
		for _, g := range stale { // they still do
			r.Function.Granted = append(r.Function.Granted, g.Resource)
		}
	}
	versioned, err := store(cfg).fits(ctx, r.Bucket)
	if err != nil {
		return err
	}
	if !versioned {
		v.Notes = append(v.Notes, "bucket "+r.Bucket+" keeps no versions, so the function is not bound to one version of its zip; turn them on: aws s3api put-bucket-versioning --bucket "+r.Bucket+" --versioning-configuration Status=Enabled")
	}
	if r.Function.Code.Version, _, err = store(cfg).find(ctx, r.Function.Code, r.Zip); err != nil {
		return err
	}
	text, err := syncstack.Template(r.Function)
	if err != nil {
		return err
	}
	v.Code, v.Bytes = "s3://"+r.Function.Code.Bucket+"/"+r.Function.Code.Key, len(r.Zip)
	return s.propose(ctx, cfg, r, r.Function.At, prepare.Stack{Name: r.Function.Name, Template: text, Tags: r.Function.Tags}, true, v)
}

func (s Setup) propose(ctx context.Context, cfg aws.Config, r Request, at policy.Scope, stack prepare.Stack, own bool, v *View) error {
	stack.Config, stack.Account = cfg, at.Account
	p, err := s.Stacks.Propose(ctx, stack)
	if err != nil {
		return fmt.Errorf("propose stack %s in account %s, region %s: %w", stack.Name, at.Account, at.Region, err)
	}
	v.Stacks = append(v.Stacks, StackChange{at.Account, at.Region, stack.Name, p.Changes})
	v.proposed = append(v.proposed, proposed{stack, p, own, r.Function})
	return nil
}

func (s Setup) proposeSource(ctx context.Context, r Request, one Source, v *View) error {
	err := s.trySource(ctx, r, one, v)
	if !fault.Is(err, fault.Refused) {
		return err
	}
	elsewhere, err2 := r.elsewhere(one, err)
	v.Elsewhere = append(v.Elsewhere, elsewhere)
	return err2
}

func (s Setup) trySource(ctx context.Context, r Request, one Source, v *View) error {
	cfg, err := s.Source(ctx, one.At.Account, one.At.Region)
	if err != nil {
		return err
	}
	for _, g := range one.Grants {
		if err := v.grant(ctx, cfg, r, g); err != nil {
			return err
		}
	}
	text, err := r.sourceTemplate(one)
	if err != nil || text == nil {
		return err
	}
	return s.propose(ctx, cfg, r, one.At, prepare.Stack{Name: r.SourceStack(), Template: text, Tags: r.Function.Tags}, false, v)
}

// grant notes how the policy of a repository changes. One that has gone lets
// nobody in.
func (v *View) grant(ctx context.Context, cfg aws.Config, r Request, g policy.Grant) error {
	if g.Service == "kms" {
		if len(g.Statements) > 0 {
			v.Notes = append(v.Notes, "add to the policy of key "+g.Resource+": "+policy.JSON(g.Statements))
		}
		return nil // a key's policy is its owner's
	}
	account, _ := g.Where()
	merge := func(ctx context.Context, dry bool) (prepare.Attachment, error) {
		return prepare.Attach(ctx, cfg, g, account, policy.Ours(Key(r.Function.Name, r.Function.At.Account)), dry)
	}
	out, err := merge(ctx, true)
	if fault.Is(err, fault.NotFound) && len(g.Statements) == 0 {
		return nil
	}
	if fault.Is(err, fault.NotFound) && g.Service == "s3" {
		return fault.Hint(err, "the stop and the bans are read there: correct store in the app file, or --store")
	}
	if fault.Is(err, fault.NotFound) {
		return fault.Hint(err, "the images come from there: correct the job, or push one first")
	}
	if err != nil || len(out.Changes) == 0 {
		return err
	}
	v.Policies = append(v.Policies, out)
	v.apply = append(v.apply, func(ctx context.Context) error {
		_, err := merge(ctx, false)
		return err
	})
	return nil
}

// Drop takes away the change sets of a view that is not applied.
func (s Setup) Drop(ctx context.Context, v View) error {
	for _, one := range v.proposed {
		if err := s.Stacks.Drop(ctx, one.stack, one.proposal); err != nil {
			return err
		}
	}
	return nil
}

// Apply brings the zip, executes what was proposed, the function's own stack
// first, and merges the statements.
func (s Setup) Apply(ctx context.Context, r Request, v View) error {
	for _, own := range []bool{true, false} {
		if !own {
			for _, do := range v.apply {
				if err := do(ctx); err != nil {
					return err
				}
			}
		}
		for _, one := range v.proposed {
			if one.own != own || len(one.proposal.Changes) == 0 {
				continue
			}
			if own {
				var err error
				if one, err = s.bring(ctx, r, one); err != nil {
					return err
				}
			}
			if err := s.Stacks.Execute(ctx, one.stack, one.proposal); err != nil {
				return fmt.Errorf("stack %s in account %s, region %s: %w", one.stack.Name, one.stack.Account, one.stack.Config.Region, err)
			}
		}
	}
	return nil
}
