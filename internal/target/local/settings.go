// Package local runs releases on this machine: images as processes, sites by
// digest, behind a small proxy for each place. It knows no other target and
// nothing of how releases are packed.
package local

import (
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"time"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Settings is the block of a component that lands on this machine.
type Settings struct {
	Port          int               `json:"port,omitempty" yaml:"port,omitempty" jsonschema:"minimum=0,maximum=65535,description=port of the place on 127.0.0.1; without it a free one is chosen once and kept"`
	Path          string            `json:"path,omitempty" yaml:"path,omitempty" jsonschema:"description=requests whose path begins with this go to the component; the longest wins"`
	Strip         bool              `json:"strip,omitempty" yaml:"strip,omitempty" jsonschema:"description=take the path off before a request is sent to the process"`
	Health        string            `json:"health,omitempty" yaml:"health,omitempty" jsonschema:"description=path that answers below 400 when the process is healthy; without it a connection is enough"`
	HealthTimeout delivery.Duration `json:"healthTimeout" yaml:"healthTimeout" jsonschema:"description=how long a new process may take to become healthy"`
	Env           map[string]string `json:"env,omitempty" yaml:"env,omitempty" jsonschema:"description=variables for the process; $(NAME) is replaced by another one such as $(PORT)"`
	Command       []string          `json:"command,omitempty" yaml:"command,omitempty" jsonschema:"description=replaces the entry point of the image"`
	Args          []string          `json:"args,omitempty" yaml:"args,omitempty" jsonschema:"description=replaces the command of the image; $(PORT) is the port to listen on"`
	Drain         delivery.Duration `json:"drain" yaml:"drain" jsonschema:"description=how long requests in flight may take before a release is stopped"`
	Stop          delivery.Duration `json:"stop" yaml:"stop" jsonschema:"description=how long a process has from SIGTERM to SIGKILL"`
	Fallback      string            `json:"fallback,omitempty" yaml:"fallback,omitempty" jsonschema:"description=file of a site that is served for unknown pages; index.html for a single-page app"`
	Isolation     string            `json:"isolation,omitempty" yaml:"isolation,omitempty" jsonschema:"enum=auto,enum=chroot,enum=none,description=auto changes root to the image when run as root"`
	Platform      string            `json:"platform,omitempty" yaml:"platform,omitempty" jsonschema:"description=platform of the image as os/arch; without it that of this machine"`
}

// Defaults are the settings of an empty block.
func Defaults() Settings {
	return Settings{
		Path: "/", Isolation: "auto", HealthTimeout: delivery.Duration(30 * time.Second),
		Drain: delivery.Duration(10 * time.Second), Stop: delivery.Duration(5 * time.Second),
	}
}

// Check finds what is wrong with the values.
func (s Settings) Check() []fault.Problem {
	var all []fault.Problem
	add := func(key, want, format string, args ...any) {
		all = append(all, fault.Problem{Path: []string{key}, Text: fmt.Sprintf(format, args...), Want: want})
	}
	if s.Port < 0 || s.Port > 65535 {
		add("port", "a number from 1 to 65535", "%d is not a port", s.Port)
	}
	if s.Path != "" && (s.Path[0] != '/' || path.Clean(s.Path) != s.Path || strings.ContainsAny(s.Path, "?#")) {
		add("path", `a path such as "/" or "/api", without a slash at its end`, "%q is not a path", s.Path)
	}
	if s.Health != "" && s.Health[0] != '/' {
		add("health", `a path such as "/health"`, "%q is not a path", s.Health)
	}
	for name := range s.Env {
		if name == "" || strings.ContainsAny(name, "=\x00") {
			all = append(all, fault.Problem{Path: []string{"env", name}, Text: fmt.Sprintf("%q is not the name of a variable", name)})
		}
	}
	if f := s.Fallback; f != "" && (path.Clean("/"+f) != "/"+f || f == "/") {
		add("fallback", `a file of the site such as "index.html"`, "%q is not a file", f)
	}
	switch s.Isolation {
	case "", "auto", "chroot", "none":
	default:
		add("isolation", "auto, chroot or none", "%q is no isolation", s.Isolation)
	}
	if s.Platform != "" && strings.Count(s.Platform, "/") != 1 && strings.Count(s.Platform, "/") != 2 {
		add("platform", `"linux/amd64" or the like`, "%q is not a platform", s.Platform)
	}
	if s.HealthTimeout == 0 {
		add("healthTimeout", `a time such as "30s"`, "no process is healthy in no time")
	}
	return all
}

func read(raw json.RawMessage) (Settings, error) {
	s := Defaults()
	if len(raw) == 0 {
		return s, nil
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return s, fault.New(fault.Invalid, "read the settings of the local target: %w", err)
	}
	return s, nil
}

func (s Settings) prefix() string {
	if s.Path == "" {
		return "/"
	}
	return s.Path
}

// ofRelease is the part of the settings that a provisioned release is bound
// to, in one form for equal values; the port is the place's, and the platform is
// that of the unpacked image.
func (s Settings) ofRelease() (json.RawMessage, error) {
	s.Port, s.Platform = 0, ""
	return json.Marshal(s)
}
