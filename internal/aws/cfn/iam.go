package cfn

import "regexp"

// Types of resources that are about who may do what, and those that only have a
// name like them. A type that is not known and has such a name counts.
var (
	access    = regexp.MustCompile(`^AWS::(IAM|SSO|RAM|RolesAnywhere|VerifiedPermissions)::|Policy|Permission|::(AccessEntry|AccessGrant|RoleMapping|IdentityPoolRoleAttachment)$`)
	notAccess = regexp.MustCompile(`::(Scaling|Cache|OriginRequest|ResponseHeaders|ContinuousDeployment|Lifecycle|Firewall|Resiliency|Traffic)Policy$`)
)

// IsIAM reports whether a type of resource is about who may do what.
func IsIAM(kind string) bool { return access.MatchString(kind) && !notAccess.MatchString(kind) }
