package emulators

import (
	"strings"
	"testing"
)

// The emulators keep accounts apart, the AWS CLI sees what is there, and the
// linter refuses what is wrong.
func TestMoto(t *testing.T) {
	t.Parallel()
	s := Moto(t)
	s.As(t, "111111111111").Must(t, "s3api", "create-bucket", "--bucket", "one")
	if got := s.CLI(t).Must(t, "s3api", "list-buckets"); strings.Contains(got, `"one"`) {
		t.Errorf("the bucket of another account is listed: %s", got)
	}
	if got := s.As(t, "111111111111").Must(t, "s3api", "list-buckets"); !strings.Contains(got, `"one"`) {
		t.Errorf("the account's bucket is not listed: %s", got)
	}
}

func TestMinistack(t *testing.T) {
	t.Parallel()
	var got struct{ Account string }
	Ministack(t, "222222222222").CLI(t).JSON(t, &got, "sts", "get-caller-identity")
	if got.Account != "222222222222" {
		t.Errorf("the account is %q", got.Account)
	}
}

func TestLint(t *testing.T) {
	t.Parallel()
	Lint(t, []byte("Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n"))
}
