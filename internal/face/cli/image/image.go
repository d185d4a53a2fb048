// Package image is the commands about images in registries.
// Each parses its flags into a request, asks a use case and prints the result.
package image

import (
	"github.com/spf13/cobra"

	"falkirk/internal/face/cli/ui"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/image"
)

// ImageCmd is the command image.
func ImageCmd(f *ui.Face) *cobra.Command {
	var as image.Access
	cmd := &cobra.Command{
		Use: "image", Short: "Look into registries, tag and copy images", GroupID: "images",
		Long: `Small commands for people who look for what went wrong. Registries are reached with
docker's login, those of Amazon ECR with the credentials that are there or the
roles of an account of the app file. A reference is HOST/REPOSITORY:TAG or
HOST/REPOSITORY@DIGEST; ecr:REGION is the ECR of the account itself.`,
	}
	cmd.PersistentFlags().StringVar(&as.Account, "account", "", "account of the app file whose roles reach ECR")
	cmd.PersistentFlags().BoolVar(&as.Insecure, "insecure", false, "HTTP without TLS, on this machine only")
	cmd.AddCommand(imageInspectCmd(f, &as), imageListCmd(f, &as), imageTagCmd(f, &as), imageCopyCmd(f, &as))
	return cmd
}

func imageInspectCmd(f *ui.Face, as *image.Access) *cobra.Command {
	return &cobra.Command{
		Annotations: ui.Asks(f.Image.Inspect.Entry()),
		Use:         "inspect IMAGE", Short: "Show an image: its platforms, layers, settings, and what refers to it",
		Args: ui.Exactly(1, "one image"),
		RunE: func(cmd *cobra.Command, args []string) error {
			found, err := usecase.Do(cmd.Context(), f.Call(), f.Image.Inspect, image.InspectQuery{Image: args[0], Access: *as})
			if err != nil {
				return err
			}
			f.Doc.Result = found
			return f.Text(func() { PrintImage(f, found) })
		},
	}
}

func imageListCmd(f *ui.Face, as *image.Access) *cobra.Command {
	return &cobra.Command{
		Annotations: ui.Asks(f.Image.List.Entry()),
		Use:         "ls REGISTRY|REPOSITORY", Short: "List the repositories of a registry, or the tags of a repository with their digests",
		Example: "  falkirk image ls ecr:eu-west-1\n  falkirk image ls ghcr.io/team/api",
		Args:    ui.Exactly(1, "one registry or repository"),
		RunE: func(cmd *cobra.Command, args []string) error {
			all, err := usecase.Do(cmd.Context(), f.Call(), f.Image.List, image.ListQuery{At: args[0], Access: *as})
			if err != nil {
				return err
			}
			f.Doc.Result = all
			return f.Text(func() { PrintListed(f, all) })
		},
	}
}

func imageCopyCmd(f *ui.Face, as *image.Access) *cobra.Command {
	var q image.CopyQuery
	cmd := &cobra.Command{
		Annotations: ui.Asks(f.Image.Copy.Entry()),
		Use:         "copy FROM TO", Short: "Copy one image from registry to registry",
		Long: `Copies an image with all its platforms and what refers to it, byte for byte. What
is there is not sent again; the tag is written when all has arrived.`,
		Example: "  falkirk image copy ghcr.io/team/api:1.4.0 ecr:eu-west-1/team/api:1.4.0",
		Args:    ui.Exactly(2, "two images"),
		RunE: func(cmd *cobra.Command, args []string) error {
			q.From, q.To, q.Access = args[0], args[1], *as
			done, err := usecase.Do(cmd.Context(), f.CallWith(copyProgress(f)), f.Image.Copy, q)
			if done.From != "" {
				f.Doc.Result = done // also where it failed on the way
			}
			if err != nil {
				return err
			}
			return f.Text(func() { PrintCopied(f, done) })
		},
	}
	cmd.Flags().StringSliceVar(&q.Platforms, "platform", nil, "narrow an index to this platform (may be repeated)")
	cmd.Flags().BoolVar(&q.Alone, "no-referrers", false, "leave signatures and attestations where they are")
	return cmd
}
