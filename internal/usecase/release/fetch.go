package release

import (
	"context"
	"io"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
)

// WriteFile writes a whole file of this machine, or none.
type WriteFile func(path string, from io.Reader) error

// FetchQuery writes the bundle of a release into a file of this machine.
type FetchQuery struct {
	Version   string `json:"version"`
	Component string `json:"component"`
	File      string `json:"file,omitempty"` // empty: COMPONENT-VERSION.zip in the working folder
}

// FetchResult is what was written, and where.
type FetchResult struct {
	delivery.Artifact
	File string `json:"file"`
}

func newFetch(write WriteFile) usecase.Case[FetchQuery, FetchResult] {
	return usecase.Case[FetchQuery, FetchResult]{
		Name: "release.fetch", Doc: "Write the bundle of a release into a file",
		Effect: usecase.Machine, Reach: usecase.ThisMachine, Needs: usecase.View,
		Do: func(ctx context.Context, c *usecase.Call, q FetchQuery) (FetchResult, error) {
			app, err := c.App(ctx)
			if err != nil {
				return FetchResult{}, err
			}
			a, err := bundleOf(ctx, app, q.Version, q.Component)
			if err != nil {
				return FetchResult{}, err
			}
			if q.File == "" {
				q.File = q.Component + "-" + q.Version + ".zip"
			}
			body, err := app.Blob(ctx, a.Digest) // proves the digest
			if err != nil {
				return FetchResult{}, err
			}
			defer body.Close()
			return FetchResult{a, q.File}, write(q.File, body)
		},
	}
}

// bundleOf is an artifact that is one file; others are many blobs.
func bundleOf(ctx context.Context, app *usecase.App, version, component string) (delivery.Artifact, error) {
	rel, err := app.Releases.Get(ctx, app.Engine.App.Name, version)
	if err != nil {
		return delivery.Artifact{}, err
	}
	a, ok := rel.Artifact(component)
	if !ok {
		var names []string
		for _, x := range rel.Artifacts {
			names = append(names, x.Component)
		}
		err := fault.New(fault.NotFound, "release %s has no component %q", version, component)
		return a, fault.Hint(err, "name one of these components: %s", strings.Join(names, ", "))
	}
	if a.MediaType != "application/zip" {
		err := fault.New(fault.Invalid, "%s is of the kind %s, which is not one file; only a bundle can be fetched", component, a.Kind)
		return a, fault.Hint(err, "falkirk releases %s shows the kind of each component", version)
	}
	return a, nil
}
