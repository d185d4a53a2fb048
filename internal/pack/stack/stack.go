// Package stack packs a CloudFormation template with the local files that it
// refers to, as `aws cloudformation package` finds them. It asks AWS nothing;
// where the files go is decided when the stack is deployed.
package stack

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/pack"
	"falkirk/internal/pack/bundle"
	"falkirk/internal/pack/tree"
	"falkirk/internal/regular"
)

// Kind is the word for these components in the app file.
const Kind = "stack"

// Settings is the block of a stack.
type Settings struct {
	Template string `json:"template" yaml:"template" jsonschema:"required,minLength=1,description=the CloudFormation template (YAML or JSON); relative to the app file's folder. Local files that it names are packed with it"`
}

// Check refuses a template outside of the app's folder, which would be looked for
// in another place.
func (s Settings) Check() []fault.Problem {
	if !isAbsolute(s.Template) {
		return nil
	}
	return []fault.Problem{{
		Path: []string{"template"}, Text: fmt.Sprintf("%s is an absolute path", s.Template), Want: "a path relative to the app file's folder",
	}}
}

// New makes the packer of stacks.
func New(kit pack.Kit) pack.Packer { return packer{kit} }

type packer struct{ kit pack.Kit }

// largest is far above what CloudFormation takes and far below what hurts.
const largest = 4 << 20

// most is what CloudFormation takes of a template in a bucket.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
const most = 1 << 20

// deepest bounds templates inside of templates.
const deepest = 8

// Pack implements pack.Packer.
func (p packer) Pack(ctx context.Context, root string, c delivery.Component, report func(delivery.Progress)) (delivery.Artifact, error) {
	var s Settings
	if err := json.Unmarshal(c.Settings, &s); err != nil {
		return delivery.Artifact{}, fault.New(fault.Invalid, "settings: %w", err)
	}
	w := &work{packer: p, root: root, report: report, sizes: map[string]int64{}}
	t, err := w.template(ctx, filepath.FromSlash(s.Template), 0)
	if err != nil {
		return delivery.Artifact{}, err
	}
	raw, err := json.Marshal(delivery.Stack{Schema: 1, Template: t})
	if err != nil {
		return delivery.Artifact{}, err
	}
	digest, err := p.kit.WriteBytes(ctx, raw)
	w.sizes[digest] = int64(len(raw))
	var sum int64
	for _, n := range w.sizes {
		sum += n
	}
	return delivery.Artifact{
		Component: c.Name, Kind: Kind, Digest: digest, MediaType: delivery.StackMediaType, Size: sum, Count: len(w.sizes) - 1,
	}, err
}

// work is one stack being packed.
type work struct {
	packer
	root   string
	report func(delivery.Progress)
	sizes  map[string]int64 // by digest
}

// template packs a template and what it refers to; the path is relative to the
// root, those in it to its own folder.
func (w *work) template(ctx context.Context, path string, depth int) (delivery.Template, error) {
	if depth > deepest {
		return delivery.Template{}, tooDeep(path)
	}
	text, err := readFile(filepath.Join(w.root, path))
	if err != nil {
		return delivery.Template{}, err
	}
	ready, err := references(path, text)
	if err != nil {
		return delivery.Template{}, err
	}
	for _, note := range ready.notes {
		w.report(delivery.Progress{Unit: delivery.UnitWarning, Note: note})
	}
	t := delivery.Template{Size: int64(len(ready.text))}
	for _, f := range ready.found {
		r, err := w.reference(ctx, path, f, depth)
		if err != nil {
			return delivery.Template{}, fmt.Errorf("%s:%d:%d: %s: %w", path, f.line, f.column, f.where, err)
		}
		t.References = append(t.References, r)
	}
	slices.SortFunc(t.References, func(a, b delivery.Reference) int { return a.Offset - b.Offset })
	if t.Digest, err = w.kit.WriteBytes(ctx, ready.text); err == nil {
		w.sizes[t.Digest] = t.Size
	}
	return t, err
}

