package template_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"falkirk/internal/template"
)

// A dynamic reference is found however a template writes it: in functions, with
// escapes, as JSON, in any section; and not in what is no value.
func TestUnversionedReferencesInEveryForm(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		`A: !Sub "{{resolve:ssm:${N}}}"`:                                        {"{{resolve:ssm:${N}}}"},
		`A: {"Fn::Sub": "x{{resolve:ssm:/a/${N}/b}}y"}`:                         {"{{resolve:ssm:/a/${N}/b}}"},
		`A: !Sub "{{resolve:ssm:/a:${V}}}"`:                                     nil,
		`A: !Sub "{{resolve:ssm-secure:${N}:3}}"`:                               nil,
		`A: !Sub "{{resolve:secretsmanager:${S}:SecretString:password}}"`:       {"{{resolve:secretsmanager:${S}:SecretString:password}}"},
		`A: !Sub "{{resolve:secretsmanager:${S}:SecretString:password::${V}}}"`: nil,
		`A: !Sub "{{resolve:secretsmanager:arn:${AWS::Partition}:secretsmanager:${AWS::Region}:1:secret:a:SecretString:p::v}}"`: nil,
		`A: !Sub "{{resolve:${Kind}:/a}}"`:                                                 {"{{resolve:${Kind}:/a}}"},
		`A: !Sub ["{{resolve:ssm:${N}}}", {N: !Ref P}]`:                                    {"{{resolve:ssm:${P}}}"},
		`A: !Sub ["{{resolve:ssm:${N}}}", {N: "/a:3"}]`:                                    nil,
		`A: !Sub ["x${N}", {N: !If [c, "{{resolve:ssm:/a}}", b]}]`:                         {"{{resolve:ssm:/a}}"},
		`A: !Join ["", ["{{resolve:secretsmanager:", !Ref S, ":SecretString:password}}"]]`: {"{{resolve:secretsmanager:${S}:SecretString:password}}"},
		`A: !Join [":", ["{{resolve:ssm", /a, "4}}"]]`:                                     nil,
		`A: {"Fn::Join": ["", ["{{resolve:ssm:", {"Fn::GetAtt": [A, B]}, "}}"]]}`:          {"{{resolve:ssm:${...}}}"},
		`A: !Join ["", ["a", !Select [0, ["{{resolve:ssm:/a}}"]]]]`:                        {"{{resolve:ssm:/a}}"},
		`A: !Join ["", !Split [",", "{{resolve:ssm:/a}}"]]`:                                {"{{resolve:ssm:/a}}"},
		`A: "{{resolve:ssm:/a}}{{resolve:ssm:/b:1}}{{resolve:ssm:/c}}"`:                    {"{{resolve:ssm:/a}}", "{{resolve:ssm:/c}}"},
		`A: "{{resolve:ss\` + "\n" + `  m:/a}}"`:                                           {"{{resolve:ssm:/a}}"},
		`A: "\x7b{resolve:ssm:/a}}"`:                                                       {"{{resolve:ssm:/a}}"},
		`{"A": "\u007b{resolve:ssm:/a}}"}`:                                                 {"{{resolve:ssm:/a}}"},
		"A: >-\n  {{resolve:ssm:/a}}\n":                                                    {"{{resolve:ssm:/a}}"},
		"A: !Base64\n  Fn::Sub: |\n    p={{resolve:ssm:${N}}}\n":                           {"{{resolve:ssm:${N}}}"},
		`A: "{{resolve:ssm:"`:                                                              {"{{resolve:ssm:"},
		"# {{resolve:ssm:/a}}\nA: b":                                                       nil,
		`A: "resolve:ssm:/a"`:                                                              nil,
		`A: "{{resolve:ssmx:/a}}"`:                                                         nil,
	} {
		tpl, err := template.Parse("t", []byte(text))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if diff := cmp.Diff(want, tpl.Unversioned()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", text, diff)
		}
		if tpl.ReadsElsewhere() != (len(want) > 0) {
			t.Errorf("%s: reads elsewhere %t", text, tpl.ReadsElsewhere())
		}
	}
}
