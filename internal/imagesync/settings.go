// Package imagesync keeps images of one registry also in another: what is
// chosen and lacks, or has moved, is copied by digest, from the destination's
// side, and nothing else is touched. It runs anywhere: no daemon, no disk.
package imagesync

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/Masterminds/semver/v3"
	"github.com/bmatcuk/doublestar/v4"

	"falkirk/internal/aws/ecr"
	"falkirk/internal/aws/partition"
	"falkirk/internal/fault"
	"falkirk/internal/oci"
)

// Settings is one job.
type Settings struct {
	Name          string `json:"name,omitempty" yaml:"name,omitempty" jsonschema:"pattern=^[a-z][a-z0-9-]{0\\,62}$,description=name of the job; default: images"`
	Source        string `json:"source" yaml:"source" jsonschema:"required,minLength=1,description=registry that images come from: its host with a prefix of repositories perhaps; ecr:REGION is the ECR of the account itself"`
	Destination   string `json:"destination" yaml:"destination" jsonschema:"required,minLength=1,description=registry that images go to: its host with a prefix of repositories perhaps; ecr:REGION is the ECR of the account itself"`
	Account       string `json:"account,omitempty" yaml:"account,omitempty" jsonschema:"description=name under accounts: the account that does it; default: the credentials that are there"`
	SourceAccount string `json:"sourceAccount,omitempty" yaml:"sourceAccount,omitempty" jsonschema:"description=name under accounts: the account that reads the source; default: the one that does it all"`
	Insecure      bool   `json:"insecure,omitempty" yaml:"insecure,omitempty" jsonschema:"description=HTTP without TLS as if source and destination began with http://; with registries on this machine only"`

	Repositories []string `json:"repositories" yaml:"repositories" jsonschema:"required,minItems=1,description=repositories below the source's prefix; * and ? and ** are patterns"`
	Tags         []string `json:"tags,omitempty" yaml:"tags,omitempty" jsonschema:"description=tags; * and ? are patterns; default: test where nothing else chooses"`
	TagRegex     string   `json:"tagRegex,omitempty" yaml:"tagRegex,omitempty" jsonschema:"description=regular expression; tags that match it whole are chosen too"`
	Semver       string   `json:"semver,omitempty" yaml:"semver,omitempty" jsonschema:"description=range of versions such as >=1.2 <2; tags that are versions in it are chosen too"`
	Newest       int      `json:"newest,omitempty" yaml:"newest,omitempty" jsonschema:"minimum=0,description=only so many of the chosen tags of each repository: the highest versions or else the latest made; default: all"`
	Platforms    []string `json:"platforms,omitempty" yaml:"platforms,omitempty" jsonschema:"description=platforms that indexes are narrowed to such as linux/amd64; default: all and byte for byte"`
	Referrers    bool     `json:"referrers" yaml:"referrers" jsonschema:"description=signatures and attestations and whatever refers to an image come along"`

	DeleteMissing bool `json:"deleteMissing,omitempty" yaml:"deleteMissing,omitempty" jsonschema:"description=chosen tags that the source no longer has are removed from the destination"`
	DeleteLimit   int  `json:"deleteLimit" yaml:"deleteLimit" jsonschema:"minimum=1,description=nothing is removed where it would be more tags than this"`

	Create Create `json:"create" yaml:"create" jsonschema:"description=how repositories of ECR are made where they are missing"`
	Verify Verify `json:"verify,omitzero" yaml:"verify,omitempty" jsonschema:"description=what an image must show before it is copied"`
}

// Create is how a missing repository is made.
type Create struct {
	Never      bool   `json:"never,omitempty" yaml:"never,omitempty" jsonschema:"description=a missing repository is an error"`
	Immutable  bool   `json:"immutable,omitempty" yaml:"immutable,omitempty" jsonschema:"description=no tag can move; default: only the tags that the job names and those of signatures can"`
	Mutable    bool   `json:"mutable,omitempty" yaml:"mutable,omitempty" jsonschema:"description=all tags can move"`
	KMSKey     string `json:"kmsKey,omitempty" yaml:"kmsKey,omitempty" jsonschema:"description=ARN of the key that encrypts; default: that of ECR"`
	ScanOnPush bool   `json:"scanOnPush" yaml:"scanOnPush" jsonschema:"description=images are scanned when they come"`
	Lifecycle  string `json:"lifecycle,omitempty" yaml:"lifecycle,omitempty" jsonschema:"description=lifecycle policy as JSON"`
}

