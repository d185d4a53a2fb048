package policies

import "strings"

// resource applies the rules on resources of a template.
func (c *checker) resource(at, kind string, p map[string]any) {
	switch kind {
	case "AWS::S3::Bucket":
		c.bucket(at, p)
	case "AWS::S3::BucketPolicy":
		c.tls(at, p)
	case "AWS::ECR::Repository":
		c.repository(at, p)
	case "AWS::Lambda::Function":
		if code, _ := p["Code"].(map[string]any); code["S3Key"] != nil && code["S3ObjectVersion"] == nil {
			c.add("code", at, "its code has no S3ObjectVersion")
		}
	case "AWS::Lambda::Permission":
		if principal, _ := p["Principal"].(string); strings.HasSuffix(principal, ".amazonaws.com") && p["SourceArn"] == nil && p["SourceAccount"] == nil {
			c.add("deputy", at, "%s may start the function for whoever asks it", principal)
		}
	}
}

func (c *checker) bucket(at string, p map[string]any) {
	if p["BucketEncryption"] == nil {
		c.add("bucket", at, "it is not encrypted")
	}
	if v, _ := p["VersioningConfiguration"].(map[string]any); v["Status"] != "Enabled" {
		c.add("bucket", at, "it keeps no former versions")
	}
	block, _ := p["PublicAccessBlockConfiguration"].(map[string]any)
	for _, k := range []string{"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"} {
		if block[k] != true {
			c.add("bucket", at, "%s is not set", k)
		}
	}
}

// tls asks for the statement that denies what comes in clear.
func (c *checker) tls(at string, p map[string]any) {
	found := false
	var look func(v any)
	look = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if v["Effect"] == "Deny" {
				s := newStatement(at, "", v)
				found = found || len(s.conditions) == 1 && strings.Join(s.conditions["Bool"]["aws:securetransport"], "") == "false" &&
					strings.Join(s.actions, "") == "s3:*" && len(s.resources) == 2
				return
			}
			for _, one := range v {
				look(one)
			}
		case []any:
			for _, one := range v {
				look(one)
			}
		}
	}
	look(p)
	if !found {
		c.add("tls", at, "nothing denies requests without TLS")
	}
}

func (c *checker) repository(at string, p map[string]any) {
	mutability := p["ImageTagMutability"]
	if m, ok := mutability.(map[string]any); ok && m["Ref"] != nil {
		name, _ := m["Ref"].(string)
		mutability = c.parameters[name]
	}
	for _, m := range texts(mutability) {
		if m == "MUTABLE" {
			c.add("repository", at, "its tags can be moved")
		}
	}
	if p["ImageTagMutability"] == nil {
		c.add("repository", at, "its tags can be moved: that is what ECR does unless told")
	}
	if scan, _ := p["ImageScanningConfiguration"].(map[string]any); scan["ScanOnPush"] != true {
		c.add("repository", at, "images come unscanned")
	}
}
