package config

import (
	"encoding/json"
	"fmt"
	"slices"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Stand-ins for the real kinds, with every form of setting that they use.

type siteSettings struct {
	Path   string   `json:"path" jsonschema:"required,minLength=1,description=folder of the site"`
	Ignore []string `json:"ignore,omitempty" jsonschema:"description=patterns of files that stay out"`
}

type imageSettings struct {
	Dockerfile string   `json:"dockerfile,omitempty" jsonschema:"description=Dockerfile to build"`
	Binary     string   `json:"binary,omitempty" jsonschema:"description=static binary"`
	EntryPoint []string `json:"entrypoint,omitempty" jsonschema:"description=command to start"`
}

func (s *imageSettings) Check() []fault.Problem {
	if s.Dockerfile == "" && s.Binary == "" {
		return []fault.Problem{{Text: "an image comes from something", Want: "one of dockerfile, binary"}}
	}
	return nil
}

type localSettings struct {
	Port   int               `json:"port,omitempty" jsonschema:"minimum=1,maximum=65535,description=port of the place"`
	Path   string            `json:"path" jsonschema:"pattern=^/.*$,description=path below which it answers,default=/"`
	Health string            `json:"health,omitempty" jsonschema:"description=path that says ready"`
	Env    map[string]string `json:"env,omitempty" jsonschema:"description=environment variables"`
	Args   []string          `json:"args,omitempty" jsonschema:"description=arguments"`
	Debug  bool              `json:"debug,omitempty" jsonschema:"description=say more"`
	Drain  delivery.Duration `json:"drain" jsonschema:"description=how long requests may take to finish"`
	Limits *limits           `json:"limits,omitempty" jsonschema:"description=bounds"`
}

type limits struct {
	Memory string  `json:"memory" jsonschema:"required,description=as 64MiB"`
	CPU    float64 `json:"cpu,omitempty" jsonschema:"minimum=0,description=share of a CPU"`
}

func (s *localSettings) Check() []fault.Problem {
	if slices.Contains(s.Args, "--forbidden") {
		return []fault.Problem{{Path: []string{"args", fmt.Sprint(slices.Index(s.Args, "--forbidden"))}, Text: `"--forbidden" is forbidden`, Want: "another"}}
	}
	return nil
}

func (s *localSettings) Warnings() []fault.Problem {
	if i := slices.Index(s.Args, "--risky"); i >= 0 {
		return []fault.Problem{{Path: []string{"args", fmt.Sprint(i)}, Text: `"--risky" may be a mistake`, Want: "another"}}
	}
	return nil
}

type ecsSettings struct {
	Cluster string `json:"cluster" jsonschema:"required,description=name of the cluster"`
}

type httpSettings struct {
	Component string   `json:"component" jsonschema:"required,description=which component to ask"`
	Path      string   `json:"path" jsonschema:"description=path to ask for"`
	Status    []int    `json:"status,omitempty" jsonschema:"description=answers that are good"`
	Mode      string   `json:"mode,omitempty" jsonschema:"enum=strict,enum=loose,description=how to look"`
	Headers   []header `json:"headers,omitempty" jsonschema:"description=to send along"`
}

type header struct {
	Name  string `json:"name" jsonschema:"required,description=name"`
	Value string `json:"value" jsonschema:"description=value"`
}

type commandSettings struct {
	Run     []string          `json:"run" jsonschema:"required,minItems=1,description=program and arguments"`
	Timeout delivery.Duration `json:"timeout" jsonschema:"description=how long it may take"`
}

type askSettings struct {
	Group string `json:"group" jsonschema:"required,description=of people"`
}

// knownGroup refuses a group that is not there.
func knownGroup(raw json.RawMessage, groups map[string][]string) []fault.Problem {
	var s askSettings
	if err := json.Unmarshal(raw, &s); err != nil {
		return []fault.Problem{{Text: err.Error()}}
	}
	if _, ok := groups[s.Group]; !ok {
		return []fault.Problem{{Path: []string{"group"}, Text: fmt.Sprintf("no group %q", s.Group), Want: "a group under groups"}}
	}
	return nil
}

func testKinds() Kinds {
	return Kinds{
		Components: []Kind{
			{Name: "site", Doc: "A folder of files.", New: func() any { return &siteSettings{} }},
			{Name: "image", Doc: "An OCI image.", New: func() any { return &imageSettings{} }},
		},
		Targets: []Kind{
			{
				Name: "local", Doc: "This machine.", Place: onePath,
				New: func() any { return &localSettings{Path: "/", Drain: delivery.Duration(30e9)} },
			},
			{Name: "ecs", Doc: "An ECS cluster.", New: func() any { return &ecsSettings{} }},
		},
		Gates: []Kind{
			{Name: "http", Doc: "Asks over HTTP.", New: func() any { return &httpSettings{Path: "/", Status: []int{200}} }},
			{Name: "ask", Doc: "Asks people.", New: func() any { return &askSettings{} }, Groups: knownGroup},
			{Name: "command", Doc: "Runs a command.", New: func() any { return &commandSettings{Timeout: delivery.Duration(60e9)} }},
		},
		Hooks: []Kind{
			{Name: "command", Doc: "Runs a command.", New: func() any { return &commandSettings{Timeout: delivery.Duration(60e9)} }},
		},
	}
}

// onePath refuses two components on one path of a place.
func onePath(all []delivery.Landing) []LandingProblem {
	seen := map[string]string{}
	var problems []LandingProblem
	for i, l := range all {
		path := between(string(l.Settings), `"path":"`, `"`)
		key := l.Place.String() + " " + path
		if other, dup := seen[key]; dup {
			problems = append(problems, LandingProblem{i, fault.Problem{Path: []string{"path"}, Text: path + " is taken by " + other, Want: "a path of its own"}})
		}
		seen[key] = l.Component
	}
	return problems
}
