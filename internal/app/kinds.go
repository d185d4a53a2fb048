package app

import (
	"context"
	"encoding/json"
	"os"
	"time"

	"falkirk/internal/aws/account"
	"falkirk/internal/config"
	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
	"falkirk/internal/gate/approval"
	"falkirk/internal/gate/command"
	httpgate "falkirk/internal/gate/http"
	"falkirk/internal/oci"
	"falkirk/internal/pack"
	"falkirk/internal/pack/bundle"
	"falkirk/internal/pack/image"
	"falkirk/internal/pack/site"
	"falkirk/internal/pack/stack"
	"falkirk/internal/release"
	imagetarget "falkirk/internal/target/image"
	"falkirk/internal/target/local"
	sitetarget "falkirk/internal/target/site"
	stacktarget "falkirk/internal/target/stack"
)

// askedComponent is the component that an http gate asks.
func askedComponent(raw json.RawMessage) (string, []string) {
	var s httpgate.Settings
	if json.Unmarshal(raw, &s) != nil {
		return "", nil // told where the block is checked
	}
	return s.Component, []string{"component"}
}

// kindLocal is the target that is this machine.
const kindLocal = "local"

// component is a kind of component: its block, and what packs it.
type component struct {
	config.Kind
	pack pack.New
}

// means is what targets work with.
type means struct {
	app      delivery.App
	store    *release.Store
	accounts *account.Pool
}

// target is a kind of target: its block, and what makes releases live on it.
type target struct {
	config.Kind
	open func(means) (engine.Target, error)
}

// gate is a kind of gate: its block, and what answers for it.
type gate struct {
	config.Kind
	open func(a delivery.App, redact func(string) string) engine.Gate
	hook bool // what it asks can be done as a hook, too
}

func components() []component {
	return []component{
		{config.Kind{Name: "site", Doc: "A folder of files for the web.", New: func() any { return &site.Settings{} }}, site.New},
		{config.Kind{Name: "image", Doc: "An OCI image.", New: func() any { return &image.Settings{} }}, image.New},
		{config.Kind{Name: bundle.Kind, Doc: "A folder as one zip archive; it is kept with the release and lands nowhere by itself.", Parcel: true, New: func() any { return &bundle.Settings{} }}, bundle.New},
		{config.Kind{Name: stack.Kind, Doc: "A CloudFormation template, with the local files that it names.", New: func() any { return &stack.Settings{} }}, stack.New},
	}
}

func targets() []target {
	return []target{
		{config.Kind{Name: kindLocal, Doc: "Processes and files on this machine, behind a proxy.", New: func() any { s := local.Defaults(); return &s }, Place: localRules, Fills: fillsOutputs}, openLocal},
		{config.Kind{Name: imagetarget.Kind, Doc: "A repository of Amazon ECR or of any other OCI registry.", New: func() any { s := imagetarget.Defaults(); return &s }, Place: imageRules, Fills: fillsOutputs, Names: imagetarget.Names()}, openImage},
		{config.Kind{Name: sitetarget.Kind, Doc: "A bucket of S3, behind CloudFront where there is one.", New: func() any { s := sitetarget.Defaults(); return &s }, Place: siteRules, Fills: fillsOutputs, Names: sitetarget.Names()}, openSite},
		{config.Kind{Name: stacktarget.Kind, Doc: "A stack of CloudFormation.", New: func() any { s := stacktarget.Defaults(); return &s }, Place: stackRules, Gives: stacktarget.Gives, Fills: stacktarget.Fills, Names: stacktarget.Names()}, openStack},
	}
}

func gates() []gate {
	return []gate{
		{
			config.Kind{Name: "command", Doc: "A command whose exit status is the answer.", New: func() any { return &command.Settings{} }},
			func(a delivery.App, redact func(string) string) engine.Gate {
				return command.New(a.Root, os.Environ(), guardCommand(), redact)
			},
			true,
		},
		{
			config.Kind{Name: "http", Doc: "An HTTP request and what its answer must be.", New: func() any { return &httpgate.Settings{} }, Component: askedComponent},
			func(delivery.App, func(string) string) engine.Gate { return httpgate.New(nil) },
			true,
		},
		{
			config.Kind{
				Name: kindApproval, Doc: "People who approve exactly the plan that waits.",
				New: func() any { s := approval.Defaults(); return &s }, Groups: approvalGroups,
				Forward: true,
			},
			func(a delivery.App, _ func(string) string) engine.Gate {
				return approval.New(a.Root, a.Groups, time.Now)
			},
			false, // it does no work
		},
	}
}

// fillsOutputs is for targets whose settings are completed by outputs.
func fillsOutputs(kind string, _ []string) bool { return kind == "stack" }

func localRules(landings []delivery.Landing) []config.LandingProblem {
	var out []config.LandingProblem
	for _, p := range local.PlaceProblems(landings) {
		out = append(out, config.LandingProblem(p))
	}
	return out
}

func siteRules(landings []delivery.Landing) []config.LandingProblem {
	var out []config.LandingProblem
	for _, p := range sitetarget.PlaceProblems(landings) {
		out = append(out, config.LandingProblem(p))
	}
	return out
}

func openSite(m means) (engine.Target, error) {
	return sitetarget.New(sitetarget.Options{Store: m.store, Accounts: m.accounts}), nil
}

func approvalGroups(settings json.RawMessage, groups map[string][]string) []fault.Problem {
	s := approval.Defaults()
	if err := json.Unmarshal(settings, &s); err != nil {
		return []fault.Problem{{Text: err.Error()}}
	}
	return s.CheckGroups(groups)
}

func openLocal(m means) (engine.Target, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return local.New(local.Options{
		Dir:   stateDir(m.app),
		App:   m.app.Root,
		Store: m.store,
		Self:  []string{self, hiddenLocal},
		Unpack: func(ctx context.Context, digest, platform, dir string) (local.Image, error) {
			c, err := oci.Unpack(ctx, m.store, digest, platform, dir)
			return local.Image{
				Digest: digest, Entrypoint: c.Entrypoint, Cmd: c.Cmd, Env: c.Env,
				Dir: c.WorkingDir, User: c.User,
			}, err
		},
	}), nil
}

func stackRules(landings []delivery.Landing) []config.LandingProblem {
	var out []config.LandingProblem
	for _, p := range stacktarget.PlaceProblems(landings) {
		out = append(out, config.LandingProblem(p))
	}
	return out
}

func openStack(m means) (engine.Target, error) {
	return stacktarget.New(stacktarget.Options{Store: m.store, Accounts: m.accounts}), nil
}
