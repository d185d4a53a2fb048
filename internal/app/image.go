package app

import (
	"falkirk/internal/config"
	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/pack/image"
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
		Builds: func(component string) (string, bool) { return builds(m.app, component) },
	}), nil
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
