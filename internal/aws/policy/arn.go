package policy

import (
	"strings"

	"falkirk/internal/aws/partition"
	"falkirk/internal/delivery"
)

// ARN is the name of a resource, in its parts.
type ARN struct {
	Partition, Service, Region, Account, Resource string
}

// ParseARN reads arn:partition:service:region:account:resource.
func ParseARN(s string) (ARN, bool) {
	p := strings.SplitN(s, ":", 6)
	if len(p) != 6 || p[0] != "arn" {
		return ARN{}, false
	}
	return ARN{p[1], p[2], p[3], p[4], p[5]}, true
}

// String is the ARN.
func (a ARN) String() string {
	return strings.Join([]string{"arn", a.Partition, a.Service, a.Region, a.Account, a.Resource}, ":")
}

// Partition is the partition that a region belongs to.
func Partition(region string) string { return partition.Of(region) }

// PartitionOf is the partition of an account: that of its role, or else that of
// its region.
func PartitionOf(a delivery.Account) string {
	if r, ok := ParseARN(a.Role); ok {
		return r.Partition
	}
	return Partition(a.Region)
}

// InAccount is the ARN of something of IAM in an account.
func InAccount(a delivery.Account, resource string) string {
	return ARN{Partition: PartitionOf(a), Service: "iam", Account: a.ID, Resource: resource}.String()
}

// Scope is where a placement is, and where its release comes from.
type Scope struct {
	Partition string
	Account   string // 12 digits
	Region    string
	Role      string // ARN of the role that works there
	Store     Store
}

// Store is the bucket that releases and ledgers are in; empty for one that is
// not on S3.
type Store struct {
	Bucket  string
	Prefix  string // without slashes around; may be empty
	Account string // 12 digits
	Region  string
	Key     string // ARN of the customer key that the bucket is encrypted with; may be empty

	PruneRole string // ARN of the role that may replace and delete blobs; may be empty
}

// ARN names something of the account in its region.
func (s Scope) ARN(service, resource string) string {
	return ARN{s.Partition, service, s.Region, s.Account, resource}.String()
}

// Global names something of the account that is in no region.
func (s Scope) Global(service, resource string) string {
	return ARN{s.Partition, service, "", s.Account, resource}.String()
}

// Bucket names a bucket, whosever it is.
func (s Scope) Bucket(name string) string { return ARN{s.Partition, "s3", "", "", name}.String() }

// Objects names the objects of a bucket under a prefix without slashes around,
// which may be empty.
func (s Scope) Objects(bucket, prefix string) string {
	return s.Bucket(bucket) + "/" + Under(prefix) + "*"
}

// Under is a prefix as keys begin with it: "" or "a/b/".
func Under(prefix string) string {
	if prefix = strings.Trim(prefix, "/"); prefix == "" {
		return ""
	}
	return prefix + "/"
}

// Stack names a stack of the account in its region, and its change sets by
// ChangeSet; CloudFormation puts an ID of its own behind the name.
func (s Scope) Stack(name string) string { return s.ARN("cloudformation", "stack/"+name+"/*") }

// Key names a key of KMS as policies must: by its ID. A key that is known by its
// alias alone, or by the alias's ARN, is any key of that account and region that
// has the alias, which the conditions ask for.
// https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
func (s Scope) Key(key string) (resource string, c Conditions) {
	name := key
	if a, ok := ParseARN(key); ok {
		s.Partition, s.Region, s.Account, name = a.Partition, a.Region, a.Account, a.Resource
	}
	if !strings.HasPrefix(name, "alias/") {
		return s.ARN("kms", "key/"+strings.TrimPrefix(name, "key/")), nil
	}
	return s.ARN("kms", "key/*"), Conditions{"ForAnyValue:StringEquals": {"kms:ResourceAliases": {name}}}
}

// Repository names an ECR repository of the account in its region.
func (s Scope) Repository(name string) string { return s.ARN("ecr", "repository/"+name) }

// Distribution names a CloudFront distribution of the account.
func (s Scope) Distribution(id string) string {
	if strings.HasPrefix(id, "${") {
		id = "*" // it is told by a stack that is not made yet
	}
	return s.Global("cloudfront", "distribution/"+id)
}

// Foreign is the account that owns what a statement is about, where that is
// another than the scope's; "" otherwise.
func (s Scope) Foreign(st Statement) string {
	if st.Owner != "" && st.Owner != s.Account {
		return st.Owner
	}
	for _, r := range st.Resources {
		if a, ok := ParseARN(r); ok && len(a.Account) == 12 && a.Account != s.Account {
			return a.Account
		}
	}
	return ""
}
