package stack

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"falkirk/internal/aws/cfn"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// reference is what may stand in a parameter's value.
var reference = regexp.MustCompile(`\$\{(release|artifact|stack)\.([^{}]+)\}`)

// parameters are those of the settings with everything filled in, by name.
func (s spot) parameters(ctx context.Context) ([]cfn.Parameter, error) {
	var all []cfn.Parameter
	for _, key := range sorted(s.set.Parameters) {
		w, err := s.filled(ctx, key)
		if err != nil {
			return nil, &unfilled{key, err}
		}
		value := w.Value()
		if w == nil {
			if value, err = s.fill(ctx, s.set.Parameters[key]); err != nil {
				return nil, &unfilled{key, err}
			}
		}
		all = append(all, cfn.Parameter{Key: key, Value: value})
	}
	return all, nil
}

// unfilled says which parameter has no value.
type unfilled struct {
	parameter string
	err       error
}

func (e *unfilled) Error() string { return fmt.Sprintf("parameter %s: %v", e.parameter, e.err) }
func (e *unfilled) Unwrap() error { return e.err }

// parameterPath begins the paths of parameters in the settings.
const parameterPath = "parameters."

// filled is a parameter that variables of the environment or $${ went into, with
// everything else filled in; nil for another. What a variable holds is taken as it is.
func (s spot) filled(ctx context.Context, key string) (delivery.Written, error) {
	w := slices.Clone(s.Written[parameterPath+key])
	for i, p := range w {
		if !p.IsFixed() {
			var err error
			if w[i].Text, err = s.fill(ctx, p.Text); err != nil {
				return nil, err
			}
		}
	}
	return w, nil
}

// references are those that are filled in in a parameter: the kind and the path of each.
func (s spot) references(key string) [][]string {
	w, ok := s.Written[parameterPath+key]
	if !ok {
		w = delivery.Written{{Text: s.set.Parameters[key]}}
	}
	var all [][]string
	for _, p := range w {
		if !p.IsFixed() {
			all = append(all, reference.FindAllStringSubmatch(p.Text, -1)...)
		}
	}
	return all
}

func (s spot) fill(ctx context.Context, text string) (string, error) {
	var failed error
	out := reference.ReplaceAllStringFunc(text, func(ref string) string {
		m := reference.FindStringSubmatch(ref)
		value, err := s.lookUp(ctx, m[1], m[2])
		if err != nil && failed == nil {
			failed = fmt.Errorf("%s: %w", ref, err)
		}
		return value
	})
	return out, failed
}

func (s spot) lookUp(ctx context.Context, kind, path string) (string, error) {
	switch kind {
	case "release":
		if path == "version" {
			return s.Version, nil
		}
	case "artifact":
		component, what, _ := strings.Cut(path, ".")
		a, ok := s.Release.Artifact(component)
		if !ok {
			return "", fault.New(fault.Invalid, "release %s has no component %q", s.Version, component)
		}
		switch what {
		case "digest":
			return a.Digest, nil
		case "hex":
			return strings.TrimPrefix(a.Digest, "sha256:"), nil
		}
	case "stack":
		name, output, _ := strings.Cut(path, ".")
		other, err := s.Describe(ctx, name)
		if fault.Is(err, fault.NotFound) {
			err = fault.New(fault.NotFound, "%w", notMade{stack: name, place: s.Place})
			return "", fault.Hint(err, "NAME in ${stack.NAME.OUTPUT} is a component of this app or the name of a stack; falkirk config check")
		}
		if err != nil {
			return "", err
		}
		return other.Output(output)
	}
	return "", fault.New(fault.Invalid, "it is not known; there are release.version, artifact.COMPONENT.digest, artifact.COMPONENT.hex and stack.NAME.OUTPUT")
}

// notMade says that a value comes from a stack that is not there.
type notMade struct {
	stack string
	place delivery.Place
}

func (e notMade) Error() string {
	return fmt.Sprintf("stack %s is not made yet in %s", e.stack, e.place)
}

func sorted(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

const setPrefix = "falkirk-"

var notInSetName = regexp.MustCompile(`[^A-Za-z0-9]+`)

// setName is the name of the change set for what is asked for: the same request
// has the same name, so that a repeat finds it, and another one does not.
func (s spot) setName(asked mark) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %s", s.Version, asked, s.set.OnFailure))
	version := notInSetName.ReplaceAllString(s.Version, "-")
	return setPrefix + version[:min(len(version), 60)] + "-" + hex.EncodeToString(sum[:8])
}

// versionOf is the release of a change set of ours, which is in its description.
func versionOf(set cfn.ChangeSet) (string, bool) {
	v, ok := strings.CutPrefix(set.Description, setDescription)
	return v, ok && strings.HasPrefix(set.Name, setPrefix)
}

const setDescription = "falkirk release "
