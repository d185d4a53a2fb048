package stack

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"falkirk/internal/bucket/file"
	"falkirk/internal/deflate"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/pack"
	"falkirk/internal/release"
)

const mainTemplate = `# äöü before it: columns count characters
Transform: AWS::Serverless-2016-10-31
Resources:
  Fn:
    Type: AWS::Lambda::Function
    Properties:
      Code: fn   # a folder
      Role: !GetAtt Role.Arn
      Environment: {Variables: {STAGE: !Sub "${AWS::StackName}-x"}}
  One:
    Type: AWS::Lambda::Function
    Properties: {Code: "one.py", Runtime: python3.13}
  Inner:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: nested/queue.json
  There:
    Type: AWS::Lambda::Function
    Properties:
      Code: {S3Bucket: b, S3Key: k}
  Api:
    Type: AWS::Serverless::Api
    Properties:
      DefinitionBody:
        Fn::Transform: {Name: AWS::Include, Parameters: {Location: 'api.yaml'}}
  Job:
    Type: AWS::Glue::Job
    Properties:
      Command: {ScriptLocation: s3://there/already.py}
`

// packed packs a folder of files and reads the manifest.
func packed(t *testing.T, files map[string]string) (delivery.Artifact, delivery.Template, *release.Store, error) {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	store := release.New(file.New(t.TempDir()))
	p := New(pack.Kit{Store: store, Deflate: deflate.New(nil)})
	a, err := p.Pack(t.Context(), root, delivery.Component{Name: "infra", Kind: Kind, Settings: json.RawMessage(`{"template":"infra/app.yaml"}`)}, func(delivery.Progress) {})
	if err != nil {
		return a, delivery.Template{}, store, err
	}
	var s delivery.Stack
	if err := json.Unmarshal(blob(t, store, a.Digest), &s); err != nil {
		t.Fatal(err)
	}
	return a, s.Template, store, nil
}

