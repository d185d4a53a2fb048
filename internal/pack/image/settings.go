// Package image packs a container image: built from a Dockerfile, made of a
// folder or a binary without any daemon, or taken whole from where it is.
package image

import (
	"fmt"
	"slices"
	"strings"

	"falkirk/internal/fault"
	"falkirk/internal/oci"
	"falkirk/internal/pack/ignore"
)

// Settings is the block of an image component. Exactly one of Dockerfile,
// Folder, Binary, Binaries, Layout and Reference says where the image comes from.
type Settings struct {
	Dockerfile string            `json:"dockerfile,omitempty" yaml:"dockerfile,omitempty" jsonschema:"description=Dockerfile to build; relative to the app file"`
	Context    string            `json:"context,omitempty" yaml:"context,omitempty" jsonschema:"description=folder given to the builder; by default the one of the Dockerfile"`
	Target     string            `json:"target,omitempty" yaml:"target,omitempty" jsonschema:"description=stage of the Dockerfile to build"`
	Args       map[string]string `json:"args,omitempty" yaml:"args,omitempty" jsonschema:"description=build arguments of the Dockerfile"`
	Builder    string            `json:"builder,omitempty" yaml:"builder,omitempty" jsonschema:"description=command that builds; by default the first that works,enum=docker,enum=podman,enum=buildah"`

	Folder       string            `json:"folder,omitempty" yaml:"folder,omitempty" jsonschema:"description=folder to put on the base; relative to the app file"`
	Into         string            `json:"into,omitempty" yaml:"into,omitempty" jsonschema:"description=where the folder goes in the image and the working directory of the process; by default /app"`
	Binary       string            `json:"binary,omitempty" yaml:"binary,omitempty" jsonschema:"description=program to put on the base and to run; relative to the app file"`
	Binaries     map[string]string `json:"binaries,omitempty" yaml:"binaries,omitempty" jsonschema:"description=the program for each platform such as linux/amd64"`
	AllowDynamic bool              `json:"allowDynamic,omitempty" yaml:"allowDynamic,omitempty" jsonschema:"description=take a dynamically linked program although the base is empty"`
	Base         string            `json:"base,omitempty" yaml:"base,omitempty" jsonschema:"description=what the folder or program is put on: scratch (the default) or a path to an OCI layout or an image reference"`
	Ignore       []string          `json:"ignore,omitempty" yaml:"ignore,omitempty" jsonschema:"description=files of the folder to leave out (in the syntax of .gitignore) besides those of .falkirkignore"`

	Entrypoint []string          `json:"entrypoint,omitempty" yaml:"entrypoint,omitempty" jsonschema:"description=program and arguments that the image runs"`
	Cmd        []string          `json:"cmd,omitempty" yaml:"cmd,omitempty" jsonschema:"description=further arguments that are easily replaced"`
	Env        map[string]string `json:"env,omitempty" yaml:"env,omitempty" jsonschema:"description=environment variables that are the same everywhere"`
	WorkingDir string            `json:"workingDir,omitempty" yaml:"workingDir,omitempty" jsonschema:"description=working directory of the process"`
	User       string            `json:"user,omitempty" yaml:"user,omitempty" jsonschema:"description=user (and group) that the process runs as"`
	Ports      []int             `json:"ports,omitempty" yaml:"ports,omitempty" jsonschema:"description=TCP ports that the process listens on"`

	Layout    string `json:"layout,omitempty" yaml:"layout,omitempty" jsonschema:"description=OCI layout (folder or tar archive) that holds the image; relative to the app file"`
	Reference string `json:"reference,omitempty" yaml:"reference,omitempty" jsonschema:"description=image in a registry; taken whole with all its platforms"`

	Push string `json:"push,omitempty" yaml:"push,omitempty" jsonschema:"description=builds registry and repository that the image is pushed to besides; environments copy it from there"`

	Platforms []string `json:"platforms,omitempty" yaml:"platforms,omitempty" jsonschema:"description=platforms to build for such as linux/amd64"`
}

