package load

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"falkirk/internal/diff"
	"falkirk/internal/oci"
)

func TestSecretsOfAnImageAreComparedAndNotShown(t *testing.T) {
	t.Parallel()
	l := Loader{Hidden: func(name, value string) bool {
		return strings.Contains(strings.ToLower(name), "token") || strings.HasPrefix(value, "ghp_")
	}}
	image := func(secret string) []diff.Setting {
		return l.settings(oci.Described{
			Config: oci.Config{
				Env: []string{"TOKEN=" + secret, "LOOKS=ghp_" + secret, "MODE=x"}, User: "root",
				Entrypoint: []string{"run", "--token", secret, "--api-token=" + secret, "ghp_" + secret, "--port", "80"},
			},
			Labels: map[string]string{"token": secret, "who": "us"},
		})
	}
	a, b := image("hunter1"), image("hunter2")
	for _, s := range append(a, b...) {
		if strings.Contains(s.Shown, "hunter") {
			t.Errorf("%s shows %s", s.Key, s.Shown)
		}
	}
	var keys []string
	for _, d := range diff.Settings(a, b) {
		keys = append(keys, d.Key)
		if d.From != d.To {
			t.Errorf("%s: %s and %s", d.Key, d.From, d.To)
		}
	}
	if d := cmp.Diff([]string{"entrypoint", "env LOOKS", "env TOKEN", "label token"}, keys); d != "" {
		t.Error(d)
	}
	if want := `["run","--token","***","--api-token=***","***","--port","80"]`; a[0].Shown != want {
		t.Errorf("%s, want %s", a[0].Shown, want)
	}
}
