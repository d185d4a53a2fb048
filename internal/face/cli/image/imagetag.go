package image

import (
	"bufio"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"falkirk/internal/face/cli/ui"
	"falkirk/internal/fault"
	"falkirk/internal/images"
	"falkirk/internal/regular"
	"falkirk/internal/usecase"
	"falkirk/internal/usecase/image"
)

func imageTagCmd(f *ui.Face, as *image.Access) *cobra.Command {
	var list string
	var q image.TagQuery
	cmd := &cobra.Command{
		Annotations: ui.Asks(f.Image.Tag.Entry()),
		Use:         "tag IMAGE TAG...", Short: "Put further tags on an image in its registry",
		Long: `Writes the manifest of the image under each tag, and says what the tag was on
before. Nothing else is read or written, however large the image is. --list does
many at once: a line for each, with the image and the tag.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			tags, err := newTags(f, list, args)
			if err != nil {
				return err
			}
			q.Tags, q.Access = tags, *as
			done, err := usecase.Do(cmd.Context(), f.Call(), f.Image.Tag, q)
			if done != nil {
				f.Doc.Result = done // also where it failed on the way
			}
			if err != nil {
				return err
			}
			return f.Text(func() { PrintTagged(f, done, q.DryRun) })
		},
	}
	cmd.Flags().StringVar(&list, "list", "", `file of lines "IMAGE TAG"; - is the standard input`)
	cmd.Flags().BoolVar(&q.DryRun, "dry-run", false, "say what would change and change nothing")
	return cmd
}

// newTags reads the wishes from the arguments or from a list.
func newTags(f *ui.Face, list string, args []string) ([]images.NewTag, error) {
	var wanted []images.NewTag
	if list == "" {
		if len(args) < 2 {
			return nil, fault.Hint(fault.New(fault.Invalid, "falkirk image tag takes an image and the tags that it gets"), "falkirk image tag --help")
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
		file, err := regular.Open(list)
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
	if len(wanted) == 0 {
		return nil, fault.New(fault.Invalid, "the list %s names no image", list)
	}
	return wanted, nil
}
