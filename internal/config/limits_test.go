package config

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Each is made to keep a reader busy: text of the greatest size for the parser,
// and little text that comes to much. Some took minutes before they were bounded.
func TestHostileFilesEndSoon(t *testing.T) {
	fill := func(s string) string { return strings.Repeat(s, mostBytes/len(s)) }
	many := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	app := "app: shop\ncomponents:\n  web: {site: {path: x}}\n"
	for name, text := range map[string]string{
		"one key": fill("a: b\n"), "merge keys": fill("<<: x\n"), "documents": fill("a\n---\n"), "keys": many(60_000, "k%d: 1\n"),
		"brackets": fill("["), "dashes": fill("- "), "aliases": fill("*a "),
		"regions": app + "environments:\n  - name: dev\n    target: {local: {}}\n    regions: [" + many(25_000, "r%d,") + "]\n",
		"large blocks in many places": app + "environments:\n  - name: dev\n    target:\n      local:\n        env:\n" +
			many(5000, "          K%d: v\n") + "    regions: [" + many(5000, "r%d,") + "]\n",
		"unknown names": "app: shop\ncomponents:\n" + many(2000, "  some-component-%d: {site: {path: x}}\n") +
			"environments:\n  - name: dev\n    components:\n" + many(2000, "      same-component-%d: {}\n"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ended := make(chan error, 1)
			go func() {
				_, err := load([]byte(text), "f.yml", "/f.yml", testKinds(), testEnv, false, nil)
				ended <- err
			}()
			select {
			case err := <-ended:
				checkPlaces(t, err, len(text))
			case <-time.After(3 * time.Minute): // with -race, on a busy machine
				t.Error("does not end")
			}
		})
	}
}

// What many people write on one line, and a large app, are no attack.
func TestLargeFilesAreTaken(t *testing.T) {
	t.Parallel()
	var env, parts strings.Builder
	for i := range 200 {
		fmt.Fprintf(&env, "K%d: v, ", i)
		fmt.Fprintf(&parts, "  c%d: {site: {path: x}, target: {local: {path: /c%d}}}\n", i, i)
	}
	f := loaded(t, "app: shop\ncomponents:\n"+parts.String()+
		"environments:\n  - name: dev\n    regions: [a, b]\n    target: {local: {env: {"+env.String()+"}}}\n")
	if got := len(f.App.Environments[0].Landings); got != 400 {
		t.Errorf("%d landings", got)
	}
}
