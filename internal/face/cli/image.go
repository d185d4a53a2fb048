package cli

import (
	"github.com/spf13/cobra"

	"falkirk/internal/config"
	"falkirk/internal/engine"
	"falkirk/internal/images"
)

// ImageRequest says as whom registries are reached.
type ImageRequest struct {
	App      string // path of the app file; "" if none is needed
	Account  string // of the app file
	Insecure bool
	People   *engine.Decisions // nil where there is no app
}

func (f *face) imageCmd() *cobra.Command {
	var r ImageRequest
	cmd := &cobra.Command{
		Use: "image", Short: "Look into registries, tag and copy images", GroupID: "images",
		Long: `Small commands for whoever looks for what went wrong. Registries are reached with
docker's login, those of Amazon ECR with the credentials that are there or the
roles of an account of the app file. A reference is HOST/REPOSITORY:TAG or
HOST/REPOSITORY@DIGEST; ecr:REGION is the ECR of the account itself.`,
	}
	cmd.PersistentFlags().StringVar(&r.Account, "account", "", "account of the app file whose roles reach ECR")
	cmd.PersistentFlags().BoolVar(&r.Insecure, "insecure", false, "HTTP without TLS, on this machine only")
	cmd.AddCommand(f.imageInspectCmd(&r), f.imageListCmd(&r), f.imageTagCmd(&r), f.imageCopyCmd(&r))
	return cmd
}

// images opens what the commands work with.
func (f *face) images(r ImageRequest) (*images.Tool, error) {
	if r.Account != "" {
		var err error
		if r.App, err = f.path(); err != nil {
			return nil, err
		}
		if err := f.fits(config.Pinned(r.App)); err != nil {
			return nil, err
		}
	}
	r.People = f.people
	return f.Images(r)
}

func (f *face) imageInspectCmd(r *ImageRequest) *cobra.Command {
	return &cobra.Command{
		Annotations: does(EffectReads),
		Use:         "inspect IMAGE", Short: "Show an image: its platforms, layers, settings, and what refers to it",
		Args: exactly(1, "one image"),
		RunE: func(cmd *cobra.Command, args []string) error {
			tool, err := f.images(*r)
			if err != nil {
				return err
			}
			image, err := tool.Inspect(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			f.doc.Result = image
			return f.text(func() { f.printImage(image) })
		},
	}
}

func (f *face) imageListCmd(r *ImageRequest) *cobra.Command {
	return &cobra.Command{
		Annotations: does(EffectReads),
		Use:         "ls REGISTRY|REPOSITORY", Short: "List the repositories of a registry, or the tags of a repository with their digests",
		Example: "  falkirk image ls ecr:eu-west-1\n  falkirk image ls ghcr.io/team/api",
		Args:    exactly(1, "one registry or repository"),
		RunE: func(cmd *cobra.Command, args []string) error {
			tool, err := f.images(*r)
			if err != nil {
				return err
			}
			all, err := tool.List(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			f.doc.Result = all
			return f.text(func() { f.printListed(all) })
		},
	}
}

func (f *face) imageCopyCmd(r *ImageRequest) *cobra.Command {
	var req images.CopyRequest
	cmd := &cobra.Command{
		Annotations: does(EffectWrites),
		Use:         "copy FROM TO", Short: "Copy one image from registry to registry",
		Long: `Copies an image with all its platforms and what refers to it, byte for byte. What
is there is not sent again; the tag is written when all has arrived.`,
		Example: "  falkirk image copy ghcr.io/team/api:1.4.0 ecr:eu-west-1/team/api:1.4.0",
		Args:    exactly(2, "two images"),
		RunE: func(cmd *cobra.Command, args []string) error {
			tool, err := f.images(*r)
			if err != nil {
				return err
			}
			req.From, req.To, req.Report = args[0], args[1], f.copyProgress()
			done, err := tool.Copy(cmd.Context(), req)
			f.doc.Result = done
			if err != nil {
				return err
			}
			return f.text(func() { f.printCopied(done) })
		},
	}
	cmd.Flags().StringSliceVar(&req.Platforms, "platform", nil, "narrow an index to this platform (may be repeated)")
	cmd.Flags().BoolVar(&req.Alone, "no-referrers", false, "leave signatures and attestations where they are")
	return cmd
}
