// Package iam proves that the policies which falkirk create account makes are
// enough for every phase, and hold nothing that no phase needs: the real program
// against an emulator that judges each request by them.
package iam

// NoPhase stands for an action that no phase of a run that goes well needs; the
// doctor alone notices that it is missing.
const NoPhase = "no phase"

// Nobody stands for an action that is for what a run meets seldom, and that the
// doctor cannot ask for on the emulator.
const Nobody = "nobody"

// Noticed is which command fails first without one action of one statement, as
// the test of this package finds it; the page on security shows it.
func Noticed() map[string]string {
	return map[string]string{
		"builds StoreAbort s3:AbortMultipartUpload":        NoPhase,
		"builds StoreList s3:ListBucket":                   "pack",
		"builds StoreRead s3:GetObject":                    "pack",
		"builds StoreWrite s3:PutObject":                   "pack",
		"builds RecordSign kms:GetPublicKey":               "provision",
		"builds RecordSign kms:Sign":                       "provision",
		"builds RecordWrite s3:PutObject":                  "provision",
		"builds RecordTidy s3:DeleteObject":                NoPhase,
		"builds StoreTidy s3:DeleteObject":                 NoPhase,
		"prd BuildsList s3:ListBucket":                     NoPhase,
		"prd BuildsRead s3:GetObject":                      "provision",
		"prd SiteAbort s3:AbortMultipartUpload":            NoPhase,
		"prd SiteInvalidate cloudfront:CreateInvalidation": "promote",
		"prd SiteInvalidate cloudfront:GetInvalidation":    "promote",
		"prd SiteList s3:ListBucket":                       "provision",
		"prd SiteWrite s3:DeleteObject":                    "prune",
		"prd SiteWrite s3:GetObject":                       "provision",
		"prd SiteWrite s3:PutObject":                       "provision",

		"prd StackDrift cloudformation:DescribeStackResourceDrifts":             Nobody, // no emulator knows drift
		"prd StackDrift cloudformation:DetectStackDrift":                        Nobody,
		"prd StackDrift cloudformation:DetectStackResourceDrift":                Nobody,
		"prd StackDriftAnswer cloudformation:DescribeStackDriftDetectionStatus": Nobody,

		"prd StackChange cloudformation:CreateChangeSet":     "provision",
		"prd StackChange cloudformation:DeleteChangeSet":     "prune",
		"prd StackChange cloudformation:DeleteStack":         Nobody, // a stack that could not be made is removed and made again
		"prd StackChange cloudformation:DescribeChangeSet":   "provision",
		"prd StackChange cloudformation:DescribeStackEvents": "promote",
		"prd StackChange cloudformation:DescribeStacks":      "provision",
		"prd StackChange cloudformation:ExecuteChangeSet":    "promote",
		"prd StackChange cloudformation:ListChangeSets":      "provision",
		"prd StackChange cloudformation:ListStackResources":  NoPhase, // says what is in a stack that is stuck
		"prd StackChange cloudformation:TagResource":         Nobody,  // AWS asks for it with a stack's tags, the emulator does not
		"prd StackChange cloudformation:UntagResource":       Nobody,
		"prd StackChange cloudformation:UpdateStack":         "promote",
	}
}
