package sitestack

import (
	"strings"
	"testing"

	"falkirk/test/policies"
)

// cfn-lint finds nothing in any variant: with its conditions each way, in the
// regions of three partitions of the world.
func TestSiteIsClean(t *testing.T) {
	t.Parallel()
	policies.Lint(t, Template(), "--include-checks", "I", "--ignore-checks", "I3042,I3013", "--regions", "us-east-1", "eu-central-1", "ap-southeast-2")
	for name, value := range map[string]string{
		"BucketName": "shop-prd", "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/abc",
		"KmsKeyArn": "arn:aws:kms:eu-central-1:123456789012:key/abc", "SinglePage": "true", "LogBucket": "logs", "CloudFrontLogBucket": "edge-logs",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before, rest, found := strings.Cut(string(Template()), "\n  "+name+":\n")
			head, tail, more := strings.Cut(rest, "Default: ")
			_, tail, ended := strings.Cut(tail, "\n")
			if !found || !more || !ended {
				t.Fatalf("there is no parameter %s with a default", name)
			}
			policies.Lint(t, []byte(before+"\n  "+name+":\n"+head+"Default: \""+value+"\"\n"+tail))
		})
	}
}
