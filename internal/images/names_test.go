package images_test

import (
	"context"
	"testing"

	"falkirk/internal/fault"
	"falkirk/internal/images"
	"falkirk/internal/registries"
)

// nobody fails a test that gets as far as to look for a registry.
type nobody struct{ t *testing.T }

func (n nobody) Repository(_ context.Context, w registries.Where, name string) (registries.Repository, error) {
	n.t.Errorf("%+v is asked for %q", w, name)
	return nil, fault.New(fault.Internal, "asked")
}

func (n nobody) Catalog(context.Context, registries.Where) ([]string, error) { return nil, nil }

// A name or a tag that does not follow the specification is bad input, before any
// registry is asked.
func TestOddNamesAreRefused(t *testing.T) {
	t.Parallel()
	tool := images.Tool{Registries: nobody{t}}
	for _, at := range []string{"host.example/../prod/api:test", "host.example/a/../../b:1", "host.example/a//b:1", "host.example/a:..", "host.example/a:-x", "ecr:eu-central-1/../b:1", "host.example/a:t%2f", "host.example/a?b"} {
		_, err := tool.Inspect(t.Context(), at)
		_, tagErr := tool.Tag(t.Context(), []images.NewTag{{Image: at, Tag: "ok"}}, false)
		_, copyErr := tool.Copy(t.Context(), images.CopyRequest{From: at, To: "host.example/ok:1"}, nil)
		for what, err := range map[string]error{"inspect": err, "tag": tagErr, "copy": copyErr} {
			if !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" {
				t.Errorf("%s %s: %v", what, at, err)
			}
		}
	}
	tool.Registries = registries.New(nil)
	for _, tag := range []string{"", ".", "..", "a?b", "t%2f", "a/b", "../x", "a:b"} {
		if _, err := tool.Tag(t.Context(), []images.NewTag{{Image: "host.invalid/a:1", Tag: tag}}, false); !fault.Is(err, fault.Invalid) {
			t.Errorf("tag %q: %v", tag, err)
		}
	}
}
