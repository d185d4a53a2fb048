// Package accountstack writes the CloudFormation template that prepares an AWS
// account for an app: the role that works there, the bucket that builds are kept
// in, and repositories for images. It is pure; the text is YAML for people.
package accountstack

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"falkirk/internal/aws/policy"
	"falkirk/internal/fault"
)

// Stack is what a template is made from. The role and the bucket are only in
// that of the home region.
type Stack struct {
	App          string
	Account      string // name in the app file
	Role         *Role
	Records      []Record // roles of environments that write their own record in the store
	Builds       *Bucket
	Repositories []Repository
}

// Role is the role that works in the account.
type Role struct {
	Name     string // without path
	Path     string // with slashes around; "/" usually
	Seconds  int    // longest session; 3600 to 43200
	Trust    []policy.Statement
	Boundary string // ARN of a managed policy; may be empty
	May      []policy.Statement
	Granted  []string // ARNs of what others are let into, to know them again
}

// Record is the role of an environment that writes its record in the store.
type Record struct {
	Environment string
	Role
}

// MetadataKey is the key of the role's metadata under which Granted is kept.
const MetadataKey = "falkirk:granted"

// Bucket is the bucket of the store.
type Bucket struct {
	Name      string
	Partition string
	Key       string // ARN of a customer key; SSE-S3 if empty
	Staging   string // prefix of what uploads leave on the way
	Logs      string // bucket for access logs; none are kept if empty
	Lock      Lock
	Grants    []policy.Statement // what it lets roles of others do, and what it denies everybody
	Foreign   []json.RawMessage  // statements of others that are attached to it
}

// Lock is the Object Lock of a bucket: how long no version of an object can be
// removed. No days are no lock.
type Lock struct {
	Days       int
	Compliance bool // by nobody; else by nobody without s3:BypassGovernanceRetention
}

// Repository is an ECR repository. Its tags stay where they are, but for those
// that may move.
type Repository struct {
	Name    string
	Moving  []string // tags that may move; * is any characters
	Grants  []policy.Statement
	Foreign []json.RawMessage
}

// Limits of IAM on a role, in characters without white space.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const (
	mostInline   = 10240 // all inline policies of a role together
	mostManaged  = 6144  // one managed policy
	mostAttached = 10    // managed policies of a role
)

// Template writes the template. What would not fit into a role is
// fault.Invalid.
func Template(s Stack) ([]byte, error) {
	var resources, outputs block
	if s.Role != nil {
		made, err := s.role("Deploy", "Takes releases of "+s.App+" to where they go in account "+s.Account, *s.Role)
		if err != nil {
			return nil, err
		}
		resources = append(resources, made...)
		outputs = append(outputs, entry{"RoleArn", output("accounts."+s.Account+".role of the app file", attribute("DeployRole", "Arn")), ""})
	}
	for _, r := range s.Records {
		id := "Record" + policy.Letters(r.Environment)
		made, err := s.role(id, "Writes the record of environment "+r.Environment+" of "+s.App, r.Role)
		if err != nil {
			return nil, err
		}
		resources = append(resources, made...)
		outputs = append(outputs, entry{id + "RoleArn", output("storeRole of environment "+r.Environment+" in the app file", attribute(id+"Role", "Arn")), ""})
	}
	if s.Builds != nil {
		resources = append(resources, s.bucket()...)
		outputs = append(outputs, entry{"BuildsBucket", output("The bucket of store in the app file", ref("Builds")), ""})
	}
	for _, r := range s.Repositories {
		id := "Repository" + policy.Letters(r.Name)
		resources = append(resources, s.repository(id, r))
		outputs = append(outputs, entry{id + "Uri", output("The address of "+r.Name, attribute(id, "RepositoryUri")), ""})
	}
	var b strings.Builder
	b.WriteString("# Prepares account " + s.Account + " for " + s.App + ". Written by falkirk create account; run that\n# again after a change of falkirk.yml instead of editing this.")
	write(&b, block{
		{"AWSTemplateFormatVersion", "2010-09-09", ""},
		{"Description", "Prepares account " + s.Account + " for " + s.App + " (falkirk create account)", ""},
		{"Resources", resources, ""},
		{"Outputs", outputs, ""},
	}, 0)
	return []byte(b.String()), nil
}

