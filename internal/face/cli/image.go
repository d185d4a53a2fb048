package cli

import (
	"github.com/spf13/cobra"

	"falkirk/internal/usecase"
	"falkirk/internal/usecase/image"
)

func (f *face) imageCmd() *cobra.Command {
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
	cmd.AddCommand(f.imageInspectCmd(&as), f.imageListCmd(&as), f.imageTagCmd(&as), f.imageCopyCmd(&as))
	return cmd
}

func (f *face) imageInspectCmd(as *image.Access) *cobra.Command {
	return &cobra.Command{
		Annotations: asks(f.Image.Inspect.Entry()),
		Use:         "inspect IMAGE", Short: "Show an image: its platforms, layers, settings, and what refers to it",
		Args: exactly(1, "one image"),
		RunE: func(cmd *cobra.Command, args []string) error {
			found, err := usecase.Do(cmd.Context(), f.call(), f.Image.Inspect, image.InspectQuery{Image: args[0], Access: *as})
			if err != nil {
				return err
			}
			f.doc.Result = found
			return f.text(func() { f.printImage(found) })
		},
	}
}

func (f *face) imageListCmd(as *image.Access) *cobra.Command {
	return &cobra.Command{
		Annotations: asks(f.Image.List.Entry()),
		Use:         "ls REGISTRY|REPOSITORY", Short: "List the repositories of a registry, or the tags of a repository with their digests",
		Example: "  falkirk image ls ecr:eu-west-1\n  falkirk image ls ghcr.io/team/api",
		Args:    exactly(1, "one registry or repository"),
		RunE: func(cmd *cobra.Command, args []string) error {
			all, err := usecase.Do(cmd.Context(), f.call(), f.Image.List, image.ListQuery{At: args[0], Access: *as})
			if err != nil {
				return err
			}
			f.doc.Result = all
			return f.text(func() { f.printListed(all) })
		},
	}
}

func (f *face) imageCopyCmd(as *image.Access) *cobra.Command {
	var q image.CopyQuery
	cmd := &cobra.Command{
		Annotations: asks(f.Image.Copy.Entry()),
		Use:         "copy FROM TO", Short: "Copy one image from registry to registry",
		Long: `Copies an image with all its platforms and what refers to it, byte for byte. What
is there is not sent again; the tag is written when all has arrived.`,
		Example: "  falkirk image copy ghcr.io/team/api:1.4.0 ecr:eu-west-1/team/api:1.4.0",
		Args:    exactly(2, "two images"),
		RunE: func(cmd *cobra.Command, args []string) error {
			q.From, q.To, q.Access = args[0], args[1], *as
			done, err := usecase.Do(cmd.Context(), f.callWith(f.copyProgress()), f.Image.Copy, q)
			if done.From != "" {
				f.doc.Result = done // also where it failed on the way
			}
			if err != nil {
				return err
			}
			return f.text(func() { f.printCopied(done) })
		},
	}
	cmd.Flags().StringSliceVar(&q.Platforms, "platform", nil, "narrow an index to this platform (may be repeated)")
	cmd.Flags().BoolVar(&q.Alone, "no-referrers", false, "leave signatures and attestations where they are")
	return cmd
}
