package stack

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
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
	"falkirk/test/cloud"
	"falkirk/test/conditional"
	"falkirk/test/peers"
)

// meant is what an upload means, by package.py.
type meant struct {
	CLI        any    `json:"cli"`
	Ours       any    `json:"ours"`
	Refused    string `json:"refused"`    // by the CLI
	Unreadable string `json:"unreadable"` // for the CLI
}

// What Falkirk uploads means the same as what `aws cloudformation package`
// uploads: for the public templates, and for templates in every form that names
// local files, with each kind of line end and mark.
func TestUploadsMeanWhatTheAWSCLIUploads(t *testing.T) {
	t.Parallel()
	server := (&cloud.Server{}).At(conditional.Memory(t))
	cli := server.CLI(t)
	for _, bucket := range []string{"cli", "ours"} {
		cli.Must(t, "s3api", "create-bucket", "--bucket", bucket)
	}
	ask := packager(t, server)
	templates := publicTemplates(t)
	for name, files := range forms(t) {
		templates[name] = files
	}
	differences, found := 0, 0
	for name, files := range templates {
		root := t.TempDir()
		write(t, root, files)
		text, references, err := uploaded(t, server, root)
		found += references
		got := ask(root, text)
		switch {
		case err != nil && got.Refused == "" && isNoTemplate(err), err == nil && strings.Contains(got.Refused, listOfTransforms):
			continue
		case err != nil && got.Refused == "":
			t.Errorf("%s: the AWS CLI takes it: %v", name, err)
		case err == nil && got.Refused != "":
			t.Errorf("%s: the AWS CLI refuses it: %s", name, got.Refused)
		case got.Unreadable != "":
			t.Errorf("%s: the AWS CLI cannot read what was uploaded: %s\n%s", name, got.Unreadable, text)
		case cmp.Equal(got.CLI, got.Ours):
			continue
		default:
			t.Errorf("%s: the AWS CLI (-) and Falkirk (+) upload different things:\n%s", name, cmp.Diff(got.CLI, got.Ours))
		}
		differences++
	}
	t.Logf("compared %d templates with %d local files in them: %d differences", len(templates), found, differences)
}

// isNoTemplate: CloudFormation refuses what has no resources; the AWS CLI hands it on.
func isNoTemplate(err error) bool { return strings.Contains(err.Error(), "it has no Resources") }

// listOfTransforms is how the AWS CLI fails on a list of transforms, which
// CloudFormation takes.
const listOfTransforms = "'list' object has no attribute 'get'"

// packager runs package.py.
func packager(t *testing.T, server *cloud.Server) func(folder, ours string) meant {
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
func uploaded(t *testing.T, server *cloud.Server, root string) (text string, references int, err error) {
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
