package template_test

import (
	"strings"
	"testing"

	"falkirk/internal/template"
)

const (
	allowB    = `{Effect: Allow, Action: ["s3:*"], Resource: b/*}`
	allowAny  = `{Effect: Allow, Action: "s3:GetObject", Resource: "*"}`
	denyB     = `{Effect: Deny, Action: s3:DeleteObject, Resource: b/*}`
	ifTLS     = `{Effect: Allow, Action: s3:*, Resource: b/*, Condition: {Bool: {aws:SecureTransport: "true"}}}`
	roleStart = `{Type: AWS::IAM::Role, Properties: `
)

func role(properties string) string { return roleStart + "{" + properties + "}}" }

func policies(statements ...string) string {
	return role("Policies: [{PolicyName: p, PolicyDocument: {Version: 2012-10-17, Statement: [" + strings.Join(statements, ", ") + "]}}]")
}

// What can have grown is said, and only that: each case is a resource before and
// after, and what is said about it.
func TestGrants(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ old, now, want string }{
		// Widened.
		"resource moved":            {policies(allowB, allowAny), policies(`{Effect: Allow, Action: "s3:*", Resource: "*"}`), "s3:* on *"},
		"NotAction":                 {policies(`{Effect: Allow, Action: iam:*, Resource: "*"}`), policies(`{Effect: Allow, NotAction: iam:*, Resource: "*"}`), "all but iam:* on *"},
		"NotResource":               {policies(allowB), policies(`{Effect: Allow, Action: "s3:*", NotResource: b/*}`), "s3:* on all but b/*"},
		"NotAction leaves out less": {policies(`{Effect: Allow, NotAction: [iam:*, sts:*], Resource: "*"}`), policies(`{Effect: Allow, NotAction: iam:*, Resource: "*"}`), "all but iam:* on *"},
		"a Deny removed":            {policies(allowB, denyB), policies(allowB), "no longer denies s3:DeleteObject on b/*"},
		"a Deny narrowed":           {policies(allowB, denyB), policies(allowB, `{Effect: Deny, Action: s3:DeleteObject, Resource: b/x}`), "no longer denies s3:DeleteObject on b/*"},
		"a Deny with a condition":   {policies(denyB), policies(`{Effect: Deny, Action: s3:DeleteObject, Resource: b/*, Condition: {Bool: {a: "true"}}}`), "no longer denies s3:DeleteObject on b/*"},
		"Deny becomes Allow":        {policies(denyB), policies(`{Effect: Allow, Action: s3:DeleteObject, Resource: b/*}`), "no longer denies s3:DeleteObject on b/*, s3:DeleteObject on b/*"},
		"a condition removed":       {policies(ifTLS), policies(allowB), "s3:* on b/*"},
		"a condition loosened":      {policies(strings.Replace(ifTLS, `"true"`, `["true", "false"]`, 1)), policies(ifTLS), "s3:* on b/* if Bool aws:SecureTransport"},
		"one action more":           {policies(allowB), policies(allowB, `{Effect: Allow, Action: [s3:GetObject, sqs:SendMessage], Resource: b/*}`), "sqs:SendMessage on b/*"},
		"a principal":               {role(`AssumeRolePolicyDocument: {Statement: {Effect: Allow, Principal: {Service: a}, Action: sts:AssumeRole}}`), role(`AssumeRolePolicyDocument: {Statement: {Effect: Allow, Principal: {Service: [a, b]}, Action: sts:AssumeRole}}`), "sts:AssumeRole to Service:b"},
		"a principal is anybody":    {role(`AssumeRolePolicyDocument: {Statement: {Effect: Allow, Principal: {AWS: x}, Action: sts:AssumeRole}}`), role(`AssumeRolePolicyDocument: {Statement: {Effect: Allow, Principal: "*", Action: sts:AssumeRole}}`), "sts:AssumeRole to *"},
		"a managed policy":          {role(`ManagedPolicyArns: [a]`), role(`ManagedPolicyArns: [a, !Sub "arn:${AWS::Partition}:iam::aws:policy/AdministratorAccess"]`), "!Sub arn:${AWS::Partition}:iam::aws:policy/AdministratorAccess"},
		"a boundary removed":        {role(`PermissionsBoundary: b`), role(`Path: /`), `no longer limited by PermissionsBoundary "b"`},
		"a branch without a guard":  {policies(`!If [C, ` + allowB + `, !Ref AWS::NoValue]`), policies(allowB), "s3:* on b/*"},
		"a Deny in a branch":        {policies(denyB), policies(`!If [C, ` + denyB + `, !Ref AWS::NoValue]`), "no longer denies s3:DeleteObject on b/*"},
		"an unknown document":       {policies(allowB), role(`Policies: [{PolicyName: p, PolicyDocument: !FindInMap [a, b, c]}]`), "!FindInMap"},
		"an effect in a function":   {policies(), policies(`{Effect: !Ref E, Action: "*", Resource: "*"}`), `"Effect":!Ref E`},
		"a changed parameter":       {policies(`{Effect: Allow, Action: "s3:*", Resource: !Ref Changed}`), policies(`{Effect: Allow, Action: "s3:*", Resource: !Ref Changed}`), "s3:* on !Ref Changed"},
		"a Deny by a parameter":     {policies(`{Effect: Deny, Action: "s3:*", Resource: !Sub "${Changed}/*"}`), policies(`{Effect: Deny, Action: "s3:*", Resource: !Sub "${Changed}/*"}`), "no longer denies"},
		"SAM policies":              {`{Type: AWS::Serverless::Function, Properties: {Handler: h}}`, `{Type: AWS::Serverless::Function, Properties: {Policies: [AdministratorAccess]}}`, "AdministratorAccess"},
		"SAM policy":                {`{Type: AWS::Serverless::Function, Properties: {Handler: h}}`, `{Type: AWS::Serverless::Function, Properties: {Policies: AdministratorAccess}}`, "AdministratorAccess"},
		"a SAM template":            {`{Type: AWS::Serverless::Function, Properties: {Policies: [{S3ReadPolicy: {BucketName: a}}]}}`, `{Type: AWS::Serverless::Function, Properties: {Policies: [{S3ReadPolicy: {BucketName: b}}]}}`, `{"S3ReadPolicy":{"BucketName":"b"}}`},
		"a SAM statement":           {`{Type: AWS::Serverless::Function, Properties: {Handler: h}}`, `{Type: AWS::Serverless::Function, Properties: {Policies: [{Statement: [` + allowB + `]}]}}`, "s3:* on b/*"},
		"another role":              {`{Type: AWS::Lambda::Function, Properties: {Role: !GetAtt A.Arn}}`, `{Type: AWS::Lambda::Function, Properties: {Role: !GetAtt B.Arn}}`, "Role !GetAtt B.Arn"},
		"a key policy as a text":    {`{Type: AWS::KMS::Key, Properties: {KeyPolicy: '{"Statement": []}'}}`, `{Type: AWS::KMS::Key, Properties: {KeyPolicy: '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}]}'}}`, "kms:* on * to *"},
		"a key policy in Sub":       {`{Type: AWS::KMS::Key, Properties: {}}`, `{Type: AWS::KMS::Key, Properties: {KeyPolicy: !Sub '{"Statement": {"Effect": "Allow", "Principal": {"AWS": "${A}"}, "Action": "kms:*", "Resource": "*"}}'}}`, "kms:* on * to AWS:${A}"},
		"a key policy of parts":     {`{Type: AWS::KMS::Key, Properties: {}}`, `{Type: AWS::KMS::Key, Properties: {KeyPolicy: !Join ["", [a, b]]}}`, "!Join"},
		"a member of a group":       {`{Type: AWS::IAM::UserToGroupAddition, Properties: {GroupName: admins, Users: [a]}}`, `{Type: AWS::IAM::UserToGroupAddition, Properties: {GroupName: admins, Users: [a, b]}}`, "Users b"},
		"another group":             {`{Type: AWS::IAM::UserToGroupAddition, Properties: {GroupName: readers, Users: [a]}}`, `{Type: AWS::IAM::UserToGroupAddition, Properties: {GroupName: admins, Users: [a]}}`, "GroupName admins"},
		"groups of a user":          {`{Type: AWS::IAM::User, Properties: {Groups: [a]}}`, `{Type: AWS::IAM::User, Properties: {Groups: [a, b]}}`, "Groups b"},
		"roles of a policy":         {`{Type: AWS::IAM::Policy, Properties: {Roles: [!Ref A]}}`, `{Type: AWS::IAM::Policy, Properties: {Roles: [!Ref A, !Ref B]}}`, "Roles !Ref B"},
		"a source removed":          {`{Type: AWS::Lambda::Permission, Properties: {Action: a, SourceArn: x}}`, `{Type: AWS::Lambda::Permission, Properties: {Action: a}}`, `no longer limited by SourceArn "x"`},
		"no condition of its own":   {`{Type: AWS::IAM::Role, Condition: C, Properties: {Policies: [{PolicyDocument: {Statement: ` + allowB + `}}]}}`, policies(allowB), "s3:* on b/*"},

		// Not widened.
		"reordered keys":                 {policies(allowB), policies(`{Resource: b/*, Action: "s3:*", Effect: Allow}`), ""},
		"reordered values":               {policies(`{Effect: Allow, Action: [a:x, b:y], Resource: [c, d]}`), policies(`{Effect: Allow, Action: [B:Y, a:x], Resource: [d, c]}`), ""},
		"split and narrowed":             {policies(allowB), policies(`{Effect: Allow, Action: s3:Get*, Resource: b/a/*}`, `{Effect: Allow, Action: s3:PutObject, Resource: b/*}`), ""},
		"merged":                         {policies(`{Effect: Allow, Action: a:x, Resource: c}`, `{Effect: Allow, Action: b:y, Resource: c}`), policies(`{Effect: Allow, Action: [a:x, b:y], Resource: c}`), ""},
		"a condition added":              {policies(allowB), policies(ifTLS), ""},
		"a Deny added":                   {policies(allowB), policies(allowB, denyB), ""},
		"a Deny widened":                 {policies(denyB), policies(`{Effect: Deny, Action: s3:*, Resource: "*"}`), ""},
		"a boundary added":               {role(`Path: /`), role(`PermissionsBoundary: b`), ""},
		"in another policy":              {role(`Policies: [{PolicyName: a, PolicyDocument: {Statement: ` + allowB + `}}]`), role(`Policies: [{PolicyName: b, PolicyDocument: {Statement: [` + allowB + `]}}]`), ""},
		"the long form of Ref":           {policies(`{Effect: Allow, Action: "s3:*", Resource: !Ref B}`), policies(`{Effect: Allow, Action: "s3:*", Resource: {Ref: B}}`), ""},
		"NotAction that leaves out more": {policies(`{Effect: Allow, NotAction: iam:*, Resource: "*"}`), policies(`{Effect: Allow, NotAction: [iam:*, sts:*], Resource: "*"}`), ""},
		"only tags":                      {role(`Path: /`), role(`Tags: [{Key: a, Value: b}]`), ""},
		"no policy of access":            {`{Type: AWS::SQS::Queue, Properties: {DelaySeconds: 1}}`, `{Type: AWS::SQS::Queue, Properties: {DelaySeconds: 2}}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := compared(t, test.old, test.now)
			if test.want == "" && got != "" || test.want != "" && !strings.Contains(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// compared is what is said of a resource R.
func compared(t *testing.T, old, now string) string {
	t.Helper()
	trees := make([]*template.Template, 2)
	for i, text := range []string{old, now} {
		var err error
		if trees[i], err = template.Parse("t", []byte("Resources:\n  R: "+text+"\n")); err != nil {
			t.Fatal(err)
		}
	}
	var all []string
	for _, c := range template.Compare(trees[0], trees[1], []string{"Changed"}, func(string) bool { return false }, isIAM) {
		all = append(all, c.Grants...)
	}
	return strings.Join(all, ", ")
}

// A resource that goes takes what it denied with it.
func TestGrantsOfAResourceThatGoes(t *testing.T) {
	t.Parallel()
	for statement, want := range map[string]string{denyB: "no longer denies s3:DeleteObject on b/*", allowB: ""} {
		old, err := template.Parse("old", []byte("Resources: {R: "+policies(statement)+"}"))
		if err != nil {
			t.Fatal(err)
		}
		now, err := template.Parse("now", []byte("Resources: {}"))
		if err != nil {
			t.Fatal(err)
		}
		got := template.Compare(old, now, nil, func(string) bool { return false }, isIAM)
		if len(got) != 1 || strings.Join(got[0].Grants, ", ") != want {
			t.Errorf("%s: %+v", statement, got)
		}
	}
}

// A new policy of a bucket says what it allows, and not which bucket it is of; one
// of another bucket says that.
func TestGrantsOfAPolicyOfABucket(t *testing.T) {
	t.Parallel()
	policy := func(bucket string) string {
		return "{Type: AWS::IAM::BucketPolicy, Properties: {Bucket: " + bucket + ", PolicyDocument: {Statement: " + allowB + "}}}"
	}
	if got := compared(t, "{Type: Other}\n  S: "+policy("a"), policy("b")+"\n  S: "+policy("b")); !strings.Contains(got, "Bucket b") {
		t.Errorf("another bucket: %q", got)
	}
	old, err := template.Parse("old", []byte("Resources: {}"))
	if err != nil {
		t.Fatal(err)
	}
	now, err := template.Parse("now", []byte("Resources: {R: "+policy("a")+"}"))
	if err != nil {
		t.Fatal(err)
	}
	got := template.Compare(old, now, nil, func(string) bool { return false }, isIAM)
	if len(got) != 1 || strings.Join(got[0].Grants, ", ") != "s3:* on b/*" {
		t.Errorf("a new policy: %+v", got)
	}
}

// A condition of the template that changes may bring a statement in.
func TestGrantsByAConditionThatChanges(t *testing.T) {
	t.Parallel()
	text := func(stage string) []byte {
		return []byte("Conditions: {C: !Equals [!Ref S, " + stage + "], D: !Not [!Condition C]}\nResources: {R: " + policies("!If [D, "+allowB+", !Ref AWS::NoValue]") + "}\n")
	}
	old, err := template.Parse("old", text("a"))
	if err != nil {
		t.Fatal(err)
	}
	now, err := template.Parse("now", text("b"))
	if err != nil {
		t.Fatal(err)
	}
	got := template.Compare(old, now, nil, func(string) bool { return false }, isIAM)
	if len(got) != 1 || len(got[0].Grants) == 0 {
		t.Errorf("%+v", got)
	}
}

// The order of keys is no change.
func TestOrderOfKeysIsNoChange(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{
		{`{Type: A, Properties: {X: {a: 1, b: [1, {c: 2, d: 3}]}}}`, `{Properties: {X: {b: [1, {d: 3, c: 2}], a: 1}}, Type: A}`},
		{`{Type: A, Properties: {X: !GetAtt A.B.C, Y: !Sub a, Z: !If [c, a, b]}}`, `{Type: A, Properties: {X: {"Fn::GetAtt": [A, B.C]}, Y: {"Fn::Sub": a}, Z: {"Fn::If": [c, a, b]}}}`},
	} {
		a, err := template.Parse("a", []byte("Resources: {R: "+pair[0]+"}"))
		if err != nil {
			t.Fatal(err)
		}
		b, err := template.Parse("b", []byte("Resources: {R: "+pair[1]+"}"))
		if err != nil {
			t.Fatal(err)
		}
		if got := template.Compare(a, b, nil, func(string) bool { return false }, isIAM); len(got) > 0 {
			t.Errorf("%s: %+v", pair, got)
		}
	}
}
