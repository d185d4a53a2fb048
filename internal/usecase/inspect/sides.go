package inspect

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/diff"
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
)

// sides finds what the words of a comparison mean.
type sides struct {
	app     *usecase.App
	observe bool
}

// holding is one side, and what it holds: more than one content when places are
// on different releases.
type holding struct {
	diff.Side
	stands   []stand
	upstream bool // it is there for its release only
}

// stand is a content and the places that hold it; none when all do.
type stand struct {
	diff.Content
	label  string
	places []delivery.Place
}

func (s stand) end() diff.End { return diff.End{Version: s.label, Places: s.places} }

// both puts the sides into the order in which they are compared: what is live
// somewhere becomes a release, never the other way round.
func (s sides) both(ctx context.Context, a, b string) (from, to holding, err error) {
	if from, err = s.find(ctx, a); err != nil {
		return from, to, err
	}
	if b == "" {
		to, err = s.before(ctx, from)
		return from, to, err
	}
	if to, err = s.find(ctx, b); err != nil {
		return from, to, err
	}
	if s.observe && from.Environment == "" && to.Environment == "" {
		return from, to, fault.Hint(fault.New(fault.Invalid, "only what is live in an environment can be observed"), "name an environment, or leave --observe out")
	}
	if from.Environment == "" && to.Environment != "" {
		from, to = to, from
	}
	return from, to, nil
}

// before is what is live in the one environment before.
func (s sides) before(ctx context.Context, of holding) (holding, error) {
	if of.Environment == "" {
		return holding{}, fault.Hint(fault.New(fault.Invalid, "%s is a release: what is it to be compared with?", of.Name), "falkirk diff %s ENVIRONMENT, or another release", of.Name)
	}
	env, err := s.app.Engine.App.Environment(of.Environment)
	if err != nil {
		return holding{}, err
	}
	switch len(env.After) {
	case 1:
		h, err := s.environment(ctx, env.After[0], env.After[0])
		h.upstream = true
		return h, err
	case 0:
		return holding{}, fault.Hint(fault.New(fault.Invalid, "no environment comes before %s: what is it to be compared with?", env.Name), "falkirk diff VERSION %s", env.Name)
	}
	return holding{}, fault.Hint(fault.New(fault.Invalid, "several environments come before %s: %s", env.Name, strings.Join(env.After, ", ")), "falkirk diff %s %s", env.Name, env.After[0])
}

func (s sides) find(ctx context.Context, word string) (holding, error) {
	if name, ok := strings.CutPrefix(word, "environment:"); ok {
		return s.environment(ctx, word, name)
	}
	if version, ok := strings.CutPrefix(word, "release:"); ok {
		return s.release(ctx, word, version)
	}
	app := s.app.Engine.App
	isEnvironment := slices.ContainsFunc(app.Environments, func(e delivery.Environment) bool { return e.Name == word })
	h, err := s.release(ctx, word, word)
	switch {
	case isEnvironment && err == nil:
		return h, fault.Hint(fault.New(fault.Invalid, "%q is a release and an environment", word), "write release:%s or environment:%s", word, word)
	case isEnvironment && (fault.Is(err, fault.NotFound) || fault.Is(err, fault.Invalid)):
		return s.environment(ctx, word, word)
	case fault.Is(err, fault.NotFound), fault.Is(err, fault.Invalid):
		var names []string
		for _, e := range app.Environments {
			names = append(names, e.Name)
		}
		unknown := fault.New(fault.NotFound, "%w", delivery.UnknownEnvironment{Name: word, Text: fmt.Sprintf("%q is neither a release nor an environment of %s", word, app.Name)})
		hint := fault.HintOf(err)
		if all, listErr := s.app.Releases.List(ctx, app.Name); listErr == nil && len(all) == 0 {
			hint = "no release is packed yet, falkirk pack makes one"
		}
		return h, fault.Hint(unknown, "%s; the environments are %s", hint, strings.Join(names, ", "))
	}
	return h, err
}

