package policies

import (
	"regexp"
	"slices"
	"strings"
)

// Rules are the names of all rules, with what each forbids.
func Rules() map[string]string {
	return map[string]string{
		"action":     "a role or a resource allows actions by a pattern",
		"resource":   "a statement allows all resources of a service, an account or a kind",
		"inverted":   "an allowing statement names what it does not mean (NotAction and its like)",
		"public":     "everybody is let in",
		"account":    "a whole other account is let in, and no condition names who of it",
		"deputy":     "a service of AWS is let in, and no condition names the account or the resource that it works for",
		"grant":      "a grant on a key is not bound to services of AWS, or a role is handed on to any service",
		"privileged": "a role may change permissions",
		"tls":        "a bucket can be reached without TLS",
		"bucket":     "a bucket is public, not encrypted, or keeps no former versions",
		"repository": "all tags of a repository can be moved, or images come unscanned",
		"code":       "a function runs an object of a bucket in whatever version it is",
	}
}

// statement applies the rules on statements.
func (c *checker) statement(s statement) {
	if !s.allow {
		return
	}
	if len(s.inverted) > 0 {
		c.add("inverted", s.at, "%v", s.inverted)
	}
	c.actions(s)
	c.resources(s)
	c.principals(s)
	c.grants(s)
}

func (c *checker) actions(s statement) {
	for _, a := range s.actions {
		if strings.Contains(a, "*") {
			c.add("action", s.at, "%s allows %s", s.sid, a)
		}
		if len(s.principals) == 0 && privileged.MatchString(a) {
			c.add("privileged", s.at, "%s allows %s", s.sid, a)
		}
	}
}

// privileged are actions with which a role could give itself more.
var privileged = regexp.MustCompile(`^(iam:(Add|Attach|Create|Delete|Detach|Put|Remove|Set|Update|Upload)|kms:(PutKeyPolicy|ScheduleKeyDeletion|DisableKey)|` +
	`s3:(PutBucket|DeleteBucket|PutLifecycle|PutObjectAcl|BypassGovernance|DeleteObjectVersion|PutEncryption)|ecr:(SetRepositoryPolicy|PutRegistryPolicy|DeleteRepository)|` +
	`lambda:(AddPermission|UpdateFunction)|events:PutPermission|organizations:|sts:AssumeRoleWith)`)

// resources are to be named: a star is for what is below a name, not in its place.
func (c *checker) resources(s statement) {
	if s.kind == kmsKey || s.trust {
		return // the policy of a key has "*" for the key itself
	}
	for _, r := range s.resources {
		why, isWide := wide(r)
		if isWide && !excepted(s, r) {
			c.add("resource", s.at, "%s allows %v on %s: %s", s.sid, s.actions, r, why)
		}
	}
	if len(s.resources) == 0 && len(s.principals) == 0 {
		c.add("resource", s.at, "%s names no resource", s.sid)
	}
}

const kmsKey = "AWS::KMS::Key"

// wide says why a resource is more than a name.
func wide(resource string) (why string, is bool) {
	if resource == "*" {
		return "that is everything", true
	}
	parts := strings.SplitN(resource, ":", 6)
	if len(parts) != 6 {
		return "", false // a reference to a resource of the template
	}
	switch service, name := parts[2], parts[5]; {
	case strings.Contains(service, "*"):
		return "that is every service", true
	case service != "s3" && strings.ContainsAny(parts[4], "*?"):
		return "that is every account", true
	case strings.Contains(parts[3], "*"):
		return "that is every region", true
	case service == "s3" && strings.ContainsAny(strings.SplitN(name, "/", 2)[0], "*?"):
		return "that is every bucket", true
	case name == "*" || regexp.MustCompile(`^[a-z-]+[:/]\*+(/\*|:\*)?$`).MatchString(name) && service != "s3":
		return "that is all of a kind", true
	}
	return "", false
}

func (c *checker) principals(s statement) {
	for kind, names := range s.principals {
		for _, name := range names {
			switch {
			case strings.Contains(name, "*"):
				c.add("public", s.at, "%s lets %s %s in", s.sid, kind, name)
			case kind == "Service" && !s.requires("aws:sourceaccount", "aws:sourcearn"):
				c.add("deputy", s.at, "%s lets %s in for whoever asks it", s.sid, name)
			case kind == "AWS" && !s.trust && isAccount(name) && !s.requires("aws:principalarn") && !exceptedAccount(s):
				c.add("account", s.at, "%s lets all of %s in", s.sid, name)
			}
		}
	}
}

func isAccount(name string) bool {
	return regexp.MustCompile(`^([0-9]{12}|arn:[^:]+:iam::[^:]+:root|map\[Ref:.*\])$`).MatchString(name)
}

// grants are bounded: a grant on a key goes to services of AWS alone, and a role
// is handed on to one service.
func (c *checker) grants(s statement) {
	if slices.Contains(s.actions, "kms:CreateGrant") {
		aws := s.conditions["Bool"]["kms:grantisforawsresource"]
		if !slices.Equal(aws, []string{"true"}) || !s.requires("kms:viaservice") {
			c.add("grant", s.at, "%s allows kms:CreateGrant without kms:GrantIsForAWSResource and kms:ViaService", s.sid)
		}
	}
	if slices.Contains(s.actions, "iam:PassRole") && !s.requires("iam:passedtoservice") {
		c.add("grant", s.at, "%s allows iam:PassRole without iam:PassedToService", s.sid)
	}
}