func (w *work) reference(ctx context.Context, template string, f found, depth int) (delivery.Reference, error) {
	r := delivery.Reference{Offset: f.Offset, Length: f.Length, Where: f.where, Form: f.form}
	path, err := inFolder(template, f.path)
	if err != nil {
		return r, err
	}
	if f.nested {
		t, err := w.template(ctx, path, depth+1)
		r.Template, r.Suffix = &t, ".template"
		return r, err
	}
	info, err := os.Stat(filepath.Join(w.root, path))
	if err != nil {
		err := fault.New(fault.Invalid, "there is no file or folder %s", path)
		return r, fault.Hint(err, "make it, correct the path, or write s3://BUCKET/KEY of a file that is in S3 already")
	}
	if f.single && info.IsDir() {
		return r, fault.New(fault.Invalid, "%s is a folder, and a file is included", path)
	}
	r.Suffix = filepath.Ext(path)
	zipped := info.IsDir() || f.zip && !isArchive(filepath.Join(w.root, path))
	if zipped {
		r.Suffix = ".zip"
	}
	r.Digest, r.Size, err = w.content(ctx, path, info.IsDir(), zipped)
	w.sizes[r.Digest] = r.Size
	return r, err
}

// inFolder is a path that a template names, relative to the app's folder. A path out
// of it is refused: a release must be the same on every machine.
func inFolder(template, path string) (string, error) {
	if isAbsolute(path) {
		err := fault.New(fault.Invalid, "%q is an absolute path", path)
		return "", fault.Hint(err, "copy the file into the app's folder, and write its path relative to the folder of the template")
	}
	local := filepath.Join(filepath.Dir(template), filepath.FromSlash(path))
	if !filepath.IsLocal(local) {
		err := fault.New(fault.Invalid, "%q leads out of the app's folder", path)
		return "", fault.Hint(err, "copy the file into the app's folder, and correct the path")
	}
	return local, nil
}

// isAbsolute reports whether a path does not begin in the folder of what names it.
func isAbsolute(path string) bool {
	return strings.HasPrefix(path, "/") || filepath.IsAbs(filepath.FromSlash(path))
}

// content stores a file, or a zip archive of it or of a folder.
func (w *work) content(ctx context.Context, path string, dir, zipped bool) (string, int64, error) {
	blob, err := w.kit.Write(ctx)
	if err != nil {
		return "", 0, err
	}
	defer blob.Discard()
	if zipped {
		err = w.zip(ctx, blob, path, dir)
	} else {
		err = copyFile(blob, filepath.Join(w.root, path))
	}
	if err != nil {
		return "", 0, err
	}
	return blob.Commit(ctx)
}

func (w *work) zip(ctx context.Context, out io.Writer, path string, dir bool) error {
	folder, only := path, ""
	if !dir {
		folder, only = filepath.Split(path)
	}
	files, err := tree.Files(ctx, w.root, filepath.ToSlash(filepath.Clean(folder)), nil, w.kit.LeaveOwn())
	if err != nil {
		return err
	}
	if only != "" {
		files = slices.DeleteFunc(files, func(f tree.File) bool { return f.Path != only })
	}
	return bundle.Write(ctx, out, w.kit.Deflate, files, w.report)
}

// isArchive reports whether a file is a zip archive, as is a .jar or a .whl.
func isArchive(path string) bool {
	f, err := regular.Open(path)
	if err != nil {
		return false // told where it is read
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return false
	}
	_, err = zip.NewReader(f, info.Size())
	return err == nil
}

func copyFile(w io.Writer, path string) error {
	f, err := regular.Open(path)
	if err != nil {
		return fault.New(fault.Invalid, "%w", err)
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}

func readFile(path string) ([]byte, error) {
	f, err := regular.Open(path)
	if err != nil {
		return nil, fault.New(fault.Invalid, "read the template: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, largest+1))
	switch {
	case err != nil:
		return nil, fault.New(fault.Invalid, "read the template: %w", err)
	case len(text) > largest:
		return nil, fault.New(fault.Invalid, "the template %s is larger than %d bytes", path, largest)
	case len(bytes.TrimSpace(text)) == 0:
		return nil, fault.New(fault.Invalid, "the template %s is empty", path)
	}
	return text, nil
}