func (s sides) release(ctx context.Context, word, version string) (holding, error) {
	rel, err := s.app.Releases.Get(ctx, s.app.Engine.App.Name, version)
	if err != nil {
		return holding{}, err
	}
	return holding{Side: diff.Side{Name: word, Version: version}, stands: []stand{whole(rel)}}, nil
}

func whole(rel delivery.Release) stand {
	st := stand{Content: diff.Content{Version: rel.Version, Source: rel.Source}, label: rel.Version}
	for _, a := range rel.Artifacts {
		st.Parts = append(st.Parts, diff.Part{Artifact: a, Version: rel.Version})
	}
	return st
}

func (s sides) environment(ctx context.Context, word, name string) (holding, error) {
	env, err := s.app.Engine.App.Environment(name)
	if err != nil {
		return holding{}, err
	}
	h := holding{Side: diff.Side{Name: word, Environment: name, Observed: s.observe}}
	if s.observe {
		return s.observed(ctx, h)
	}
	rec, err := s.app.Engine.Ledger(env.Name).Read(ctx, delivery.Record{})
	if err != nil {
		return h, err
	}
	if rec.Way != nil {
		h.Note = fmt.Sprintf("a promotion in %s has not come to its end; --observe asks the places what is live", name)
	}
	if h.Version = rec.Live(); h.Version == "" {
		h.stands = []stand{{}}
		return h, nil
	}
	rel, err := s.app.Releases.Get(ctx, s.app.Engine.App.Name, h.Version)
	if err != nil {
		return h, fmt.Errorf("read what is live in %s: %w", name, err)
	}
	h.stands = []stand{whole(rel)}
	return h, nil
}

// observed asks every place, and puts those together that hold the same.
func (s sides) observed(ctx context.Context, h holding) (holding, error) {
	all, err := s.app.Engine.Status(ctx, h.Environment)
	if err != nil {
		return h, err
	}
	got := gathered{app: s.app, known: map[string]delivery.Release{}}
	for _, c := range all[0].Components {
		if err := got.add(ctx, c.Place, c.Component, c.Live); err != nil {
			return h, fmt.Errorf("read what is live of %s in %s: %w", c.Component, c.Place, err)
		}
	}
	h.stands = got.merged()
	if len(h.stands) == 1 {
		h.Version = h.stands[0].Version
		h.stands[0].places = nil
	}
	if h.Version == "" && h.stands[0].label != "" {
		h.Note = "not all of " + h.Environment + " is on one release"
	}
	return h, nil
}

// gathered is what the places of an environment hold, in their order.
type gathered struct {
	app   *usecase.App
	known map[string]delivery.Release
	list  []stand
}

func (g *gathered) add(ctx context.Context, place delivery.Place, component, version string) error {
	i := slices.IndexFunc(g.list, func(s stand) bool { return s.places[0] == place })
	if i < 0 {
		i = len(g.list)
		g.list = append(g.list, stand{places: []delivery.Place{place}})
	}
	if version == "" {
		return nil
	}
	rel, ok := g.known[version]
	if !ok {
		var err error
		if rel, err = g.app.Releases.Get(ctx, g.app.Engine.App.Name, version); err != nil {
			return err
		}
		g.known[version] = rel
	}
	if a, ok := rel.Artifact(component); ok {
		g.list[i].Parts = append(g.list[i].Parts, diff.Part{Artifact: a, Version: version})
	}
	return nil
}

// merged names what each place holds, and joins places that hold the same.
func (g *gathered) merged() []stand {
	var out []stand
	for _, s := range g.list {
		var versions []string
		for _, p := range s.Parts {
			if !slices.Contains(versions, p.Version) {
				versions = append(versions, p.Version)
			}
		}
		s.label = strings.Join(versions, "+")
		if len(versions) == 1 {
			s.Version, s.Source = versions[0], g.known[versions[0]].Source
		}
		same := func(o stand) bool {
			return slices.EqualFunc(o.Parts, s.Parts, func(a, b diff.Part) bool {
				return a.Component == b.Component && a.Version == b.Version
			})
		}
		if i := slices.IndexFunc(out, same); i >= 0 {
			out[i].places = append(out[i].places, s.places...)
			continue
		}
		out = append(out, s)
	}
	return out
}
