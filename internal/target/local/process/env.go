package process

import (
	"strconv"
	"strings"

	"falkirk/internal/target/local/place"
)

const fallbackPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// environ is the whole environment of a process: the image's, the settings',
// and what Falkirk says; nothing of the caller's but a PATH where there is none.
func environ(w place.Wanted, port int) []string {
	list := append([]string{"PATH=" + fallbackPath}, w.Process.Env...)
	list = append(list,
		"PORT="+strconv.Itoa(port),
		"FALKIRK_APP="+w.App,
		"FALKIRK_ENVIRONMENT="+w.Place.Environment,
		"FALKIRK_REGION="+w.Place.Region,
		"FALKIRK_COMPONENT="+w.Component,
		"FALKIRK_VERSION="+w.Version)
	values, order := map[string]string{}, []string{}
	for _, pair := range list {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			continue
		}
		if _, seen := values[name]; !seen {
			order = append(order, name)
		}
		values[name] = value
	}
	value := func(name string) (string, bool) { v, ok := values[name]; return v, ok }
	env := make([]string, 0, len(order))
	for _, name := range order {
		env = append(env, name+"="+Expand(values[name], value))
	}
	return env
}

func lookup(env []string, name string) (string, bool) {
	for _, pair := range env {
		if v, ok := strings.CutPrefix(pair, name+"="); ok {
			return v, true
		}
	}
	return "", false
}

// argv is the command line with its variables expanded.
func argv(w place.Wanted, env []string) []string {
	value := func(name string) (string, bool) { return lookup(env, name) }
	var list []string
	for _, arg := range w.Process.Argv {
		list = append(list, Expand(arg, value))
	}
	return list
}
