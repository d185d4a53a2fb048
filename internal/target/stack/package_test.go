package stack

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"falkirk/internal/bucket/file"
	"falkirk/internal/deflate"
	"falkirk/internal/delivery"
	"falkirk/internal/pack"
	packstack "falkirk/internal/pack/stack"
	"falkirk/internal/release"
	"falkirk/test/emulators"
	"falkirk/test/peers"
	"falkirk/test/s3proxy"
)

// meant is what an upload means, by package.py.
type meant struct {
	CLI        any     `json:"cli"`
	Ours       any     `json:"ours"`
	Refused    string  `json:"refused"`    // by the CLI
	Unreadable string  `json:"unreadable"` // for the CLI
	Properties []knows `json:"properties"`
}

// knows is a type, a property of it, and the section where the CLI looks for it.
type knows [3]string

// comparison is with one run of the AWS CLI.
type comparison struct {
	server                        *emulators.Server
	ask                           func(folder, ours string) meant
	templates, files, differences int
}

func compareWithCLI(t *testing.T) *comparison {
	t.Helper()
	server := (&emulators.Server{}).At(s3proxy.Memory(t))
	cli := server.CLI(t)
	for _, bucket := range []string{"cli", "ours"} {
		cli.Must(t, "s3api", "create-bucket", "--bucket", bucket)
	}
	return &comparison{server: server, ask: packager(t, server)}
}

// template compares what is uploaded of app.yaml in a folder of files.
func (c *comparison) template(t *testing.T, name string, files map[string][]byte) {
	t.Helper()
	root := t.TempDir()
	write(t, root, files)
	text, references, err := uploaded(t, c.server, root)
	c.templates, c.files = c.templates+1, c.files+references
	got := c.ask(root, text)
	switch {
	case err != nil && got.Refused == "" && isNoTemplate(err), err == nil && strings.Contains(got.Refused, listOfTransforms),
		err != nil && got.Refused != "":
		return
	case err != nil && got.Refused == "":
		t.Errorf("%s: the AWS CLI takes it: %v", name, err)
	case err == nil && got.Refused != "":
		t.Errorf("%s: the AWS CLI refuses it: %s", name, got.Refused)
	case got.Unreadable != "":
		t.Errorf("%s: the AWS CLI cannot read what was uploaded: %s\n%s", name, got.Unreadable, text)
	case cmp.Equal(got.CLI, got.Ours):
		return
	default:
		t.Errorf("%s: the AWS CLI (-) and Falkirk (+) upload different things:\n%s", name, cmp.Diff(got.CLI, got.Ours))
	}
	c.differences++
}

func (c *comparison) say(t *testing.T) {
	t.Helper()
	t.Logf("compared %d templates with %d local files in them: %d differences", c.templates, c.files, c.differences)
}

// What Falkirk uploads means the same as what `aws cloudformation package`
// uploads: for the public templates, and for templates in every form that names
// local files, with each kind of line end and mark.
func TestUploadsMeanWhatTheAWSCLIUploads(t *testing.T) {
	t.Parallel()
	c := compareWithCLI(t)
	templates := publicTemplates(t)
	for name, files := range forms(t) {
		templates[name] = files
	}
	for name, files := range templates {
		c.template(t, name, files)
	}
	c.say(t)
}

// What stands in the place of a local path means the same as to the AWS CLI, for
// every property that it looks at: addresses in S3 become objects where
// CloudFormation wants one, and what is no file is refused.
func TestAddressesMeanWhatTheyMeanToTheAWSCLI(t *testing.T) {
	t.Parallel()
	c := compareWithCLI(t)
	properties := c.ask("", "").Properties
	if len(properties) < 20 {
		t.Fatalf("the AWS CLI looks at %d properties only", len(properties))
	}
	for _, p := range properties {
		for _, value := range []any{
			"s3://b/k", "s3://b/a/b%20c.zip?versionId=3", "s3://b/k\n", "s3://b/k;x?versionId=1&versionId=2#y", "s3://b//k?versionId=a%2Bb&x=1", "s3://b/k?versionId=",
			"s3://b", "s3://b/", "s3:///k", "S3://b/k", "https://b.s3.amazonaws.com/k", "http://b/k", "file://inner.yaml", "arn:aws:s3:::b/k", "/opt/inner.yaml",
			"missing", "inner.yaml", map[string]string{"Ref": "P"},
		} {
			raw, err := json.Marshal(templateWith(p, value))
			if err != nil {
				t.Fatal(err)
			}
			c.template(t, fmt.Sprintf("%s of %s: %q", p[1], p[0], value), map[string][]byte{
				"app.yaml": raw, "inner.yaml": []byte("Resources: {T: {Type: AWS::SNS::Topic}}\n"), "opt/inner.yaml": []byte("x\n"),
			})
		}
	}
	c.say(t)
}

// A property that is missing means the same as to the AWS CLI, for every property
// that it looks at: for some, the folder of the template is packed.
func TestMissingPropertiesMeanWhatTheyMeanToTheAWSCLI(t *testing.T) {
	t.Parallel()
	c := compareWithCLI(t)
	for _, p := range c.ask("", "").Properties {
		first, _, nested := strings.Cut(p[1], ".")
		for _, properties := range []any{nil, map[string]any{}, map[string]any{first: nil}, map[string]any{first: ""}, map[string]any{first: map[string]any{}}, map[string]any{"Other": "x"}} {
			c.template(t, fmt.Sprintf("%s of %s, properties %v", p[1], p[0], properties), folderWith(t, p, properties))
		}
		if nested {
			for _, value := range []any{nil, "", map[string]any{"Ref": "P"}} {
				c.template(t, fmt.Sprintf("%s of %s: %v", p[1], p[0], value), folderWith(t, p, below(strings.Split(p[1], "."), value)))
			}
		}
	}
	c.say(t)
}

