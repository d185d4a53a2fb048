package partition

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func TestEachPartitionOfTheSDK(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ id, domain string }{
		"us-east-1":       {"aws", "amazonaws.com"},
		"eu-central-2":    {"aws", "amazonaws.com"},
		"mx-central-1":    {"aws", "amazonaws.com"},
		"ap-southeast-99": {"aws", "amazonaws.com"}, // one that AWS may add
		"cn-north-1":      {"aws-cn", "amazonaws.com.cn"},
		"us-gov-west-1":   {"aws-us-gov", "amazonaws.com"},
		"eusc-de-east-1":  {"aws-eusc", "amazonaws.eu"},
		"us-iso-east-1":   {"aws-iso", "c2s.ic.gov"},
		"us-isob-east-1":  {"aws-iso-b", "sc2s.sgov.gov"},
		"eu-isoe-west-1":  {"aws-iso-e", "cloud.adc-e.uk"},
		"us-isof-south-1": {"aws-iso-f", "csp.hci.ic.gov"},
		"local":           {"aws", "amazonaws.com"},
		"":                {"aws", "amazonaws.com"},
	}
	for region, want := range tests {
		if id, domain := Of(region), Domain(region); id != want.id || domain != want.domain {
			t.Errorf("%q is in %s under %s, want %+v", region, id, domain, want)
		}
	}
}

// The same question, asked of another service of the SDK with newer rules.
func TestTheDomainIsThatOfS3(t *testing.T) {
	t.Parallel()
	for _, region := range []string{"us-west-2", "cn-northwest-1", "us-gov-east-1", "eusc-de-east-1", "us-iso-west-1", "us-isob-east-1", "eu-isoe-west-1", "us-isof-east-1"} {
		got, err := s3.NewDefaultEndpointResolverV2().ResolveEndpoint(t.Context(), s3.EndpointParameters{Region: &region})
		if err != nil {
			t.Fatal(err)
		}
		if want := "s3." + region + "." + Domain(region); got.URI.Host != want {
			t.Errorf("S3 in %s is at %s, want %s", region, got.URI.Host, want)
		}
	}
}

func TestWhichHostsAreOfAWS(t *testing.T) {
	t.Parallel()
	aws := []string{
		"123456789012.dkr.ecr.eu-west-1.amazonaws.com", "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
		"123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu", "123456789012.dkr-ecr.eu-west-1.on.aws", "sts.amazonaws.com",
	}
	others := []string{"localhost", "amazonaws.com.evil.example", "123456789012.dkr.ecr.eu-west-1.amazonaws.eu", "x.eusc-de-east-1.amazonaws.eu.example", "amazonaws.eu"}
	for _, host := range slices.Concat(aws, others) {
		if got := IsAWS(host); got != slices.Contains(aws, host) {
			t.Errorf("%s: %v", host, got)
		}
	}
	if strings.Contains(Domain("eu-west-1"), "/") {
		t.Error("a domain has no path")
	}
}
