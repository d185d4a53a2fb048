// Package sitestack holds the CloudFormation template of what a site lands in, as a
// file that people can read.
package sitestack

import _ "embed"

//go:embed site.yaml
var template []byte

// Template is the template of a private bucket and the CloudFront distribution that
// serves it. Its outputs are the settings of the target site.
func Template() []byte { return append([]byte(nil), template...) }
