package app

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"falkirk/internal/aws/policy"
	"falkirk/internal/aws/syncsetup"
	"falkirk/internal/blueprint/syncjob"
	"falkirk/internal/fault"
	"falkirk/internal/imagesync"
	"falkirk/internal/kube"
	"falkirk/internal/regular"
	"falkirk/internal/usecase/setup"
)

// setUpSync makes, shows or removes the schedule that copies images.
func setUpSync(ctx context.Context, r setup.ScheduleRequest) (setup.Schedule, error) {
	w, err := readSync(r)
	if err != nil {
		return setup.Schedule{}, err
	}
	asked, err := w.request(ctx)
	if err != nil {
		return setup.Schedule{}, err
	}
	out := w.about(asked)
	setup := syncsetup.Setup{Own: w.own, Source: w.source, Cluster: w.cluster}
	switch {
	case r.Print:
		return manifests(out, asked)
	case r.Into != "":
		return base(ctx, out, asked, r.Into)
	case r.OnlySource:
		return w.grant(ctx, setup, asked, out)
	case r.PrintPolicies:
		return w.policies(ctx, setup, asked, out)
	case r.Delete:
		return w.remove(ctx, setup, asked, out)
	}
	return w.create(ctx, setup, asked, out)
}

func (w *scheduling) create(ctx context.Context, made syncsetup.Setup, asked syncsetup.Request, out setup.Schedule) (setup.Schedule, error) {
	v, err := made.Look(ctx, asked)
	if err != nil {
		return w.viewed(out, v), err
	}
	out = w.viewed(out, v)
	if len(v.Elsewhere) > 0 {
		return out, w.waiting(v, "nothing was made")
	}
	if v.IsEmpty() || w.asked.DryRun {
		return out, nil
	}
	if err := w.asked.Ask(out); err != nil {
		return out, err
	}
	v, err = made.Apply(ctx, v)
	out = w.viewed(out, v)
	out.Changed = err == nil
	return out, err
}

func (w *scheduling) remove(ctx context.Context, made syncsetup.Setup, asked syncsetup.Request, out setup.Schedule) (setup.Schedule, error) {
	v, err := made.LookRemoval(ctx, asked)
	out = w.viewed(out, v)
	if err != nil || w.asked.DryRun {
		return out, err
	}
	if v.IsEmpty() {
		if len(v.Elsewhere) > 0 {
			return out, w.waiting(v, "nothing else is left")
		}
		return out, nil
	}
	if err := w.asked.Ask(out); err != nil {
		return out, err
	}
	v, err = made.Remove(ctx, asked, v)
	out = w.viewed(out, v)
	out.Changed = err == nil || fault.Is(err, fault.Pending)
	if fault.Is(err, fault.Pending) {
		err = w.waiting(v, "all else was removed")
	}
	return out, err
}

func (w *scheduling) grant(ctx context.Context, made syncsetup.Setup, asked syncsetup.Request, out setup.Schedule) (setup.Schedule, error) {
	v, err := made.LookGrant(ctx, asked, w.asked.Readers, w.asked.Delete)
	out = w.viewed(out, v)
	if err != nil || v.IsEmpty() || w.asked.DryRun {
		return out, err
	}
	if err := w.asked.Ask(out); err != nil {
		return out, err
	}
	err = made.GrantAll(ctx, v)
	out.Changed = err == nil
	return out, err
}

// waiting says that somebody in another account has to do his part.
func (w *scheduling) waiting(v syncsetup.View, stands string) error {
	one := v.Elsewhere[0]
	err := fault.New(fault.Pending, "account %s, where the images come from, is out of reach of these credentials: its part is not done; %s", one.Account, stands)
	return fault.Hint(err, "have it done there (see above), then repeat with --skip-source; or give --source-profile or --source-as")
}

// policies prints what both accounts must say, with the ARNs of who copies.
func (w *scheduling) policies(ctx context.Context, made syncsetup.Setup, asked syncsetup.Request, out setup.Schedule) (setup.Schedule, error) {
	roles, err := made.Roles(ctx, asked)
	switch {
	case err != nil && (ctx.Err() != nil || fault.Is(err, fault.NotFound)):
		return out, err
	case err != nil:
		role := "arn:" + policy.Partition(asked.Region) + ":iam::" + asked.Account + ":role/" + unknownRole
		roles = []string{role}
		out.Notes = append(out.Notes, "AWS cannot be asked for the roles of the nodes: replace "+role+", or name them with --node-role ("+err.Error()+")")
	case asked.Account == unknownAccount:
		out.Notes = append(out.Notes, "AWS cannot be asked for the account of the cluster: replace "+unknownAccount)
	}
	for _, role := range roles {
		out.Documents = append(out.Documents, setup.ScheduleDocument{
			For: "policy " + asked.PolicyName() + " in role " + role, Policy: policy.JSON(policy.New(asked.RoleNeeds()...)),
		})
	}
	for _, g := range asked.Grants(roles) {
		out.Documents = append(out.Documents, setup.ScheduleDocument{
			For: "policy of " + g.Resource, Policy: policy.JSON(policy.New(g.Statements...)),
		})
	}
	return out, nil
}

