// Package registrystack holds the CloudFormation template of what an image lands
// in, as a file that people can read.
package registrystack

import _ "embed"

//go:embed registry.yaml
var template []byte

// Template is the template of an ECR repository for one component. Its outputs
// are the settings of the target image.
func Template() []byte { return append([]byte(nil), template...) }
