package app

import (
	"context"
	"sync"

	"falkirk/internal/aws/account"
	"falkirk/internal/aws/ecr"
	"falkirk/internal/config"
	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/oci/registry"
	"falkirk/internal/pack"
	"falkirk/internal/pack/image"
	"falkirk/internal/release"
	imagetarget "falkirk/internal/target/image"
)

func imageRules(landings []delivery.Landing) []config.LandingProblem {
	var out []config.LandingProblem
	for _, p := range imagetarget.PlaceProblems(landings) {
		out = append(out, config.LandingProblem(p))
	}
	return out
}

func openImage(m means) (engine.Target, error) {
	return imagetarget.New(imagetarget.Options{
		Accounts: m.accounts, Store: m.store,
		Landings: func() []delivery.Landing { return allLandings(m.app) },
		Builds: func(component string) (string, bool, error) {
			reference, plain := builds(m.app, component)
			return reference, plain, componentUnset(m.app, component)
		},
		ID: func(name string) string {
			a, _ := m.app.Account(name)
			return a.ID
		},
	}), nil
}

func allLandings(a delivery.App) []delivery.Landing {
	var all []delivery.Landing
	for _, env := range a.Environments {
		all = append(all, env.Landings...)
	}
	return all
}

// builds is where pack pushes the image of a component to; "" if nowhere.
func builds(a delivery.App, component string) (reference string, plain bool) {
	for _, c := range a.Components {
		if c.Name == component && c.Kind == image.Kind {
			return image.Builds(c.Settings)
		}
	}
	return "", false
}

// componentUnset fails where the block of a component has no settings: where it
// is pushed to is not known then.
func componentUnset(a delivery.App, component string) error {
	for _, c := range a.Components {
		if c.Name == component {
			return c.Unusable.Err("component " + c.Name)
		}
	}
	return nil
}

// pusher pushes packed images to the builds registries that the app file names.
func pusher(a delivery.App, store *release.Store, accounts *account.Pool) pack.Publish {
	return func(ctx context.Context, c delivery.Component, r delivery.Release) error {
		return image.Push(ctx, store, c, r, func(host string) registry.Login { return login(a, accounts, host) })
	}
}

// login is that of docker's configuration, and for ECR that of the account.
func login(a delivery.App, accounts *account.Pool, host string) registry.Login {
	id, region, ok := ecr.Registry(host)
	if !ok {
		return registry.Keychain(host)
	}
	name := ""
	for _, known := range a.Accounts {
		if known.ID == id {
			name = known.Name
		}
	}
	var mu sync.Mutex
	var client *ecr.Client // keeps the token
	return func(ctx context.Context, again bool) (user, password string, err error) {
		mu.Lock()
		defer mu.Unlock()
		if client == nil {
			cfg, err := accounts.Config(ctx, name, region)
			if err != nil {
				return "", "", err
			}
			client = ecr.New(cfg, name, host)
		}
		return client.Login(ctx, again)
	}
}
