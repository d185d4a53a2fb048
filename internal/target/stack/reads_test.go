package stack

import "testing"

// A stack is proposed again with each release when what it reads from elsewhere
// may have changed: by its template, a nested one, or a value of a parameter.
func TestWhatIsReadFromElsewhereIsProposedAgain(t *testing.T) {
	t.Parallel()
	const nests = "Resources: {N: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: in.yaml}}}\n"
	const plain = "Resources: {T: {Type: AWS::SNS::Topic}}\n"
	for name, test := range map[string]struct {
		top, inner, value string
		want              bool
	}{
		"nothing":                     {nests, plain, "x", false},
		"a versioned reference":       {nests, plain, "{{resolve:ssm:/a:1}}", false},
		"a parameter":                 {plain, plain, "{{resolve:ssm:/a}}", true},
		"the template":                {"Resources: {T: {Type: AWS::SNS::Topic, Properties: {TopicName: !Sub '{{resolve:ssm:${N}}}'}}}\n", plain, "x", true},
		"a nested reference":          {nests, "Resources: {T: {Type: AWS::SNS::Topic, Properties: {TopicName: '{{resolve:ssm:/a}}'}}}\n", "x", true},
		"a nested parameter from SSM": {nests, "Parameters: {P: {Type: AWS::SSM::Parameter::Value<String>, Default: /a}}\n" + plain, "x", true},
		"a nested include":            {nests, "Resources: {T: {Type: AWS::SNS::Topic, Fn::Transform: {Name: AWS::Include, Parameters: {Location: 's3://b/k'}}}}\n", "x", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			write(t, root, map[string][]byte{"app.yaml": []byte(test.top), "in.yaml": []byte(test.inner)})
			a, store, err := packed(t, root)
			if err != nil {
				t.Fatal(err)
			}
			s := spotOf(a, store, nil)
			s.set.Parameters = map[string]string{"P": test.value}
			if _, asked, err := s.wanted(t.Context(), false); err != nil || asked.reads != test.want {
				t.Errorf("reads elsewhere: %t, %v", asked.reads, err)
			}
		})
	}
}
