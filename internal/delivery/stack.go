package delivery

// StackMediaType is the media type of a stack manifest.
const StackMediaType = "application/vnd.falkirk.stack.v1+json"

// Stack is the artifact of a CloudFormation stack: its template, and the local
// files that it refers to. Its JSON is the blob that the digest addresses.
type Stack struct {
	Schema   int      `json:"schema"`
	Template Template `json:"template"`
}

// Template is a template as its author wrote it. Where a reference is, what
// names the place of the file in S3 is put in when it is deployed.
type Template struct {
	Digest     string      `json:"digest"` // sha256:… of the text
	Size       int64       `json:"size"`
	References []Reference `json:"references,omitempty"` // in order of offset
}

// Reference is a local path in a template.
type Reference struct {
	Offset   int       `json:"offset"` // in bytes, of the path as written
	Length   int       `json:"length"`
	Where    string    `json:"where"` // "Resources.Fn.Properties.Code"
	Form     Form      `json:"form"`
	Digest   string    `json:"digest,omitempty"` // of the file; empty for a template
	Size     int64     `json:"size,omitempty"`
	Suffix   string    `json:"suffix,omitempty"`   // of the key, for those that look at it
	Template *Template `json:"template,omitempty"` // a nested one
}

// Form is how a place in S3 is written where a reference stood.
type Form string

// The forms.
const (
	FormURL      Form = "url"      // https://…
	FormURI      Form = "uri"      // s3://bucket/key
	FormS3Bucket Form = "S3Bucket" // {S3Bucket, S3Key}
	FormBucket   Form = "Bucket"   // {Bucket, Key}
)
