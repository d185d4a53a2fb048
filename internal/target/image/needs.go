package image

import (
	"strings"

	"falkirk/internal/aws/ecr"
	"falkirk/internal/aws/policy"
	"falkirk/internal/delivery"
)

// Needs is what the role of an account must be allowed for a placement, and no
// more; builds is that of Options. Registries that are not Amazon's need nothing.
func Needs(builds func(component string) (reference string, plain bool)) policy.Kind {
	return func(p delivery.Placement, at policy.Scope) []policy.Statement {
		set, err := read(p.Settings)
		if err != nil {
			return nil
		}
		var all []policy.Statement
		source := ""
		if builds != nil {
			source, _ = builds(p.Component)
		}
		pulls := pullNeeds(source)
		lands := landNeeds(at, set)
		if len(pulls)+len(lands) > 0 {
			all = append(all, loginNeed())
		}
		return append(append(all, pulls...), lands...)
	}
}

// pullNeeds is for copying from the builds registry: four actions that read.
func pullNeeds(source string) []policy.Statement {
	host, name, _ := strings.Cut(source, "/")
	account, region, ok := ecr.Registry(host)
	if !ok {
		return nil
	}
	there := policy.Scope{Partition: policy.Partition(region), Account: account, Region: region}
	return []policy.Statement{{
		Sid: "ImagePull", Why: "Copies images out of the builds registry.",
		Actions: []string{
			"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer",
		},
		Resources: []string{there.Repository(name)},
	}}
}

// PushNeeds is what pushing to a builds registry takes, and where; nothing where
// it is not Amazon's.
func PushNeeds(reference string) (account, region string, all []policy.Statement) {
	host, name, _ := strings.Cut(reference, "/")
	account, region, ok := ecr.Registry(host)
	if !ok {
		return "", "", nil
	}
	there := policy.Scope{Partition: policy.Partition(region), Account: account, Region: region}
	return account, region, []policy.Statement{loginNeed(), {
		Sid: "ImagePush", Why: "Pushes packed images to the builds registry.", Resources: []string{there.Repository(name)},
		Actions: []string{
			"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload",
			"ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
		},
	}}
}

func loginNeed() policy.Statement {
	return policy.Statement{
		Sid: "ImageLogin", Why: "Logs in to the registries of ECR; AWS knows no resource for that.",
		Actions: []string{"ecr:GetAuthorizationToken"}, Resources: []string{"*"},
	}
}

// landNeeds is for the environment's own repository.
func landNeeds(at policy.Scope, set Settings) []policy.Statement {
	id, region, isECR := ecr.Registry(set.Registry)
	if set.Registry != "" && !isECR {
		return nil
	}
	if isECR {
		at.Account, at.Region, at.Partition = id, region, policy.Partition(region)
	}
	repository := []string{at.Repository(set.Repository)}
	all := []policy.Statement{
		{
			Sid: "ImageLook", Why: "Sees which releases are there and which is live.", Resources: repository,
			Actions: []string{"ecr:BatchGetImage", "ecr:DescribeImages", "ecr:DescribeRepositories"},
		},
		{
			Sid: "ImageWrite", Why: "Copies images and moves the environment's tag.", Resources: repository,
			Actions: []string{
				"ecr:BatchCheckLayerAvailability", "ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload",
				"ecr:PutImage", "ecr:UploadLayerPart",
			},
		},
		{Sid: "ImagePrune", Why: "Removes releases that are not kept.", Resources: repository, Actions: []string{"ecr:BatchDeleteImage"}},
	}
	if set.Create {
		all = append(all, policy.Statement{
			Sid: "ImageCreate", Why: "Makes the repository where it is missing.", Resources: repository,
			Actions: []string{"ecr:CreateRepository", "ecr:TagResource"},
		})
	}
	return all
}