func blob(t *testing.T, store *release.Store, digest string) []byte {
	t.Helper()
	r, err := store.Open(context.WithoutCancel(t.Context()), digest)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	raw, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func files() map[string]string {
	return map[string]string{
		"infra/app.yaml":          mainTemplate,
		"infra/fn/main.py":        "def handler(e, c): return 1",
		"infra/one.py":            "def handler(e, c): return 2",
		"infra/api.yaml":          "openapi: 3.0.1",
		"infra/nested/queue.json": `{"Resources": {"Fn": {"Type": "AWS::Lambda::Function", "Properties": {"Code": "code.zip"}}}}`,
		"infra/nested/code.zip":   "PK",
	}
}

func TestReferences(t *testing.T) {
	t.Parallel()
	a, got, store, err := packed(t, files())
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, r := range got.References {
		found = append(found, strings.Join([]string{mainTemplate[r.Offset : r.Offset+r.Length], r.Where, string(r.Form), r.Suffix}, " "))
	}
	want := []string{
		"fn Resources.Fn.Properties.Code S3Bucket .zip",
		`"one.py" Resources.One.Properties.Code S3Bucket .zip`,
		"nested/queue.json Resources.Inner.Properties.TemplateURL url .template",
		"'api.yaml' Resources.Api.Properties.DefinitionBody.Fn::Transform.Parameters.Location uri .yaml",
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Error(diff)
	}
	inner := got.References[2].Template
	if inner == nil || len(inner.References) != 1 || inner.References[0].Suffix != ".zip" {
		t.Errorf("the nested template is %+v", inner)
	}
	if string(blob(t, store, got.Digest)) != mainTemplate {
		t.Error("the template is not kept byte for byte")
	}
	if raw := blob(t, store, got.References[1].Digest); !strings.HasPrefix(string(raw), "PK\x03\x04") {
		t.Errorf("a single file of a function is no archive: %.10q", raw)
	}
	again, _, _, err := packed(t, files())
	if err != nil || again.Digest != a.Digest {
		t.Errorf("packed again it is %s and not %s: %v", again.Digest, a.Digest, err)
	}
	more := files()
	more["infra/nested/code.zip"] = "PK!"
	if other, _, _, _ := packed(t, more); other.Digest == a.Digest {
		t.Error("a change in a nested file changes nothing")
	}
}

func TestBadTemplates(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(map[string]string)
		want   string
	}{
		"missing folder": {func(m map[string]string) { delete(m, "infra/fn/main.py") }, "infra/app.yaml:7:13: Resources.Fn.Properties.Code: there is no file or folder infra/fn"},
		"leads out": {func(m map[string]string) {
			m["infra/app.yaml"] = strings.Replace(mainTemplate, "Code: fn ", "Code: ../../fn ", 1)
		}, "leads out of the app's folder"},
		"an absolute path": {func(m map[string]string) {
			m["infra/app.yaml"] = strings.Replace(mainTemplate, "Code: fn ", "Code: /infra/fn ", 1)
			m["infra/infra/fn/x"] = "x"
		}, `"/infra/fn" is an absolute path`},
		"an absolute path of a template": {func(m map[string]string) {
			m["infra/app.yaml"] = strings.Replace(mainTemplate, "nested/queue.json", "/nested/queue.json", 1)
		}, `"/nested/queue.json" is an absolute path`},
		"an absolute path of an include": {func(m map[string]string) {
			m["infra/app.yaml"] = strings.Replace(mainTemplate, "'api.yaml'", "/api.yaml", 1)
		}, `"/api.yaml" is an absolute path`},
		"an include of a folder": {func(m map[string]string) {
			m["infra/app.yaml"] = strings.Replace(mainTemplate, "'api.yaml'", "fn", 1)
		}, "infra/fn is a folder, and a file is included"},
		"no template":     {func(m map[string]string) { delete(m, "infra/app.yaml") }, "read the template"},
		"empty":           {func(m map[string]string) { m["infra/app.yaml"] = " \n" }, "is empty"},
		"no resources":    {func(m map[string]string) { m["infra/app.yaml"] = "Outputs: {}" }, "it has no Resources"},
		"not yaml":        {func(m map[string]string) { m["infra/app.yaml"] = "a: [\n b: }" }, "infra/app.yaml:"},
		"nested not yaml": {func(m map[string]string) { m["infra/nested/queue.json"] = "{" }, "Resources.Inner.Properties.TemplateURL"},
		"itself": {func(m map[string]string) {
			m["infra/nested/queue.json"] = `{"Resources": {"S": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "queue.json"}}}}`
		}, "more than 8 deep"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := files()
			test.change(m)
			_, _, _, err := packed(t, m)
			if err == nil || !strings.Contains(err.Error(), test.want) || fault.KindOf(err) != fault.Invalid {
				t.Errorf("got %v (%v), want %q", err, fault.KindOf(err), test.want)
			}
		})
	}
}

func TestTheTemplateIsInTheAppsFolder(t *testing.T) {
	t.Parallel()
	for template, want := range map[string]int{"infra/app.yaml": 0, "/opt/app.yaml": 1} {
		if got := (Settings{Template: template}).Check(); len(got) != want {
			t.Errorf("%s: %+v", template, got)
		}
	}
}

func FuzzReferences(f *testing.F) {
	f.Add([]byte(mainTemplate))
	f.Add([]byte("A: &a {a, ? b, c: }\nB: {<<: *a, <<: {a: 1}}\nResources: {J: {Type: AWS::Glue::Job, Properties: {Command: {}}}}\n"))
	f.Add([]byte(`{"Resources": {"Fn": {"Type": "AWS::Lambda::Function", "Properties": {"Code": "code.zip"}}}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := references("t", text)
		if fault.Is(err, fault.Internal) {
			t.Error(err)
		}
		if err != nil {
			return
		}
		for _, x := range all.found {
			if x.Offset < 0 || x.Offset+x.Length > len(all.text) {
				t.Errorf("%+v is not in the text", x)
			}
		}
	})
}