// Check lists what is wrong with the settings themselves.
func (s Settings) Check() []fault.Problem {
	var problems []fault.Problem
	add := func(text, want string, path ...string) {
		problems = append(problems, fault.Problem{Path: path, Text: text, Want: want})
	}
	sources := s.sources()
	if len(sources) != 1 {
		text := "nothing says where the image comes from"
		if len(sources) > 1 {
			text = strings.Join(sources, " and ") + " do not go together"
		}
		add(text, "exactly one of dockerfile, folder, binary, binaries, layout and reference")
		return problems
	}
	for _, key := range s.misplaced(sources[0]) {
		add(fmt.Sprintf("%s does not go with %s", key, sources[0]), "", key)
	}
	if host, name, ok := strings.Cut(s.Push, "/"); s.Push != "" && (!ok || host == "" || name == "" || strings.ContainsAny(name, ":@ ") || name != strings.ToLower(name)) {
		add(fmt.Sprintf("%q names no repository of a registry", s.Push), `"registry/repository", without a tag`, "push")
	}
	if s.Builder != "" && !slices.Contains(builderNames(), s.Builder) {
		add(fmt.Sprintf("%q is not a builder", s.Builder), "docker, podman or buildah", "builder")
	}
	for i, p := range s.Platforms {
		if _, err := oci.Scratch(p); err != nil {
			add(fmt.Sprintf("%q is not a platform", p), "one such as linux/amd64", "platforms", fmt.Sprint(i))
		}
	}
	for p := range s.Binaries {
		if _, err := oci.Scratch(p); err != nil {
			add(fmt.Sprintf("%q is not a platform", p), "one such as linux/amd64", "binaries", p)
		}
	}
	for i, port := range s.Ports {
		if port < 1 || port > 65535 {
			add(fmt.Sprintf("%d is not a port", port), "a number from 1 to 65535", "ports", fmt.Sprint(i))
		}
	}
	for i, p := range s.Ignore {
		if new(ignore.List).Add("ignore", p) != nil {
			add(fmt.Sprintf("%q is not a pattern", p), "a pattern in the syntax of .gitignore", "ignore", fmt.Sprint(i))
		}
	}
	return problems
}

// sources lists the keys given that say where the image comes from.
func (s Settings) sources() []string {
	return given([]key{
		{"dockerfile", s.Dockerfile != ""},
		{"folder", s.Folder != ""},
		{"binary", s.Binary != ""},
		{"binaries", len(s.Binaries) > 0},
		{"layout", s.Layout != ""},
		{"reference", s.Reference != ""},
	})
}

// misplaced lists the keys given that mean nothing with a source.
func (s Settings) misplaced(source string) []string {
	build := []key{
		{"context", s.Context != ""}, {"target", s.Target != ""}, {"args", len(s.Args) > 0}, {"builder", s.Builder != ""},
	}
	folder := []key{{"into", s.Into != ""}, {"ignore", len(s.Ignore) > 0}}
	program := []key{{"allowDynamic", s.AllowDynamic}}
	made := []key{
		{"base", s.Base != ""},
		{"entrypoint", len(s.Entrypoint) > 0},
		{"cmd", len(s.Cmd) > 0},
		{"env", len(s.Env) > 0},
		{"workingDir", s.WorkingDir != ""},
		{"user", s.User != ""},
		{"ports", len(s.Ports) > 0},
	}
	platforms := []key{{"platforms", len(s.Platforms) > 0}}
	switch source {
	case "dockerfile":
		return given(folder, program, made)
	case "folder":
		return given(build, program)
	case "binary":
		return given(build, folder, platforms)
	case "binaries":
		return given(build, folder, platforms)
	}
	return given(build, folder, program, made, platforms)
}

type key struct {
	name string
	set  bool
}

func given(groups ...[]key) []string {
	var names []string
	for _, group := range groups {
		for _, k := range group {
			if k.set {
				names = append(names, k.name)
			}
		}
	}
	return names
}