// Verify is what an image must show.
type Verify struct {
	Keys []string `json:"keys,omitempty" yaml:"keys,omitempty" jsonschema:"description=public keys as PEM or files of them: one must have signed the image (cosign)"`
}

// Kind is the word for the block in the app file.
const Kind = "sync"

// Defaults are the settings of an empty block.
func Defaults() Settings {
	return Settings{Referrers: true, DeleteLimit: 10, Create: Create{ScanOnPush: true}}
}

// Label is the name of the job, for people.
func (s Settings) Label() string {
	if s.Name == "" {
		return "images"
	}
	return s.Name
}

// DefaultTag is chosen where nothing else is: that of k9's document.
const DefaultTag = "test"

// Check finds what is wrong with the values.
func (s Settings) Check() []fault.Problem {
	var all []fault.Problem
	add := func(key, want, format string, args ...any) {
		all = append(all, fault.Problem{Path: []string{key}, Text: fmt.Sprintf(format, args...), Want: want})
	}
	for key, at := range map[string]string{"source": s.Source, "destination": s.Destination} {
		host, prefix := Split(at)
		if at != "" && (!isHost(host) || prefix != "" && !oci.IsRepository(prefix)) {
			add(key, `a host such as "ghcr.io" or "127.0.0.1:5000/team"`, "%q is not a registry", at)
		}
		if s.inClear(at) && !oci.IsLoopback(host) {
			add(key, "a registry on this machine, or TLS", "images do not go over the network in the clear")
		}
	}
	if s.Source != "" && s.Source == s.Destination {
		add("destination", "another registry, or another prefix", "it is where the images come from")
	}
	all = append(all, checkChosen("repositories", "repository", s.Repositories, oci.IsRepository)...)
	all = append(all, checkChosen("tags", "tag", s.Tags, oci.IsTag)...)
	for _, p := range s.Platforms {
		if !regexp.MustCompile(`^[a-z0-9]+/[a-z0-9]+(/[a-z0-9]+)?$`).MatchString(p) {
			add("platforms", "one such as linux/amd64 or linux/arm64/v8", "%q is not a platform", p)
		}
	}
	if s.Create.Immutable && s.Create.Mutable {
		add("create", "one of immutable and mutable", "tags cannot be both")
	}
	if _, err := regexp.Compile(s.TagRegex); err != nil {
		add("tagRegex", "a regular expression of RE2", "%v", err)
	}
	if s.Semver != "" {
		if _, err := semver.NewConstraint(s.Semver); err != nil {
			add("semver", "a range such as >=1.2 <2", "%q is not a range of versions", s.Semver)
		}
	}
	return all
}

// checkChosen checks names and patterns.
func checkChosen(key, what string, chosen []string, isName func(string) bool) []fault.Problem {
	var all []fault.Problem
	for _, p := range chosen {
		text := ""
		switch {
		case p == "" || !doublestar.ValidatePattern(p):
			text = fmt.Sprintf("%q is not a pattern", p)
		case !isPattern(p) && !isName(p):
			text = fmt.Sprintf("%q is not the name of a %s", p, what)
		}
		if text != "" {
			all = append(all, fault.Problem{Path: []string{key}, Text: text, Want: "a name, or a pattern with * and ?"})
		}
	}
	return all
}

// Split takes a registry and a prefix of repositories apart.
func Split(at string) (host, prefix string) {
	host, prefix, _ = strings.Cut(strings.TrimPrefix(at, clear), "/")
	return host, strings.Trim(prefix, "/")
}

// clear begins a registry that is reached without TLS.
const clear = "http://"

// ownECR begins the name of the ECR of the account itself; the region follows.
const ownECR = "ecr:"

func isHost(host string) bool {
	if region, own := strings.CutPrefix(host, ownECR); own {
		return partition.IsRegion(region)
	}
	return oci.IsHost(host)
}

// inClear reports whether an end is reached without TLS.
func (s Settings) inClear(at string) bool {
	host, _ := Split(at)
	_, _, amazon := ecr.Registry(host)
	return strings.HasPrefix(at, clear) || s.Insecure && !amazon && !strings.HasPrefix(host, ownECR)
}
