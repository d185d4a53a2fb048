//go:build unix

package main

import (
	"fmt"
	"os"
	"strings"
)

// imageMover is one way to bring images from one registry into another, or to put
// other tags on them.
type imageMover struct {
	name, needs string
	command     func(w *imageWorld, from, to string) (string, error) // a line for the shell
	wrong       string                                               // what was wrong afterwards
}

// syncers are the programs, as they come and tuned.
func syncers() []*imageMover {
	return []*imageMover{
		{name: "crane cp -a", needs: "crane", command: craneCopy(1)},
		{name: "crane cp -a, 8 processes", needs: "crane", command: craneCopy(8)},
		{name: "skopeo sync --all", needs: "skopeo", command: skopeoSync},
		{name: "regsync once", needs: "regsync", command: regsync(1, 0)},
		{name: "regsync once, parallel 8, 16 per host", needs: "regsync", command: regsync(8, 16)},
		{name: "oras cp -r, 8 processes", needs: "oras", command: func(w *imageWorld, from, to string) (string, error) {
			return each(w.tags, 8, "oras cp -r --from-plain-http --to-plain-http "+from+"/{} "+to+"/{}"), nil
		}},
		{name: "falkirk sync", command: falkirkSync},
	}
}

// each does a line for each of some words, so many at once.
func each(words []string, processes int, line string) string {
	return fmt.Sprintf("printf '%%s\\n' %s | xargs -P %d -I {} %s >/dev/null", strings.Join(words, " "), processes, line)
}

func craneCopy(processes int) func(*imageWorld, string, string) (string, error) {
	return func(w *imageWorld, from, to string) (string, error) {
		return each(w.names, processes, "crane cp -a "+from+"/{} "+to+"/{} 2>/dev/null"), nil
	}
}

func skopeoSync(w *imageWorld, from, to string) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "%q:\n  tls-verify: false\n  images:\n", from)
	for _, r := range w.names {
		fmt.Fprintf(&b, "    %s: []\n", r)
	}
	file := w.path("images", "skopeo.yml")
	line := fmt.Sprintf("skopeo sync --all --dest-tls-verify=false --src yaml --dest docker %s %s >/dev/null 2>&1", file, to)
	return line, os.WriteFile(file, []byte(b.String()), 0o600)
}

// regsync copies whole repositories; it reports whatever it could not do, and goes on.
func regsync(parallel, perHost int) func(*imageWorld, string, string) (string, error) {
	return func(w *imageWorld, from, to string) (string, error) {
		var b strings.Builder
		b.WriteString("version: 1\ncreds:\n")
		for _, host := range []string{from, to} {
			fmt.Fprintf(&b, "  - registry: %q\n    tls: disabled\n", host)
			if perHost > 0 {
				fmt.Fprintf(&b, "    reqConcurrent: %d\n", perHost)
			}
		}
		fmt.Fprintf(&b, "defaults:\n  parallel: %d\nsync:\n", parallel)
		for _, r := range w.names {
			fmt.Fprintf(&b, "  - {source: %q, target: %q, type: repository}\n", from+"/"+r, to+"/"+r)
		}
		file := w.path("images", fmt.Sprintf("regsync-%d.yml", parallel))
		return "regsync once --config " + file + " --verbosity error", os.WriteFile(file, []byte(b.String()), 0o600)
	}
}

func falkirkSync(w *imageWorld, from, to string) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "sync:\n  - name: all\n    source: %q\n    destination: %q\n    insecure: true\n    tags: ['*']\n    repositories:\n", from, to)
	for _, r := range w.names {
		fmt.Fprintf(&b, "      - %s\n", r)
	}
	file := w.path("images", "falkirk.yml")
	return quoted(w.falkirk()) + " sync --jobs " + file + " >/dev/null", os.WriteFile(file, []byte(b.String()), 0o600)
}

// live is what is put behind a tag to make another one.
const live = "-live"

// taggers put another tag on each image, in one registry.
func taggers() []*imageMover {
	return []*imageMover{
		{name: "crane tag, 8 processes", needs: "crane", command: func(w *imageWorld, _, to string) (string, error) {
			return each(pairs(w.tags), 8, `sh -c 'crane tag `+to+`/${1%%=*} ${1#*=} 2>/dev/null' - {}`), nil
		}},
		{name: "oras tag, 8 processes", needs: "oras", command: func(w *imageWorld, _, to string) (string, error) {
			return each(pairs(w.tags), 8, `sh -c 'oras tag --plain-http `+to+`/${1%%=*} ${1#*=}' - {}`), nil
		}},
		{name: "skopeo copy --all, 8 processes", needs: "skopeo", command: func(w *imageWorld, _, to string) (string, error) {
			return each(w.tags, 8, "skopeo copy -q --all --src-tls-verify=false --dest-tls-verify=false docker://"+to+"/{} docker://"+to+"/{}"+live), nil
		}},
		{name: "falkirk image tag --list", command: func(w *imageWorld, _, to string) (string, error) {
			var b strings.Builder
			for _, tag := range w.tags {
				_, name, _ := strings.Cut(tag, ":")
				fmt.Fprintf(&b, "%s/%s %s%s\n", to, tag, name, live)
			}
			file := w.path("images", "tags.txt")
			return quoted(w.falkirk()) + " image tag --insecure --list " + file + " >/dev/null", os.WriteFile(file, []byte(b.String()), 0o600)
		}},
	}
}

// pairs are "repository:tag=newtag".
func pairs(tags []string) []string {
	var list []string
	for _, tag := range tags {
		_, name, _ := strings.Cut(tag, ":")
		list = append(list, tag+"="+name+live)
	}
	return list
}
