package site

import (
	"falkirk/internal/aws/policy"
	"falkirk/internal/delivery"
)

// Needs is what the role of the environment must be allowed for a site: on its
// own bucket, on its own distribution, and on the blobs of the store, which S3
// copies with that role's credentials.
func Needs(p delivery.Placement, at policy.Scope) []policy.Statement {
	s, err := read(p.Settings)
	if err != nil || s.Bucket == "" {
		return nil // told where the block is checked
	}
	objects := at.Objects(s.Bucket, s.Prefix)
	all := append(at.ReadNeeds(),
		policy.Statement{
			Sid: "SiteList", Why: "Sees what the site has, a thousand objects a request.",
			Actions: []string{"s3:ListBucket"}, Resources: []string{at.Bucket(s.Bucket)}, Conditions: policy.Prefixed(s.Prefix),
		},
		policy.Statement{
			Sid: "SiteWrite", Why: "Copies files to the site and beside it, reads what it keeps there, and removes what no kept release refers to.",
			Actions: []string{"s3:GetObject", "s3:PutObject", "s3:DeleteObject"}, Resources: []string{objects},
		},
		policy.Statement{
			Sid: "SiteAbort", Why: "Gives up copies of large files that were broken off.",
			Actions: []string{"s3:AbortMultipartUpload"}, Resources: []string{objects},
		})
	if s.Distribution != "" {
		all = append(all, s.edge(at))
	}
	if s.KMSKey != "" {
		all = append(all, s.key(at))
	}
	return all
}

func (s Settings) edge(at policy.Scope) policy.Statement {
	st := policy.Statement{
		Sid: "SiteInvalidate", Why: "Has CloudFront forget what changed under names that stay.",
		Actions: []string{"cloudfront:CreateInvalidation"}, Resources: []string{at.Distribution(s.Distribution)},
	}
	if s.Wait {
		st.Actions = append(st.Actions, "cloudfront:GetInvalidation")
	}
	return st
}

// key is the statement on the key that objects are encrypted with. A key that is
// known by its alias alone is asked for by that.
func (s Settings) key(at policy.Scope) policy.Statement {
	resource, conditions := at.Key(s.KMSKey)
	st := policy.Statement{
		Sid: "SiteKey", Why: "Encrypts what is written to the site, and reads it again; only through S3.",
		Actions: []string{"kms:GenerateDataKey", "kms:Decrypt"}, Resources: []string{resource}, Conditions: policy.ViaS3(at.Region),
	}
	for operator, keys := range conditions {
		st.Conditions[operator] = keys
	}
	return st
}