// folderWith is a folder with a template that has a resource, or metadata, with these properties.
func folderWith(t *testing.T, p knows, properties any) map[string][]byte {
	t.Helper()
	raw, err := json.Marshal(templateOf(p, properties))
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{"app.yaml": raw, "main.py": []byte("1\n")}
}

// below is a value at a path.
func below(path []string, value any) any {
	for _, key := range slices.Backward(path) {
		value = map[string]any{key: value}
	}
	return value
}

// templateWith is a template with a value of a property.
func templateWith(p knows, value any) map[string]any {
	return templateOf(p, below(strings.Split(p[1], "."), value))
}

// templateOf is a template with the properties of a resource, or with metadata.
func templateOf(p knows, value any) map[string]any {
	resources := map[string]any{"T": map[string]any{"Type": "AWS::SNS::Topic"}}
	if p[2] == "Metadata" {
		return map[string]any{"Metadata": map[string]any{p[0]: value}, "Resources": resources}
	}
	resources["R"] = map[string]any{"Type": p[0], "Properties": value}
	return map[string]any{"Resources": resources}
}

// isNoTemplate: CloudFormation refuses what has no resources; the AWS CLI hands it on.
func isNoTemplate(err error) bool { return strings.Contains(err.Error(), "it has no Resources") }

// listOfTransforms is how the AWS CLI fails on a list of transforms, which
// CloudFormation takes.
const listOfTransforms = "'list' object has no attribute 'get'"

// packager runs package.py.
func packager(t *testing.T, server *emulators.Server) func(folder, ours string) meant {
	t.Helper()
	script, err := filepath.Abs("testdata/package.py")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), peers.Program(t, "python"), script)
	cmd.Env, cmd.Stderr = server.Env(), os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); _ = cmd.Wait() })
	ask, answers := json.NewEncoder(in), json.NewDecoder(bufio.NewReader(out))
	return func(folder, ours string) (got meant) {
		t.Helper()
		if err := ask.Encode(map[string]string{"folder": folder, "ours": ours}); err != nil {
			t.Fatal(err)
		}
		if err := answers.Decode(&got); err != nil {
			t.Fatal(err)
		}
		return got
	}
}

// packed packs the template app.yaml of a folder.
func packed(t *testing.T, root string) (delivery.Artifact, *release.Store, error) {
	t.Helper()
	store := release.New(file.New(t.TempDir()))
	packer := packstack.New(pack.Kit{Store: store, Deflate: deflate.New(nil)})
	c := delivery.Component{Name: "infra", Kind: packstack.Kind, Settings: json.RawMessage(`{"template": "app.yaml"}`)}
	a, err := packer.Pack(t.Context(), root, c, func(delivery.Progress) {})
	return a, store, err
}

// spotOf is where a stack of the artifact is made.
func spotOf(a delivery.Artifact, store Store, accounts Accounts) spot {
	set := Defaults()
	set.Name = "shop"
	return spot{
		Placement: delivery.Placement{App: "shop", Place: delivery.Place{Environment: "prd", Account: "prd", Region: "us-east-1"}, Artifact: a},
		set:       set, t: New(Options{Store: store, Accounts: accounts}),
	}
}

// uploaded packs a folder and brings its files to the bucket.
func uploaded(t *testing.T, server *emulators.Server, root string) (text string, references int, err error) {
	t.Helper()
	a, store, err := packed(t, root)
	if err != nil {
		return "", 0, err
	}
	s := spotOf(a, store, served{server})
	s.set.Bucket = "ours"
	m, err := s.manifest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text, _, err = s.deploy(t.Context())
	return text, len(m.Template.References), err
}

func write(t *testing.T, root string, files map[string][]byte) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func publicTemplates(t *testing.T) map[string]map[string][]byte {
	t.Helper()
	r, err := zip.OpenReader("../../template/testdata/public.zip")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	all := map[string]map[string][]byte{}
	for _, f := range r.File {
		if ext := filepath.Ext(f.Name); ext == ".txt" || ext == ".md" {
			continue
		}
		body, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		all[f.Name] = map[string][]byte{"app.yaml": raw}
	}
	return all
}

// forms are the folders of internal/pack/stack/testdata/forms, each as it is and
// with other line ends, marks and first lines.
func forms(t *testing.T) map[string]map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob("../../pack/stack/testdata/forms/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no forms: %v", err)
	}
	all := map[string]map[string][]byte{}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(path), ".txtar")
		for variant, change := range variants(archive.Files[0].Data) {
			files := map[string][]byte{}
			for _, f := range archive.Files {
				files[f.Name] = f.Data
			}
			files["app.yaml"] = change
			all[name+" "+variant] = files
		}
	}
	return all
}

func variants(text []byte) map[string][]byte {
	crlf := bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
	all := map[string][]byte{"as it is": text, "CRLF": crlf, "no line end": bytes.TrimRight(text, "\n")}
	if text[0] != '{' { // the AWS CLI reads JSON with a mark as YAML
		all["BOM"] = append([]byte("\ufeff"), text...)
		all["BOM and CRLF"] = append([]byte("\ufeff"), crlf...)
		all["comment and blank line"] = append([]byte("# Team äöü template\r\n\r\n"), crlf...)
	}
	return all
}
