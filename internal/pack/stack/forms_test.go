package stack

import (
	"archive/zip"
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"falkirk/internal/delivery"
	"falkirk/internal/template"
)

// What is written where a path was is in exactly that place, in forms that need
// no other program to judge: see also the comparison with the AWS CLI in
// internal/target/stack.
func TestForms(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, want string }{
		"CRLF after a comment": {
			"# Team\r\n\r\nTransform: AWS::Serverless-2016-10-31\r\nResources:\r\n  F:\r\n    Type: AWS::Serverless::Function\r\n    Properties:\r\n      CodeUri: app\r\n      Handler: app.handler\r\n",
			"# Team\r\n\r\nTransform: AWS::Serverless-2016-10-31\r\nResources:\r\n  F:\r\n    Type: AWS::Serverless::Function\r\n    Properties:\r\n      CodeUri: <app>\r\n      Handler: app.handler\r\n",
		},
		"a byte order mark goes": {"\ufeffResources: {F: {Type: AWS::Lambda::Function, Properties: {Code: a}}}", "Resources: {F: {Type: AWS::Lambda::Function, Properties: {Code: <a>}}}"},
		"a list of transforms":   {"Resources: {F: {Fn::Transform: [{Name: M}, {Name: AWS::Include, Parameters: {Location: a}}]}}", "Resources: {F: {Fn::Transform: [{Name: M}, {Name: AWS::Include, Parameters: {Location: <a>}}]}}"},
		"a transform on top":     {"Transform: {Name: AWS::Include, Parameters: {Location: a}}\n", "Transform: {Name: AWS::Include, Parameters: {Location: <a>}}\n"},
		"the globals of SAM": {
			"Globals: {Function: {CodeUri: a}, Api: {DefinitionUri: b}}\nResources: {F: {Type: AWS::Serverless::Function, Properties: {Handler: h}}}\n",
			"Globals: {Function: {CodeUri: <a>}, Api: {DefinitionUri: <b>}}\nResources: {F: {Type: AWS::Serverless::Function, Properties: {Handler: h}}}\n",
		},
		"code in the template or an image": {
			"Resources: {F: {Type: AWS::Serverless::Function, Properties: {InlineCode: x}}, G: {Type: AWS::Serverless::Function, Properties: {ImageUri: x}}, H: {Type: AWS::Serverless::Function, Properties: {PackageType: Image}}}\n",
			"Resources: {F: {Type: AWS::Serverless::Function, Properties: {InlineCode: x}}, G: {Type: AWS::Serverless::Function, Properties: {ImageUri: x}}, H: {Type: AWS::Serverless::Function, Properties: {PackageType: Image}}}\n",
		},
		"the last of two": {"Resources: {F: {Type: AWS::Lambda::Function, Properties: {Code: a, Code: b}}}", "Resources: {F: {Type: AWS::Lambda::Function, Properties: {Code: a, Code: <b>}}}"},
		"an alias is expanded, comments stay": {
			"Resources:\n  # first\n  F: {Type: AWS::Lambda::Function, Properties: {Code: &c a}} # here\n  G: {Type: AWS::Lambda::Function, Properties: {Code: *c}}\n",
			"Resources:\n  # first\n  F: {Type: 'AWS::Lambda::Function', Properties: {Code: <a>}} # here\n  G: {Type: 'AWS::Lambda::Function', Properties: {Code: <a>}}\n",
		},
		"an address becomes an object": {
			"Resources:\n  # first\n  F: {Type: AWS::Lambda::Function, Properties: {Code: 's3://b/k?versionId=3'}} # here\n  G: {Type: AWS::Lambda::Function, Properties: {Code: a}}\n",
			"Resources:\n  # first\n  F: {Type: 'AWS::Lambda::Function', Properties: {Code: {\"S3Bucket\": \"b\", \"S3Key\": \"k\", \"S3ObjectVersion\": \"3\"}}} # here\n" +
				"  G: {Type: 'AWS::Lambda::Function', Properties: {Code: <a>}}\n",
		},
		"an address that is a text stays": {"Resources: {J: {Type: AWS::Glue::Job, Properties: {Command: {ScriptLocation: 's3://b/k?versionId=3'}}}}\n", "Resources: {J: {Type: AWS::Glue::Job, Properties: {Command: {ScriptLocation: 's3://b/k?versionId=3'}}}}\n"},
		"of two merges the later one":     {"A: &a {Code: a}\nB: &b {Code: b}\nResources: {F: {Type: T, P: {<<: *a, <<: *b}}}\n", "A: {Code: a}\nB: {Code: b}\nResources: {F: {Type: T, P: {Code: b}}}\n"},
		"a repeated key in a merge":       {"A: &a {Code: a, Code: b}\nResources: {F: {Type: T, P: {<<: *a}}}\n", "A: {Code: a, Code: b}\nResources: {F: {Type: T, P: {Code: b}}}\n"},
		"a command that a function gives": {"Resources: {J: {Type: AWS::Glue::Job, Properties: {Command: !If [A, {Name: a}, {Name: b}]}}, K: {Type: AWS::Glue::Job, Properties: {Command: {Fn::If: [A, b, c]}}}}\n", "Resources: {J: {Type: AWS::Glue::Job, Properties: {Command: !If [A, {Name: a}, {Name: b}]}}, K: {Type: AWS::Glue::Job, Properties: {Command: {Fn::If: [A, b, c]}}}}\n"},
		"null in a flow form":             {"A: &a x\nB: *a\nResources: {F: {Type: T, P: {a, b: }}}\n", "A: x\nB: x\nResources: {F: {Type: T, P: {a: null, b: null}}}\n"},
		"a resource that is overwritten":  {"Resources: {F: {Type: AWS::Lambda::Function, Properties: {Code: a}}, F: {Type: AWS::Lambda::Function, Properties: {Code: b}}}\n", "Resources: {F: {Type: AWS::Lambda::Function, Properties: {Code: a}}, F: {Type: AWS::Lambda::Function, Properties: {Code: <b>}}}\n"},
		"an include far down":             {"Resources: {F: " + strings.Repeat("[", 150) + "{Fn::Transform: {Name: AWS::Include, Parameters: {Location: a}}}" + strings.Repeat("]", 150) + "}\n", "Resources: {F: " + strings.Repeat("[", 150) + "{Fn::Transform: {Name: AWS::Include, Parameters: {Location: <a>}}}" + strings.Repeat("]", 150) + "}\n"},
		"aliases without files":           {"A: &a [x]\nResources: {F: {Type: T, P: *a}}\n", "A: [x]\nResources: {F: {Type: T, P: [x]}}\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := references("app.yaml", []byte(test.text))
			if err != nil {
				t.Fatal(err)
			}
			var spans []template.Span
			for _, f := range got.found {
				spans = append(spans, f.Span)
			}
			now, err := template.Splice(got.text, spans, func(i int) string { return "<" + got.found[i].path + ">" })
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, now); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRefusedForms(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, want string }{
		"a number as a path":               {"Resources:\n  F: {Type: AWS::Lambda::Function, Properties: {Code: 123}}", "app.yaml:2:55: Resources.F.Properties.Code: 123 is not a text; write a path in quotes"},
		"an address of another sort":       {"Resources:\n  F: {Type: AWS::Lambda::Function, Properties: {Code: 'https://b/k'}}", `app.yaml:2:55: Resources.F.Properties.Code: "https://b/k" is not the address of an object that CloudFormation reads here; write s3://BUCKET/KEY, or a path`},
		"an address of a file":             {"Resources:\n  S: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: 'file://x'}}", `"file://x" is not the address`},
		"a bucket without a key":           {"Resources:\n  J: {Type: AWS::Glue::Job, Properties: {Command: {ScriptLocation: 's3://b'}}}", `"s3://b" is not the address`},
		"larger than CloudFormation takes": {"Resources: {A: {Type: T, P: '" + strings.Repeat("x", 1<<20) + "'}}", "bytes with aliases written out; CloudFormation takes 1048576"},
		"large by aliases":                 {"A: &a '" + strings.Repeat("x", 1<<18) + "'\nB: [*a, *a, *a, *a]\nResources: {}\n", "CloudFormation takes 1048576"},
		"a loop of two":                    {"Resources:\n  Fn::ForEach::L: [x, [a]]", "app.yaml:2:19: Resources.Fn::ForEach::L: a loop is a list of three"},
		"not UTF-8":                        {"Resources: {A: \xff}", "app.yaml is not UTF-8 text"},
		"the place of a byte":              {"Resources:\n  A: \xff", "app.yaml:2:6: byte 0xff"},
		"a control character":              {"Resources:\n  A: \"x\x01\"", "app.yaml:2:8: control character 0x01, which YAML does not take"},
		"a control character in JSON":      {"{\"Resources\":\n{\"A\": \"x\x1b\"}}", "app.yaml:2:9: control character 0x1b"},
		"UTF-16":                           {"\xff\xfeR\x00:\x00", "app.yaml is not UTF-8 text"},
		"a command that is a text":         {"Resources:\n  J: {Type: AWS::Glue::Job, Properties: {Command: x}}", "app.yaml:2:51: Resources.J.Properties.Command: it is no mapping"},
		"an empty address of a template":   {"Resources:\n  S: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: ''}}", "app.yaml:2:67: Resources.S.Properties.TemplateURL: it is empty"},
		"a merge of a text":                {"Resources:\n  A: {<<: x}\n", "app.yaml: line 2: << is no mapping"},
		"a merge of null":                  {"Resources:\n  A: {<<: }\n", "app.yaml: line 2: << is no mapping"},
		"a merge of a list with a text":    {"Resources:\n  A: {<<: [{a: b}, x]}\n", "app.yaml: line 2: << is no mapping"},
		"two documents":                    {"Resources: {}\n---\nResources: {}\n", "more than one document"},
		"a list":                           {"- a\n", "it is no mapping"},
		"an alias of itself":               {"Resources: &r\n  A: *r\n", "line 2: alias *r leads to itself"},
		"aliases of aliases":               {bomb(), "too many values"},
		"an alias without anchor":          {"Resources: *x\n", "app.yaml:1:"},
		"an error in its line":             {"Resources:\n  A: b: c\n", "app.yaml:2:"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := references("app.yaml", []byte(test.text)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// bomb is a small text that aliases make very large.
func bomb() string {
	var b strings.Builder
	b.WriteString("A0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for _, i := range []string{"01", "12", "23", "34", "45", "56", "67", "78"} {
		from := "*a" + i[:1]
		b.WriteString("A" + i[1:] + ": &a" + i[1:] + " [" + strings.Repeat(from+", ", 9) + from + "]\n")
	}
	return b.String() + "Resources: {}\n"
}

// A key that is there twice is said, and so is a folder that is packed without
// being named.
func TestNotes(t *testing.T) {
	t.Parallel()
	got, err := references("app.yaml", []byte("Resources:\n  A: {Type: x}\n  F: {Type: AWS::Lambda::Function, Properties: {Role: r}}\n  J: {Type: AWS::Glue::Job, Properties: {Command: {Name: glueetl}}}\nOutputs:\n  O: {Value: 1}\n  O: {Value: 2}\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"app.yaml:3: Resources.F.Properties has no Code: the folder of the template is packed for it, as the AWS CLI does",
		"app.yaml:4: Resources.J.Properties.Command has no ScriptLocation: the folder of the template is packed for it, as the AWS CLI does",
		"app.yaml: Outputs.O is in lines 6 and 7; the last one counts",
	}
	if diff := cmp.Diff(want, got.notes); diff != "" {
		t.Error(diff)
	}
}

// What of an address is not used is said.
func TestPartsOfAddressesThatAreNotUsed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"{Type: AWS::ElasticBeanstalk::ApplicationVersion, Properties: {SourceBundle: 's3://b/k?versionId=3'}}": true,
		"{Type: AWS::ElasticBeanstalk::ApplicationVersion, Properties: {SourceBundle: 's3://b/k'}}":             false,
		"{Type: AWS::Lambda::Function, Properties: {Code: 's3://b/k?versionId=3'}}":                             false,
		"{Type: AWS::Lambda::Function, Properties: {Code: 's3://b/k#3'}}":                                       true,
		"{Type: AWS::Lambda::Function, Properties: {Code: 's3://b/k;3'}}":                                       true,
		"{Type: AWS::Lambda::Function, Properties: {Code: 's3://b/k?versionId=3&versionId=4'}}":                 true,
	} {
		got, err := references("app.yaml", []byte("Resources: {R: "+text+"}\n"))
		if err != nil {
			t.Fatal(err)
		}
		said := len(got.notes) == 1 && strings.Contains(got.notes[0], "only the bucket b and the key k are used")
		if said != want || len(got.notes) > 1 {
			t.Errorf("%s: %q", text, got.notes)
		}
	}
}

// Whether a single file is packed as an archive is told by its content, as the
// AWS CLI does: a .zip that is none would be refused by AWS Lambda.
func TestArchivesAreToldByContent(t *testing.T) {
	t.Parallel()
	var archive bytes.Buffer
	if err := zip.NewWriter(&archive).Close(); err != nil {
		t.Fatal(err)
	}
	_, got, store, err := packed(t, map[string]string{
		"infra/app.yaml": "Resources:\n  A: {Type: AWS::Lambda::Function, Properties: {Code: a.war}}\n  B: {Type: AWS::Lambda::Function, Properties: {Code: b.zip}}\n",
		"infra/a.war":    archive.String(), "infra/b.zip": "text",
	})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(blob(t, store, got.References[0].Digest), archive.Bytes()) {
		t.Error("an archive is packed again")
	}
	if raw := blob(t, store, got.References[1].Digest); !bytes.HasPrefix(raw, []byte("PK")) || got.References[1].Suffix != ".zip" || got.References[1].Form != delivery.FormS3Bucket {
		t.Errorf("what is no archive is not packed: %.10q", raw)
	}
}
