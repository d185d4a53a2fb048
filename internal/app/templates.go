package app

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"falkirk/internal/aws/cfn"
	"falkirk/internal/config"
	"falkirk/internal/delivery"
	packstack "falkirk/internal/pack/stack"
	stacktarget "falkirk/internal/target/stack"
	"falkirk/internal/template"
)

// stackPlace is a component that becomes a stack in one place.
type stackPlace struct {
	delivery.Landing
	set      stacktarget.Settings
	template packstack.Seen
}

// checkTemplates compares the templates of an app, as they are on disk, with the
// settings of their stacks. One that is not there may be built before it is packed.
func checkTemplates(app delivery.App) []config.Finding {
	templates, found := readTemplates(app)
	all := stackPlaces(app, templates)
	for _, s := range all {
		found = append(found, s.problems()...)
		if secrets := s.secrets(); s.set.Bucket == "" && len(secrets) > 0 {
			f := s.finding(fmt.Sprintf("parameter %s is secret (NoEcho), and without a bucket it is not noticed that its value has changed; set bucket of the stack target",
				strings.Join(secrets, ", ")), "parameters", secrets[0])
			f.Warning = true
			found = append(found, f)
		}
		found = append(found, s.unversioned()...)
	}
	return append(found, unknownOutputs(app, all)...)
}

// finding is about a value in the settings of one stack.
func (s stackPlace) finding(text string, path ...string) config.Finding {
	return config.Finding{Landing: &s.Landing, Path: path, Text: fmt.Sprintf("component %q in %s: %s", s.Component, s.Place, text)}
}

// readTemplates reads the templates that are there, by component.
func readTemplates(app delivery.App) (map[string]packstack.Seen, []config.Finding) {
	all := map[string]packstack.Seen{}
	var found []config.Finding
	for _, c := range app.Components {
		var block packstack.Settings
		if c.Kind != packstack.Kind || json.Unmarshal(c.Settings, &block) != nil || block.Template == "" {
			continue // told where the block is checked
		}
		say := func(err error, warning bool, more string) {
			found = append(found, config.Finding{Path: []string{"components", c.Name, c.Kind, "template"}, Warning: warning, Text: fmt.Sprintf("component %q: %v%s", c.Name, err, more)})
		}
		seen, err := packstack.Look(app.Root, filepath.FromSlash(block.Template))
		switch {
		case err == nil:
			all[c.Name] = seen
		case !isMissing(app.Root, block.Template):
			say(err, false, "")
		}
		for _, err := range seen.Wrong {
			say(err, false, "")
		}
		for _, err := range seen.Missing {
			say(err, true, "; make it before falkirk pack, or correct the path")
		}
	}
	return all, found
}

func stackPlaces(app delivery.App, templates map[string]packstack.Seen) []stackPlace {
	var all []stackPlace
	for _, e := range app.Environments {
		for _, l := range e.Landings {
			set := stacktarget.Defaults()
			if l.Target != stacktarget.Kind || json.Unmarshal(l.Settings, &set) != nil {
				continue
			}
			if seen, ok := templates[l.Component]; ok {
				all = append(all, stackPlace{l, set, seen})
			}
		}
	}
	return all
}

// problems are those of one stack by itself.
func (s stackPlace) problems() []config.Finding {
	var all []config.Finding
	add := func(text string, path ...string) { all = append(all, s.finding(text, path...)) }
	if s.set.Bucket == "" && s.template.Size > cfn.Inline {
		add(fmt.Sprintf("the template has %d bytes, CloudFormation takes %d without a bucket; set bucket of the stack target", s.template.Size, cfn.Inline))
	}
	if s.set.Bucket == "" && s.template.Files {
		add("the template names local files, and there is no bucket for them; set bucket of the stack target")
	}
	if !s.template.IsComplete() {
		return all // a macro may add parameters
	}
	declared := s.template.Parameters()
	for _, key := range slices.Sorted(maps.Keys(s.set.Parameters)) {
		if _, ok := declared[key]; !ok {
			add(fmt.Sprintf("the template has no parameter %q; %s", key, has(s.template.Names("Parameters"))), "parameters", key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(declared)) {
		if _, ok := s.set.Parameters[key]; !ok && !declared[key].Optional {
			add(fmt.Sprintf("parameter %q of the template has no value and no default", key), "parameters")
		}
	}
	return all
}

// unversioned warns of the parameters whose values are references that name no
// version, as pack does of those in a template.
func (s stackPlace) unversioned() []config.Finding {
	var all []config.Finding
	for _, key := range slices.Sorted(maps.Keys(s.set.Parameters)) {
		for _, ref := range template.Unversioned(s.set.Parameters[key]) {
			f := s.finding(fmt.Sprintf("parameter %s: %s names no version: CloudFormation does not notice when the value changes", key, ref), "parameters", key)
			f.Warning = true
			all = append(all, f)
		}
	}
	return all
}

func (s stackPlace) secrets() []string {
	declared := s.template.Parameters()
	var all []string
	for key := range s.set.Parameters {
		if declared[key].Secret {
			all = append(all, key)
		}
	}
	slices.Sort(all)
	return all
}

func has(names []string) string {
	if len(names) == 0 {
		return "it has none"
	}
	return "it has " + strings.Join(names, ", ")
}

// unknownOutputs are the references to outputs that a stack of the app does not
// have. A stack of another hand may have any.
func unknownOutputs(app delivery.App, all []stackPlace) []config.Finding {
	var problems []config.Finding
	for _, e := range app.Environments {
		for _, l := range e.Landings {
			for _, m := range outputRef.FindAllSubmatch(l.Settings, -1) {
				name, output := string(m[1]), string(m[2])
				i := slices.IndexFunc(all, func(s stackPlace) bool { return s.Place == l.Place && s.set.Name == name })
				if i < 0 || !all[i].template.IsComplete() || slices.Contains(all[i].template.Names("Outputs"), output) {
					continue
				}
				problems = append(problems, config.Finding{Landing: &l, Value: "." + output + "}", Text: fmt.Sprintf("component %q in %s: %s: stack %s has no output %q; %s",
					l.Component, l.Place, m[0], name, output, has(all[i].template.Names("Outputs")))})
			}
		}
	}
	return problems
}
