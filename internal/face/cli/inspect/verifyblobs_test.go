package inspect

import (
	"context"
	"strings"
	"testing"
	"time"

	"falkirk/internal/config"
	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/face/cli/ui"
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/inspect"
)

// TestBlobsThatMayNotBeReadAreNoSuccess: what was found is printed in each case,
// and damage decides the exit code.
func TestBlobsThatMayNotBeReadAreNoSuccess(t *testing.T) {
	t.Parallel()
	hurt := []delivery.BlobDamage{{Name: "sha256:1", What: "damaged", Unknown: true}}
	dark := []delivery.BlobDamage{{Name: "releases/other/1.json", What: "not read", Text: "AccessDenied"}}
	down := fault.New(fault.Unavailable, "the store does not answer")
	for _, c := range []struct {
		proof delivery.BlobProof
		err   error
		code  int
		says  []string
	}{
		{delivery.BlobProof{Blobs: 3}, nil, 0, []string{"3 blobs read"}},
		{delivery.BlobProof{Blobs: 3, Damaged: hurt}, nil, 8, []string{"3 blobs read", "damaged sha256:1", "it is not known whether a release needs it"}},
		{delivery.BlobProof{Blobs: 3, Unread: dark}, nil, 6, []string{"not read releases/other/1.json: AccessDenied", "1 object was not read", "may read the whole store"}},
		{delivery.BlobProof{Blobs: 3, Unread: dark, Damaged: hurt}, nil, 8, []string{"not read releases/other/1.json", "damaged sha256:1"}},
		{delivery.BlobProof{Blobs: 2, Damaged: hurt}, down, 8, []string{"2 blobs read", "damaged sha256:1"}},
		{delivery.BlobProof{Blobs: 2}, down, 1, []string{"2 blobs read", "the store does not answer"}},
	} {
		var out strings.Builder
		app := &usecase.App{
			File:    &config.File{},
			Engine:  &engine.Engine{},
			Ledgers: func(context.Context) (names, others []string, err error) { return nil, nil, nil },
			Audit:   func(context.Context) (delivery.BlobProof, error) { return c.proof, c.err },
		}
		open := func(context.Context, string, func(engine.Event)) (*usecase.App, error) { return app, nil }
		wiring := ui.Wiring{Inspect: inspect.New(time.Now), Open: open}
		v := &verification{Face: &ui.Face{Streams: ui.Streams{Out: &out, Err: &out}, Inks: ui.NewInks(), AppFile: "falkirk.yml", Output: "text", Wiring: wiring}}
		err := v.proveBlobs(t.Context())
		if err != nil {
			v.Tell(err)
		}
		if fault.ExitCode(err) != c.code {
			t.Errorf("%+v: exit code %d, want %d", c.proof, fault.ExitCode(err), c.code)
		}
		for _, text := range c.says {
			if !strings.Contains(out.String(), text) {
				t.Errorf("%+v does not say %q:\n%s", c.proof, text, out.String())
			}
		}
	}
}
