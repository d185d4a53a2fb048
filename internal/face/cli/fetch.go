package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
)

func (f *face) fetchCmd() *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Annotations: does(EffectMachine),
		Use:         "fetch VERSION COMPONENT", Short: "Write the bundle of a release into a file",
		Example: "  falkirk fetch 1.4.0 function --to function.zip", GroupID: "see",
		Args: exactly(2, "a VERSION and a COMPONENT"), ValidArgsFunction: f.completeVersions,
		RunE: func(cmd *cobra.Command, args []string) error {
			app, err := f.open(cmd.Context(), func(engine.Event) {})
			if err != nil {
				return err
			}
			artifact, err := bundleOf(cmd.Context(), app, args[0], args[1])
			if err != nil {
				return err
			}
			if to == "" {
				to = args[1] + "-" + args[0] + ".zip"
			}
			if err := writeBlob(cmd.Context(), app, artifact.Digest, to); err != nil {
				return err
			}
			f.doc.Result = fetched{artifact, to}
			return f.text(func() {
				fprintf(f.Out, "%s %s, %s, %s\n", f.paint(green, "done:"), to, size(artifact.Size), artifact.Digest)
			})
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "the `FILE` (default: COMPONENT-VERSION.zip here)")
	return cmd
}

// fetched is the JSON of a fetch.
type fetched struct {
	delivery.Artifact
	File string `json:"file"`
}

// bundleOf is an artifact that is one file; others are many blobs.
func bundleOf(ctx context.Context, app *App, version, component string) (delivery.Artifact, error) {
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

// writeBlob writes a whole file or none. The reader proves the digest.
func writeBlob(ctx context.Context, app *App, digest, to string) error {
	body, err := app.Blob(ctx, digest)
	if err != nil {
		return err
	}
	defer body.Close()
	tmp, err := os.CreateTemp(filepath.Dir(to), ".fetch-*")
	if err != nil {
		return fault.New(fault.Invalid, "write %s: %w", to, err)
	}
	_, err = io.Copy(tmp, body)
	if err = errors.Join(err, tmp.Chmod(0o644), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), to)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", to, err), os.Remove(tmp.Name()))
	}
	return nil
}