func manifests(out setup.Schedule, asked syncsetup.Request) (setup.Schedule, error) {
	if err := asked.Check(); err != nil {
		return out, err
	}
	raw, err := syncjob.Stream(asked.Spec.Objects())
	out.Manifests = string(raw)
	return out, err
}

// base writes the manifests as a base for kustomize. Files that are there are
// written over only where they are of an earlier time.
func base(ctx context.Context, out setup.Schedule, asked syncsetup.Request, folder string) (setup.Schedule, error) {
	if err := asked.Check(); err != nil {
		return out, err
	}
	files, err := syncjob.Kustomize(asked.Spec.Objects())
	if err != nil {
		return out, err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // for everybody who reads the repository
		return out, fault.New(fault.Invalid, "make the folder %s: %w", folder, err)
	}
	for _, f := range files {
		path := filepath.Join(folder, f.Name)
		if now, err := regular.Read(path, path, imagesync.MostKeys); err != nil && !errors.Is(err, fs.ErrNotExist) || err == nil && !isOurs(now) {
			err := fault.New(fault.Conflict, "%s is there, and not of falkirk create ecr-sync", path)
			return out, fault.Hint(err, "take a folder of its own")
		}
	}
	for _, f := range files {
		path := filepath.Join(folder, f.Name)
		if err := os.WriteFile(path, f.Text, 0o644); err != nil { //nolint:gosec // likewise
			return out, fault.New(fault.Invalid, "write %s: %w", path, err)
		}
		fault.Wrote(ctx)
		out.Files = append(out.Files, path)
	}
	return out, nil
}

// isOurs reports whether a file of a base was written by Falkirk.
func isOurs(text []byte) bool { return strings.Contains(string(text), "falkirk create ecr-sync") }

// about is what the result says of the schedule itself.
func (w *scheduling) about(asked syncsetup.Request) setup.Schedule {
	out := setup.Schedule{
		App: asked.Spec.App, Name: asked.Spec.Name, Namespace: asked.Spec.Namespace, Cluster: asked.Spec.Cluster, Schedule: asked.Spec.Schedule,
		Source: asked.Job.Source, Destination: asked.Job.Destination, Identity: string(asked.Identity),
		Policies: []setup.PreparedPolicy{}, Objects: []setup.ScheduleObject{}, Notes: w.notes(nil),
	}
	if !w.asked.Delete && !w.asked.OnlySource {
		out.Decisions = w.store.String()
	}
	return out
}

// notes are those of the setup, after what holds the pod back or does not.
func (w *scheduling) notes(more []string) []string {
	if w.asked.Delete || w.asked.OnlySource {
		return more
	}
	return append(slices.Clone(w.store.Notes(w.account, w.asked.SkipSource)), more...)
}

func (w *scheduling) viewed(out setup.Schedule, v syncsetup.View) setup.Schedule {
	out.Roles, out.Repositories, out.PodIdentity, out.Notes = v.Roles, v.Repositories, v.Identity, w.notes(v.Notes)
	if v.Cluster != "" {
		out.Cluster = v.Cluster
	}
	out.Policies, out.Objects, out.Elsewhere = []setup.PreparedPolicy{}, objects(v.Objects), nil
	for _, p := range v.Policies {
		one := setup.PreparedPolicy{Resource: p.Resource}
		for _, c := range p.Changes {
			one.Statements = append(one.Statements, setup.PreparedStatement(c))
		}
		out.Policies = append(out.Policies, one)
	}
	for _, e := range v.Elsewhere {
		out.Elsewhere = append(out.Elsewhere, setup.ScheduleElsewhere{
			Account: e.Account, Region: e.Region, Repository: e.Repository, Bucket: e.Bucket, Policy: e.Policy, Why: e.Why, Command: w.there(v.Roles),
		})
	}
	return out
}

func objects(changes []kube.Change) []setup.ScheduleObject {
	out := []setup.ScheduleObject{}
	for _, c := range changes {
		one := setup.ScheduleObject{Sign: c.Sign, Kind: c.Kind, Name: c.Name}
		for _, f := range c.Fields {
			one.Fields = append(one.Fields, setup.ScheduleField(f))
		}
		out = append(out, one)
	}
	return out
}

// there is the command for who works in the account that images come from.
func (w *scheduling) there(roles []string) string {
	verb := "create"
	if w.asked.Delete {
		verb = "delete"
	}
	words := []string{"falkirk", verb, "ecr-sync"}
	if w.asked.Job != "" {
		words = append(words, w.asked.Job)
	}
	for _, one := range [][2]string{
		{"--values", w.asked.Values}, {"--cluster", w.asked.Cluster}, {"--namespace", w.asked.Namespace}, {"--region", w.asked.Region}, {"--name", w.asked.Name},
		{"--store", w.asked.Store.URL}, {"--app", w.asked.Store.App},
	} {
		if one[1] != "" {
			words = append(words, one[0], one[1])
		}
	}
	words = append(words, "--only-source")
	for _, role := range roles {
		words = append(words, "--reader", role)
	}
	if len(roles) == 0 {
		words = append(words, "--reader", "arn:"+policy.Partition(w.values.Region)+":iam::"+w.account+":root")
	}
	return strings.Join(append(words, "--yes"), " ")
}
