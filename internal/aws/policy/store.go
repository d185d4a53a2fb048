package policy

import (
	"slices"

	"falkirk/internal/aws/partition"
	"falkirk/internal/delivery"
)

// Needs of the store: who keeps the releases and the record of an app, and who
// reads the blobs of a release into an environment. The record is the ledgers,
// and beside them their heads, snapshots and leases.

// StoreNeeds is what the role of the store's account must be allowed: to add
// releases and blobs, and to write the records of the environments that have no
// role of their own, and the one of decisions for the whole app.
func (s Scope) StoreNeeds(app string, own []string, environments ...string) []Statement {
	if s.Store.Bucket == "" {
		return nil
	}
	all := []Statement{
		s.storeList(), s.storeRead(app),
		{
			Sid: "StoreWrite", Why: "Adds releases and blobs, which the policy of the bucket refuses to replace, and notes which blobs are damaged.",
			Actions: []string{"s3:PutObject"}, Resources: s.stored("releases/"+app+"/*", "blobs/*", "damaged/*", ".staging/*"),
		},
		{
			Sid: "StoreAbort", Why: "Gives up large uploads that were broken off.",
			Actions: []string{"s3:AbortMultipartUpload"}, Resources: s.stored("blobs/*", ".staging/*"),
		},
		{
			Sid: "StoreTidy", Why: "Removes what large uploads left on the way.",
			Actions: []string{"s3:DeleteObject"}, Resources: s.stored(".staging/*"),
		},
	}
	if len(own) == 0 {
		all = append(all, s.recordNeeds(app, "*")...)
	} else {
		for _, env := range environments {
			if !slices.Contains(own, env) {
				all = append(all, s.recordNeeds(app, env)...)
			}
		}
	}
	return Join(append(all, s.storeKey()...))
}

// RecordNeeds is what the role of one environment must be allowed in the store:
// to read releases and all records of the app, and to write its own record.
func (s Scope) RecordNeeds(app, environment string) []Statement {
	if s.Store.Bucket == "" {
		return nil
	}
	all := append([]Statement{s.storeList(), s.storeRead(app)}, s.recordNeeds(app, environment)...)
	return Join(append(all, s.storeKey()...))
}

// recordNeeds is to write the record of an environment; * is that of all.
func (s Scope) recordNeeds(app, environment string) []Statement {
	of := app + "/" + environment
	under, file := of+"/*", of+".json"
	if environment == "*" {
		under, file = of, of
	}
	return []Statement{
		{
			Sid: "RecordWrite", Why: "Adds entries to the ledger, which the policy of the bucket refuses to replace, and writes what can be lost beside it.",
			Actions: []string{"s3:PutObject"}, Resources: s.stored("ledger/"+under, "ledger-head/"+file, "ledger-snapshot/"+file, "ledger-lease/"+under),
		},
		{
			Sid: "RecordTidy", Why: "Removes leases of runs that have ended; nothing else of a record is ever deleted.",
			Actions: []string{"s3:DeleteObject"}, Resources: s.stored("ledger-lease/" + under),
		},
	}
}

func (s Scope) storeList() Statement {
	return Statement{
		Sid: "StoreList", Why: "Lists releases, blobs and the entries of ledgers in the store.",
		Actions: []string{"s3:ListBucket"}, Resources: []string{s.Bucket(s.Store.Bucket)}, Conditions: prefixed(Under(s.Store.Prefix)),
	}
}

func (s Scope) storeRead(app string) Statement {
	return Statement{
		Sid: "StoreRead", Why: "Reads releases, blobs and records.", Actions: []string{"s3:GetObject"},
		Resources: s.stored(".staging/*", "blobs/*", "releases/"+app+"/*", "ledger/"+app+"/*", "ledger-head/"+app+"/*", "ledger-snapshot/"+app+"/*", "ledger-lease/"+app+"/*"),
	}
}

func (s Scope) storeKey() []Statement {
	if s.Store.Key == "" {
		return nil
	}
	return []Statement{{
		Sid: "StoreKey", Why: "Reads and writes objects that this key encrypts.",
		Actions: []string{"kms:Decrypt", "kms:GenerateDataKey"}, Resources: []string{s.Store.Key}, Conditions: viaS3(s.Store.Region),
	}}
}

// signNeeds is what a role must be allowed to sign entries of ledgers with a key of
// AWS KMS; nothing where the app file names none.
func (s Scope) signNeeds(key string) []Statement {
	if a, ok := ParseARN(key); !ok || a.Service != "kms" {
		return nil
	}
	resource, conditions := s.Key(key)
	return []Statement{{
		Sid: "RecordSign", Why: "Signs entries of ledgers with this key, and reads its public half.",
		Actions: []string{"kms:GetPublicKey", "kms:Sign"}, Resources: []string{resource}, Conditions: conditions,
	}}
}

// recordsOf is what would let a role append to the ledgers of these environments,
// one statement for each.
func (s Scope) recordsOf(app string, environments []string) []Statement {
	var all []Statement
	for _, env := range environments {
		what := "environment " + env
		if env == delivery.Everywhere {
			what = "the whole app"
		}
		all = append(all, Statement{
			Sid: "RecordOf" + Letters(env), Why: "Only the role that writes the ledger of " + what + " may append to it.",
			Actions: []string{"s3:PutObject"}, Resources: s.stored("ledger/" + app + "/" + env + "/*"),
		})
	}
	return all
}

// stored names objects of the store by their keys in it.
func (s Scope) stored(keys ...string) []string {
	var out []string
	for _, k := range keys {
		out = append(out, s.Bucket(s.Store.Bucket)+"/"+Under(s.Store.Prefix)+k)
	}
	return out
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
			Actions: []string{"s3:GetObject"}, Resources: s.stored("blobs/*"),
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

func viaS3(region string) Conditions { return via("s3", region) }

// via is the condition that a key is used by one service in one region only.
func via(service, region string) Conditions {
	return Conditions{"StringEquals": {"kms:ViaService": {service + "." + region + "." + partition.Domain(region)}}}
}

// ViaS3 is the condition that a key is used by S3 in that region only.
func ViaS3(region string) Conditions { return viaS3(region) }
