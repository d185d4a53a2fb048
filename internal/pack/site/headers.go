package site

import (
	"fmt"
	"maps"
	"mime"
	"regexp"
	"slices"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/pack/ignore"
	"falkirk/internal/pack/site/media"
)

// Rule gives the files that match headers other than those that Falkirk finds.
type Rule struct {
	Match           string            `json:"match" yaml:"match" jsonschema:"required,minLength=1,description=the files (a pattern in the syntax of .gitignore)"`
	ContentType     string            `json:"contentType,omitempty" yaml:"contentType,omitempty" jsonschema:"description=Content-Type such as text/html; charset=utf-8"`
	ContentEncoding string            `json:"contentEncoding,omitempty" yaml:"contentEncoding,omitempty" jsonschema:"description=Content-Encoding of files that are compressed already such as gzip or br; identity: none although the name ends in .gz or .br or .zst"`
	CacheControl    string            `json:"cacheControl,omitempty" yaml:"cacheControl,omitempty" jsonschema:"description=Cache-Control instead of that which Falkirk chooses"`
	Metadata        map[string]string `json:"metadata,omitempty" yaml:"metadata,omitempty" jsonschema:"description=user-defined metadata of the object in S3; a header x-amz-meta-NAME for each"`
}

// identity is the content encoding that is none.
const identity = "identity"

// codings are the content encodings that browsers read.
var codings = []string{"gzip", "br", "zstd", "deflate", "compress", identity}

// mostMetadata is what S3 takes of user-defined metadata, names and values, less
// what Falkirk's own takes.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
const mostMetadata = 2048 - 128

var metadataName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]*$`)

func (r Rule) check(at []string) []fault.Problem {
	var problems []fault.Problem
	add := func(key, want, format string, args ...any) {
		problems = append(problems, fault.Problem{Path: append(slices.Clone(at), key), Text: fmt.Sprintf(format, args...), Want: want})
	}
	if err := new(ignore.List).Add("match", r.Match); err != nil || strings.TrimSpace(r.Match) == "" || strings.HasPrefix(r.Match, "#") {
		add("match", `a pattern in the syntax of .gitignore, such as "*.html"`, "%q is not a pattern", r.Match)
	} else if strings.HasPrefix(r.Match, "!") {
		add("match", "a pattern of the files that get the headers", "%q only takes files out", r.Match)
	}
	if _, _, err := mime.ParseMediaType(r.ContentType); r.ContentType != "" && (err != nil || !strings.Contains(r.ContentType, "/") || !printable(r.ContentType)) {
		add("contentType", `a media type such as "text/html; charset=utf-8"`, "%q is not a content type", r.ContentType)
	}
	for coding := range strings.SplitSeq(r.ContentEncoding, ",") {
		if r.ContentEncoding != "" && !slices.Contains(codings, strings.TrimSpace(coding)) {
			add("contentEncoding", strings.Join(codings, ", "), "%q is not a content encoding", r.ContentEncoding)
			break
		}
	}
	if r.CacheControl != "" && (strings.TrimSpace(r.CacheControl) == "" || !printable(r.CacheControl)) {
		add("cacheControl", `directives such as "public, max-age=3600"`, "%q cannot be a header", r.CacheControl)
	}
	problems = append(problems, r.checkMetadata(at)...)
	if r.ContentType+r.ContentEncoding+r.CacheControl == "" && len(r.Metadata) == 0 {
		problems = append(problems, fault.Problem{Path: at, Text: "no header is given for the files that match", Want: "contentType, contentEncoding, cacheControl or metadata"})
	}
	return problems
}

func (r Rule) checkMetadata(at []string) []fault.Problem {
	var problems []fault.Problem
	size := 0
	for _, name := range slices.Sorted(maps.Keys(r.Metadata)) {
		value := r.Metadata[name]
		size += len(name) + len(value)
		p := fault.Problem{Path: append(slices.Clone(at), "metadata", name)}
		switch {
		case !metadataName.MatchString(name):
			p.Text, p.Want = fmt.Sprintf("%q is not a name of metadata", name), "small letters, digits, dots, hyphens and underscores"
		case strings.HasPrefix(name, "falkirk-"):
			p.Text, p.Want = fmt.Sprintf("%q is a name that Falkirk uses itself", name), "another name"
		case !printable(value) || value != strings.TrimSpace(value):
			p.Text, p.Want = fmt.Sprintf("%q cannot be a header", value), "printable ASCII, without blanks around it"
		default:
			continue
		}
		problems = append(problems, p)
	}
	if size > mostMetadata {
		text := fmt.Sprintf("the metadata has %d bytes", size)
		problems = append(problems, fault.Problem{Path: append(slices.Clone(at), "metadata"), Text: text, Want: fmt.Sprintf("at most %d, which is what S3 takes", mostMetadata)})
	}
	return problems
}

// printable reports whether a text can be the value of a header.
func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// rules are the rules of the settings with their patterns read.
type rules []rule

type rule struct {
	Rule
	files *ignore.List
	used  bool
}

func newRules(all []Rule) (rules, error) {
	out := make(rules, len(all))
	for i, r := range all {
		out[i] = rule{Rule: r, files: &ignore.List{}}
		if err := out[i].files.Add("headers", r.Match); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// apply gives a file the headers of the rules that match it.
func (all rules) apply(f *delivery.File) error {
	typed, coding := false, f.Encoding
	for i, r := range all {
		if !r.files.Covers(f.Path) {
			continue
		}
		all[i].used = true
		if r.ContentType != "" {
			f.Type, typed = r.ContentType, true
		}
		if r.ContentEncoding != "" {
			f.Encoding = withoutIdentity(r.ContentEncoding)
		}
		if r.CacheControl != "" {
			f.CacheControl = r.CacheControl
		}
		f.Metadata = f.Metadata.With(r.Metadata)
	}
	if !typed && (f.Encoding == "") != (coding == "") {
		f.Type = typeAs(f)
	}
	size := 0
	for name, value := range f.Metadata.Map() {
		size += len(name) + len(value)
	}
	if size > mostMetadata {
		return fault.New(fault.Invalid, "%q has %d bytes of metadata by several rules; S3 takes %d", f.Path, size, mostMetadata)
	}
	return nil
}

// withoutIdentity are the content encodings that change the content.
func withoutIdentity(codings string) string {
	var out []string
	for coding := range strings.SplitSeq(codings, ",") {
		if coding = strings.TrimSpace(coding); coding != identity {
			out = append(out, coding)
		}
	}
	return strings.Join(out, ", ")
}

// typeAs is the type of a file when a rule says whether its content is encoded and
// no rule says the type: that of the bytes, or of what they are decoded to.
func typeAs(f *delivery.File) string {
	name := f.Path
	if f.Encoding != "" {
		name = media.Inner(name)
	}
	kind, ok := media.ByName(name)
	if f.Encoding == "" {
		kind, ok = media.Stored(name)
	}
	if !ok {
		return f.Type
	}
	return kind
}

// unused are the patterns that match no file.
func (all rules) unused() []string {
	var patterns []string
	for _, r := range all {
		if !r.used {
			patterns = append(patterns, r.Match)
		}
	}
	return patterns
}
