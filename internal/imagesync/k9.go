package imagesync

import (
	"cmp"

	"falkirk/internal/aws/partition"
	"falkirk/internal/fault"
	"falkirk/internal/k9"
)

// FromK9 is the job that a values file of k9 describes: the images of its app, from
// the other account into the ECR of its own account.
func FromK9(v k9.Values) (Settings, error) {
	s := Defaults()
	for _, b := range v.Blanks() {
		if b.Key != "clusterName" && b.Key != "namespace" {
			return s, fault.New(fault.Invalid, "%s is not filled in: %s", b.Key, b.What)
		}
	}
	s.Source = ecrHost(v.Account, cmp.Or(v.SourceRegion, v.Region))
	s.Destination = ownECR + v.Region
	if v.Own != "" {
		s.Destination = ecrHost(v.Own, v.Region)
	}
	s.Repositories, s.Tags = []string{v.AppName}, []string{k9.Tag}
	return s, nil
}

func ecrHost(account, region string) string {
	return account + ".dkr.ecr." + region + "." + partition.Domain(region)
}