// role writes a role and its policies. The names of its resources begin with id.
func (s Stack) role(id, what string, r Role) (block, error) {
	properties := block{
		{"RoleName", r.Name, ""},
		{"Path", cmp.Or(r.Path, "/"), ""},
		{"Description", what, ""},
		{"MaxSessionDuration", max(3600, r.Seconds), ""},
	}
	if r.Boundary != "" {
		properties = append(properties, entry{"PermissionsBoundary", r.Boundary, "The role can never do more than this, whatever is attached to it."})
	}
	properties = append(properties,
		entry{"AssumeRolePolicyDocument", document(r.Trust, nil), ""},
		entry{"Tags", s.tags(), ""})
	made := block{{"Type", "AWS::IAM::Role", ""}}
	if len(r.Granted) > 0 {
		made = append(made, entry{"Metadata", block{{MetadataKey, texts(r.Granted), "What create account attaches statements to; --delete takes them out again."}}, ""})
	}
	out := block{{id + "Role", append(made, entry{"Properties", properties, ""}), ""}}
	kind, limit, name := "AWS::IAM::Policy", mostInline, "PolicyName"
	if policy.Size(r.May) > mostInline {
		kind, limit, name = "AWS::IAM::ManagedPolicy", mostManaged, "ManagedPolicyName"
	}
	parts := policy.Split(r.May, limit)
	if len(parts) > mostAttached {
		err := fault.New(fault.Invalid, "what account %s needs fills %d managed policies, and a role takes %d", s.Account, len(parts), mostAttached)
		return nil, fault.Hint(err, "deal the environments to several accounts, or components to several apps")
	}
	for i, part := range parts {
		out = append(out, entry{fmt.Sprintf("%sPolicy%d", id, i+1), block{
			{"Type", kind, ""},
			{"Properties", block{
				{name, policyName(r.Name, i), ""},
				{"PolicyDocument", document(part, nil), ""},
				{"Roles", []any{ref(id + "Role")}, ""},
			}, ""},
		}, ""})
	}
	return out, nil
}

func policyName(role string, i int) string {
	if i == 0 {
		return role
	}
	return fmt.Sprintf("%s-%d", role, i+1)
}

func (s Stack) bucket() block {
	b := s.Builds
	encryption := block{{"SSEAlgorithm", "AES256", ""}}
	if b.Key != "" {
		encryption = block{{"SSEAlgorithm", "aws:kms", ""}, {"KMSMasterKeyID", b.Key, ""}}
	}
	rule := block{{"ServerSideEncryptionByDefault", encryption, ""}}
	if b.Key != "" {
		rule = append(rule, entry{"BucketKeyEnabled", true, ""})
	}
	options := append(b.lock(), b.logs(s.App)...)
	return block{
		{"Builds", block{
			{"Type", "AWS::S3::Bucket", ""},
			{"DeletionPolicy", "Retain", ""},
			{"UpdateReplacePolicy", "Retain", ""},
			{"Properties", append(block{
				{"BucketName", b.Name, ""},
				{"VersioningConfiguration", block{{"Status", "Enabled", ""}}, ""},
				{"BucketEncryption", block{{"ServerSideEncryptionConfiguration", []any{rule}, ""}}, ""},
				{"OwnershipControls", block{{"Rules", []any{block{{"ObjectOwnership", "BucketOwnerEnforced", ""}}}, ""}}, ""},
				{"PublicAccessBlockConfiguration", block{
					{"BlockPublicAcls", true, ""},
					{"BlockPublicPolicy", true, ""},
					{"IgnorePublicAcls", true, ""},
					{"RestrictPublicBuckets", true, ""},
				}, ""},
				{"LifecycleConfiguration", block{{"Rules", []any{
					item{block{
						{"Id", "falkirk-broken-off", ""},
						{"Status", "Enabled", ""},
						{"AbortIncompleteMultipartUpload", block{{"DaysAfterInitiation", 7, ""}}, ""},
					}, "Uploads that were broken off cost money and are nowhere to be seen."},
					item{block{
						{"Id", "falkirk-staging", ""},
						{"Status", "Enabled", ""},
						{"Prefix", b.Staging, ""},
						{"ExpirationInDays", 7, ""},
					}, "What large uploads left on the way when they were killed."},
					item{block{
						{"Id", "falkirk-old-versions", ""},
						{"Status", "Enabled", ""},
						{"NoncurrentVersionExpiration", block{{"NoncurrentDays", 90, ""}}, ""},
						{"ExpiredObjectDeleteMarker", true, ""},
					}, "What was overwritten or deleted can be had back for 90 days."},
				}, ""}}, ""},
				{"Tags", s.tags(), ""},
			}, options...), ""},
		}, ""},
		{"BuildsPolicy", block{
			{"Type", "AWS::S3::BucketPolicy", ""},
			{"DeletionPolicy", "Retain", "What others attached to it is not lost with the stack; --delete takes out ours."},
			{"UpdateReplacePolicy", "Retain", ""},
			{"Properties", block{
				{"Bucket", ref("Builds"), ""},
				{"PolicyDocument", document(append([]policy.Statement{OnlyTLS(s.App, b.Partition, b.Name)}, b.Grants...), b.Foreign), ""},
			}, ""},
		}, ""},
	}
}

