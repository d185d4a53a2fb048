package policy

// Needs of the store: who keeps the releases and ledgers of an app, and who
// reads the blobs of a release into an environment.

// StoreNeeds is what the role of the store's account must be allowed.
func (s Scope) StoreNeeds() []Statement {
	b, under := s.Store, Under(s.Store.Prefix)
	if b.Bucket == "" {
		return nil
	}
	all := []Statement{
		{
			Sid: "StoreList", Why: "Lists releases, blobs and the entries of ledgers in the store.",
			Actions: []string{"s3:ListBucket"}, Resources: []string{s.Bucket(b.Bucket)}, Conditions: prefixed(under),
		},
		{
			Sid: "StoreReadWrite", Why: "Reads releases and ledgers; adds to them by writes that are refused where the object exists.",
			Actions: []string{"s3:GetObject", "s3:PutObject"}, Resources: []string{s.Objects(b.Bucket, b.Prefix)},
		},
		{
			Sid: "StoreAbort", Why: "Gives up large uploads that were broken off.",
			Actions: []string{"s3:AbortMultipartUpload"}, Resources: []string{s.Objects(b.Bucket, b.Prefix)},
		},
		{
			Sid: "StoreTidy", Why: "Removes leases of runs that have ended, and what large uploads left on the way; nothing else in the store is ever deleted.",
			Actions:   []string{"s3:DeleteObject"},
			Resources: []string{s.Bucket(b.Bucket) + "/" + under + ".staging/*", s.Bucket(b.Bucket) + "/" + under + "ledger-lease/*"},
		},
	}
	if b.Key != "" {
		all = append(all, Statement{
			Sid: "StoreKey", Why: "Reads and writes objects that this key encrypts.",
			Actions: []string{"kms:Decrypt", "kms:GenerateDataKey"}, Resources: []string{b.Key}, Conditions: viaS3(b.Region),
		})
	}
	return all
}

// ReadNeeds is what the role of an environment must be allowed to copy blobs
// out of the store by itself: both statements are needed, listing on the bucket
// and reading on its objects.
func (s Scope) ReadNeeds() []Statement {
	b, under := s.Store, Under(s.Store.Prefix)
	if b.Bucket == "" {
		return nil
	}
	all := []Statement{
		{
			Sid: "BuildsList", Why: "Tells a blob that is missing in the builds bucket from one that may not be read.", Owner: b.Account,
			Actions: []string{"s3:ListBucket"}, Resources: []string{s.Bucket(b.Bucket)}, Conditions: prefixed(under + "blobs/"),
		},
		{
			Sid: "BuildsRead", Why: "Copies the blobs of a release out of the builds bucket.", Owner: b.Account,
			Actions: []string{"s3:GetObject"}, Resources: []string{s.Bucket(b.Bucket) + "/" + under + "blobs/*"},
		},
	}
	if b.Key != "" {
		all = append(all, Statement{
			Sid: "BuildsKey", Why: "Reads blobs that the key of the builds bucket encrypts.", Owner: b.Account,
			Actions: []string{"kms:Decrypt"}, Resources: []string{b.Key}, Conditions: viaS3(b.Region),
		})
	}
	return all
}

// prefixed restricts a listing to keys under a prefix, which ends in a slash or
// is empty. A request that lists nothing has no prefix: without IfExists, S3
// would answer 403 instead of 404 where an object is missing.
func prefixed(prefix string) Conditions {
	if prefix == "" {
		return nil
	}
	return Conditions{"StringLikeIfExists": {"s3:prefix": {prefix + "*"}}}
}

// Prefixed is the condition that restricts a listing to keys under a prefix
// without slashes around; none where that is empty.
func Prefixed(prefix string) Conditions { return prefixed(Under(prefix)) }

func viaS3(region string) Conditions {
	suffix := ".amazonaws.com"
	if Partition(region) == "aws-cn" {
		suffix += ".cn"
	}
	return Conditions{"StringEquals": {"kms:ViaService": {"s3." + region + suffix}}}
}

// ViaS3 is the condition that a key is used by S3 in that region only.
func ViaS3(region string) Conditions { return viaS3(region) }
