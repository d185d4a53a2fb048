package stack

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"falkirk/internal/aws/cfn"
	"falkirk/internal/bucket/file"
	"falkirk/internal/delivery"
	"falkirk/internal/release"
	"falkirk/test/emulators"
	"falkirk/test/emulators/cfnfake"
)

// one reaches one account, whatever its name.
type one struct{ url string }

func (o one) Config(_ context.Context, _, region string) (aws.Config, error) {
	cfg := emulators.Nowhere(region)
	cfg.BaseEndpoint = aws.String(o.url)
	return cfg, nil
}

// served reaches the accounts of an emulator.
type served struct{ *emulators.Server }

func (s served) Config(_ context.Context, _, region string) (aws.Config, error) {
	return s.Server.Config(region), nil
}

// The stacks of a protected environment are protected against deletion, unless
// the app file says otherwise.
func TestProtectedEnvironments(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	for name, test := range map[string]struct {
		protected bool
		set       *bool
		want      bool
	}{
		"protected": {true, nil, true}, "not protected": {false, nil, false},
		"set aside": {true, &no, false}, "asked for": {false, &yes, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := cfnfake.New(t, cfnfake.Options{Takes: 10 * time.Millisecond})
			store := release.New(file.New(t.TempDir()))
			template, err := store.WriteBytes(t.Context(), []byte(`{"Resources": {}}`))
			if err != nil {
				t.Fatal(err)
			}
			manifest, err := json.Marshal(delivery.Stack{Schema: 1, Template: delivery.Template{Digest: template}})
			if err != nil {
				t.Fatal(err)
			}
			digest, err := store.WriteBytes(t.Context(), manifest)
			if err != nil {
				t.Fatal(err)
			}
			set := Defaults()
			set.Name, set.Protect = "shop", test.set
			raw, err := json.Marshal(set)
			if err != nil {
				t.Fatal(err)
			}
			p := delivery.Placement{
				App: "shop", Place: delivery.Place{Environment: "prd", Account: "prd", Region: "eu-central-1"}, Component: "infra", Target: Kind,
				Settings: raw, Version: "1", Artifact: delivery.Artifact{Component: "infra", Kind: "stack", Digest: digest}, Protected: test.protected,
			}
			target := New(Options{Store: store, Accounts: one{f.URL}, Pace: cfn.Options{Fast: 10 * time.Millisecond, Slow: 20 * time.Millisecond, PerCall: 1000}})
			now, err := target.Observe(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			for _, step := range target.Plan(delivery.Promote, p, now) {
				// The fake keeps no tags, so that the stack does not say its release.
				if _, err := target.Do(t.Context(), p, step, nil); err != nil && !strings.Contains(err.Error(), "UpdateStack") {
					t.Fatal(err)
				}
			}
			if s, _ := f.Get("shop"); s.Status != "CREATE_COMPLETE" || s.Protected != test.want {
				t.Errorf("the stack is %s, protected %t", s.Status, s.Protected)
			}
		})
	}
}