func (b Bucket) lock() block {
	if b.Lock.Days == 0 {
		return nil
	}
	mode := "GOVERNANCE"
	if b.Lock.Compliance {
		mode = "COMPLIANCE"
	}
	return block{
		{"ObjectLockEnabled", true, "No version of an object can be removed for so long."},
		{"ObjectLockConfiguration", block{
			{"ObjectLockEnabled", "Enabled", ""},
			{"Rule", block{{"DefaultRetention", block{{"Mode", mode, ""}, {"Days", b.Lock.Days, ""}}, ""}}, ""},
		}, ""},
	}
}

func (b Bucket) logs(app string) block {
	if b.Logs == "" {
		return nil
	}
	return block{{"LoggingConfiguration", block{{"DestinationBucketName", b.Logs, ""}, {"LogFilePrefix", "falkirk/" + app + "/", ""}}, "Who read and wrote what."}}
}

// OnlyTLS refuses requests to a bucket that come without encryption.
func OnlyTLS(app, partition, bucket string) policy.Statement {
	at := policy.Scope{Partition: partition}
	return policy.Statement{
		Sid: policy.Sid(app, "OnlyTLS"), Why: "Nothing is sent in clear.", Deny: true,
		Principals: map[string][]string{"AWS": {"*"}}, Actions: []string{"s3:*"},
		Resources:  []string{at.Bucket(bucket), at.Objects(bucket, "")},
		Conditions: policy.Conditions{"Bool": {"aws:SecureTransport": {"false"}}},
	}
}

func (s Stack) repository(id string, r Repository) entry {
	properties := block{
		{"RepositoryName", r.Name, ""},
		{"ImageTagMutability", "IMMUTABLE", "A tag stays on the image that it was pushed with."},
		{"ImageScanningConfiguration", block{{"ScanOnPush", true, ""}}, ""},
		{"EncryptionConfiguration", block{{"EncryptionType", "AES256", ""}}, ""},
	}
	if len(r.Moving) > 0 {
		properties[1] = entry{"ImageTagMutability", "IMMUTABLE_WITH_EXCLUSION", "A tag stays on the image that it was pushed with, but for these."}
		properties = append(properties, entry{"ImageTagMutabilityExclusionFilters", filters(r.Moving), ""})
	}
	if len(r.Grants)+len(r.Foreign) > 0 {
		properties = append(properties, entry{"RepositoryPolicyText", document(r.Grants, r.Foreign), ""})
	}
	properties = append(properties, entry{"Tags", s.tags(), ""})
	return entry{id, block{
		{"Type", "AWS::ECR::Repository", ""},
		{"DeletionPolicy", "Retain", ""},
		{"UpdateReplacePolicy", "Retain", ""},
		{"Properties", properties, ""},
	}, ""}
}

func filters(tags []string) []any {
	var out []any
	for _, tag := range sorted(tags) {
		out = append(out, block{{"ImageTagMutabilityExclusionFilterType", "WILDCARD", ""}, {"ImageTagMutabilityExclusionFilterValue", tag, ""}})
	}
	return out
}

// Tags tells whose a resource is.
func Tags(app, account string) map[string]string {
	return map[string]string{"falkirk:app": app, "falkirk:account": account}
}

func (s Stack) tags() []any {
	tags := Tags(s.App, s.Account)
	var out []any
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		out = append(out, block{{"Key", k, ""}, {"Value", tags[k], ""}})
	}
	return out
}

func ref(id string) block { return block{{"Ref", id, ""}} }

func attribute(id, name string) block { return block{{"Fn::GetAtt", []any{id, name}, ""}} }

func output(what string, value any) block {
	return block{{"Description", what, ""}, {"Value", value, ""}}
}
