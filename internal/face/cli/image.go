package cli

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"falkirk/internal/config"
	"falkirk/internal/fault"
	"falkirk/internal/images"
)

// ImageRequest says as whom registries are reached.
type ImageRequest struct {
	App      string // path of the app file; "" if none is needed
	Account  string // of the app file
	Insecure bool
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
	return f.Images(r)
}

func (f *face) imageInspectCmd(r *ImageRequest) *cobra.Command {
	return &cobra.Command{
		Use: "inspect IMAGE", Short: "Show an image: its platforms, layers, settings, and what refers to it",
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

func (f *face) printImage(i images.Image) {
	fmt.Fprintf(f.Out, "%s\n  digest  %s\n  type    %s\n  size    %s in all\n", i.Reference, i.Digest, i.MediaType, size(i.Size))
	if i.Artifact != "" {
		fmt.Fprintf(f.Out, "  kind    %s\n", i.Artifact)
	}
	for _, r := range i.Referrers {
		fmt.Fprintf(f.Out, "  with    %s %s\n", r.Digest, r.Kind)
	}
	for _, p := range i.Platforms {
		fmt.Fprintf(f.Out, "\n%s %s\n", p.Platform, p.Digest)
		for _, line := range [][2]string{
			{"created", createdText(p.Created)},
			{"runs", strings.Join(append(p.Entrypoint, p.Cmd...), " ")},
			{"user", p.User},
			{"ports", strings.Join(p.Ports, " ")},
		} {
			if line[1] != "" {
				fmt.Fprintf(f.Out, "  %-7s %s\n", line[0], line[1])
			}
		}
		for _, l := range p.Layers {
			fmt.Fprintf(f.Out, "  layer   %s %s%s\n", l.Digest, size(l.Size), strings.Join(append([]string{""}, l.URLs...), " at "))
		}
	}
}

func createdText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return moment(t)
}

func (f *face) imageListCmd(r *ImageRequest) *cobra.Command {
	return &cobra.Command{
		Use: "ls REGISTRY|REPOSITORY", Short: "List the repositories of a registry, or the tags of a repository with their digests",
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

func (f *face) printListed(all []images.Listed) {
	if len(all) == 0 || all[0].Tag == "" {
		for _, one := range all {
			fmt.Fprintln(f.Out, one.Repository)
		}
		return
	}
	rows := [][]string{{"TAG", "DIGEST", "PUSHED"}}
	for _, one := range all {
		rows = append(rows, []string{one.Tag, one.Digest, createdText(one.Pushed)})
	}
	table(f.Out, rows)
}

func (f *face) imageTagCmd(r *ImageRequest) *cobra.Command {
	var list string
	var dry bool
	cmd := &cobra.Command{
		Use: "tag IMAGE TAG...", Short: "Put further tags on an image in its registry",
		Long: `Writes the manifest of the image under each tag, and says what the tag was on
before. Nothing else is read or written, however large the image is. --list does
many at once: a line for each, with the image and the tag.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			wanted, err := f.newTags(list, args)
			if err != nil {
				return err
			}
			tool, err := f.images(*r)
			if err != nil {
				return err
			}
			done, err := tool.Tag(cmd.Context(), wanted, dry)
			f.doc.Result = done
			if err != nil {
				return err
			}
			return f.text(func() { f.printTagged(done, dry) })
		},
	}
	cmd.Flags().StringVar(&list, "list", "", `file of lines "IMAGE TAG"; - is the standard input`)
	cmd.Flags().BoolVar(&dry, "dry-run", false, "say what would change and change nothing")
	return cmd
}

// newTags reads the wishes from the arguments or from a list.
func (f *face) newTags(list string, args []string) ([]images.NewTag, error) {
	var wanted []images.NewTag
	if list == "" {
		if len(args) < 2 {
			return nil, fault.New(fault.Invalid, "falkirk image tag takes an image and the tags that it gets")
		}
		for _, tag := range args[1:] {
			wanted = append(wanted, images.NewTag{Image: args[0], Tag: tag})
		}
		return wanted, nil
	}
	if len(args) > 0 {
		return nil, fault.New(fault.Invalid, "the images are in %s, and on the command line; not both", list)
	}
	in := f.In
	if list != "-" {
		file, err := os.Open(list)
		if err != nil {
			return nil, fault.New(fault.Invalid, "read the list: %w", err)
		}
		defer file.Close()
		in = file
	}
	lines := bufio.NewScanner(io.LimitReader(in, 16<<20))
	for n := 1; lines.Scan(); n++ {
		words := strings.Fields(lines.Text())
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		if len(words) != 2 {
			return nil, fault.New(fault.Invalid, "%s:%d: a line is an image and a tag, and this is %q", list, n, lines.Text())
		}
		wanted = append(wanted, images.NewTag{Image: words[0], Tag: words[1]})
	}
	if err := lines.Err(); err != nil {
		return nil, fault.New(fault.Invalid, "read the list: %w", err)
	}
	return wanted, nil
}

func (f *face) printTagged(done []images.Tagged, dry bool) {
	changed := 0
	for _, d := range done {
		switch {
		case !d.Changed:
			continue
		case d.Was == "":
			fmt.Fprintf(f.Out, "%s %s:%s on %s (%s)\n", f.paint(green, "+"), d.Repository, d.Tag, short(d.Digest), d.From)
		default:
			fmt.Fprintf(f.Out, "%s %s:%s on %s (%s), was %s\n", f.paint(yellow, "~"), d.Repository, d.Tag, short(d.Digest), d.From, d.Was)
		}
		changed++
	}
	switch {
	case changed == 0:
		fmt.Fprintln(f.Out, "nothing to do: the tags are there")
	case dry:
		fmt.Fprintf(f.Out, "nothing was written: %s would be\n", count(changed, "tag"))
	default:
		fmt.Fprintf(f.Out, "%s %s of %d\n", f.paint(green, "done:"), count(changed, "tag"), len(done))
	}
}

func (f *face) imageCopyCmd(r *ImageRequest) *cobra.Command {
	var req images.CopyRequest
	cmd := &cobra.Command{
		Use: "copy FROM TO", Short: "Copy one image from registry to registry",
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

func (f *face) printCopied(c images.Copied) {
	if c.Manifests == 0 {
		fmt.Fprintf(f.Out, "nothing to do: %s is on %s\n", c.To, c.Digest)
		return
	}
	fmt.Fprintf(f.Out, "%s %s is on %s: %s sent (%s), %d mounted, %s written\n", f.paint(green, "done:"), c.To, c.Digest,
		count(c.Uploaded, "blob"), size(c.Bytes), c.Mounted, count(c.Manifests, "manifest"))
}

// copyProgress prints a line now and then.
func (f *face) copyProgress() func(passed, total int64) {
	var mu sync.Mutex
	last := time.Now()
	return func(passed, total int64) {
		mu.Lock()
		defer mu.Unlock()
		if f.isJSON() || f.quiet || time.Since(last) < time.Second {
			return
		}
		fmt.Fprintf(f.Err, "[copy] %s of %s\n", size(passed), size(total))
		last = time.Now()
	}
}
