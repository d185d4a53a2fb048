package image_test

import (
	"reflect"
	"strings"
	"testing"

	"falkirk/internal/delivery"
	"falkirk/internal/target/image"
)

// Each setting that changes after the release went live moves it to where nothing is
// live yet, which status tells and converge brings; or every command goes by it.
func TestEverySettingThatChanges(t *testing.T) {
	t.Parallel()
	other := newCounted(t).host
	all := map[string]struct {
		moves  bool
		change func(*image.Settings)
	}{
		"repository": {true, func(s *image.Settings) { s.Repository = "shop/other" }},
		"registry":   {true, func(s *image.Settings) { s.Registry = other }},
		"tag":        {true, func(s *image.Settings) { s.Tag = "live" }},
		"create":     {false, func(s *image.Settings) { s.Create = !s.Create }},
		"insecure":   {false, func(*image.Settings) {}}, // how requests are sent; this registry has no TLS
	}
	for f := range reflect.TypeFor[image.Settings]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		c, ok := all[name]
		if !ok {
			t.Errorf("no change of the setting %s is tested", name)
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, image.Settings{Repository: "shop/api", Registry: newCounted(t).host, Insecure: true})
			w.pack("1", multi(t))
			w.do(delivery.Provision, "1")
			w.do(delivery.Promote, "1")
			c.change(&w.settings)
			if !c.moves {
				if st := w.live("1", "1"); len(st.Drift) > 0 || len(w.target.Plan(delivery.Provision, w.placement("1"), st)) > 0 {
					t.Errorf("%+v", st)
				}
				return
			}
			w.live("1", "")
			w.do(delivery.Provision, "1")
			w.do(delivery.Promote, "1")
			if st := w.live("1", "1"); len(st.Drift) > 0 {
				t.Errorf("%+v", st)
			}
		})
	}
}
