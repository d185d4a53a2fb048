// Package partition says which partition of AWS a region belongs to, and under
// which domain AWS answers there. The SDK knows both; there is no list here.
package partition

import (
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// Of is the partition of a region: aws, aws-cn, aws-eusc. A region that the SDK
// does not know is in aws.
func Of(region string) string {
	id, _ := resolve(region)
	return id
}

// Domain is the DNS domain of AWS in the partition of a region: amazonaws.com,
// amazonaws.eu.
func Domain(region string) string {
	_, domain := resolve(region)
	return domain
}

// IsRegion reports whether a name has the form of an AWS region. Places on other
// targets have regions of any name.
func IsRegion(name string) bool { return shape.MatchString(name) }

var shape = regexp.MustCompile(`^[a-z]{2,5}(-[a-z]+)+-[0-9]{1,2}$`)

// IsAWS reports whether a host is one of AWS: under the domain of the partition of
// the region that it names, or under one that all partitions share.
func IsAWS(host string) bool {
	for _, label := range strings.Split(host, ".") {
		if IsRegion(label) && strings.HasSuffix(host, "."+Domain(label)) {
			return true
		}
	}
	return strings.HasSuffix(host, "."+Domain("")) || strings.HasSuffix(host, ".on.aws")
}

// resolve asks the SDK for the endpoint of a service that each region has.
func resolve(region string) (id, domain string) {
	const fallback, usual = "aws", "amazonaws.com"
	if !IsRegion(region) {
		return fallback, usual
	}
	found, err := sts.NewDefaultEndpointResolver().ResolveEndpoint(region, sts.EndpointResolverOptions{})
	if err != nil {
		return fallback, usual
	}
	host := strings.TrimPrefix(found.URL, "https://")
	_, domain, ok := strings.Cut(host, region+".")
	if !ok {
		return found.PartitionID, usual
	}
	return found.PartitionID, domain
}
