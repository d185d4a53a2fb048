package detect

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Render writes a commented falkirk.yml with the environments dev, sat and prd.
func Render(g Guess, a Answers) []byte {
	var b bytes.Buffer
	b.WriteString("# What falkirk takes from here to production. `falkirk config check` says what is wrong with it,\n" +
		"# `falkirk config show` what it comes to, `falkirk schema` writes the schema for your editor.\n" +
		"# For completion in editors: falkirk schema > falkirk.schema.json\n" +
		"# yaml-language-server: $schema=falkirk.schema.json\n")
	app := a.App
	if app == "" {
		app = g.App
	}
	fmt.Fprintf(&b, "app: %s\n\n", quote(app))
	b.WriteString("# Releases and the record of each environment are kept here; s3://bucket/prefix for a team.\n" +
		"store: file://.falkirk\n\n" +
		"# How many earlier releases stay ready, so that a rollback takes seconds.\n" +
		"keep: 2\n\n" +
		"# The parts of the app. All of them make one release, under one version.\n" +
		"components:\n")
	routes := paths(a.Components)
	for i, c := range a.Components {
		component(&b, c, routes[i])
	}
	b.WriteString(`
# In the order in which a release goes through them.
environments:
  - name: dev
    target: {local: {port: 8081}}

  - name: sat
    target: {local: {port: 8082}}

  - name: prd
    protected: true # ask before anything is changed
    target: {local: {port: 8083}}
`)
	gates(&b, a.Components)
	return b.Bytes()
}

// paths gives each component its path behind the proxy of a place: the first
// has /, the others their own name.
func paths(all []Component) []string {
	var out []string
	for i, c := range all {
		if i == 0 {
			out = append(out, "/")
		} else {
			out = append(out, "/"+c.Name)
		}
	}
	return out
}

func component(b *bytes.Buffer, c Component, route string) {
	fmt.Fprintf(b, "  %s:\n", quote(c.Name))
	if c.Build != "" {
		fmt.Fprintf(b, "    # Built before it is packed, with: %s\n", strings.ReplaceAll(c.Build, "\n", " "))
	}
	switch c.Form {
	case Site:
		fmt.Fprintf(b, "    site: {path: %s}\n", quote(c.Path))
	case Dockerfile:
		fmt.Fprintf(b, "    image: {dockerfile: %s}\n", quote(c.Path))
	case Go:
		b.WriteString("    # A static binary needs no base image and no container engine.\n")
		fmt.Fprintf(b, "    image: {binary: %s}\n", quote("bin/"+c.Name))
	case Node:
		b.WriteString("    # The folder is put on the base image; no container engine is needed.\n")
		fmt.Fprintf(b, "    image: {folder: %s, base: \"docker.io/library/node:22-slim\", entrypoint: [node, %s]}\n", quote(c.Path), quote(c.Start))
	}
	if c.Form == Site {
		fmt.Fprintf(b, "    target: {local: {path: %s}}\n", quote(route))
		return
	}
	b.WriteString("    # The process finds its port in $PORT; with health: /path it counts as ready once that answers.\n")
	fmt.Fprintf(b, "    target: {local: {path: %s}}\n", quote(route))
}

// gates shows how a gate is written, as a comment: what answers is not known.
func gates(b *bytes.Buffer, all []Component) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(b, `    # A gate is asked before or after a phase; when it is closed, nothing goes on.
    # gates:
    #   - name: smoke
    #     when: after promote
    #     http: {component: %s, path: /, status: [200]}
`, quote(all[0].Name))
}

// quote writes any text as YAML; JSON's strings are YAML's.
func quote(s string) string {
	if name.MatchString(s) && s != "true" && s != "false" && s != "null" && s != "yes" && s != "no" && s != "on" && s != "off" && s != "y" && s != "n" {
		return s
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(strings.ReplaceAll(s, "${", "$${")); err != nil {
		return `""` // a string always encodes
	}
	return strings.TrimSpace(b.String())
}
