// Package site makes releases of a site live in an S3 bucket, behind CloudFront
// where there is one. Objects are copied by the server, from the store's bucket
// or inside the environment's, with the environment's own credentials.
package site

import (
	"encoding/json"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strings"
	"unicode/utf8"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Settings is the block of a component that lands in a bucket.
type Settings struct {
	Bucket       string `json:"bucket" yaml:"bucket" jsonschema:"description=name of the environment's own bucket"`
	Prefix       string `json:"prefix,omitempty" yaml:"prefix,omitempty" jsonschema:"description=folder in the bucket; without it the site is at the bucket's root"`
	Distribution string `json:"distribution,omitempty" yaml:"distribution,omitempty" jsonschema:"description=ID of the CloudFront distribution before the bucket; what changes under a name that stays is invalidated there"`
	Wait         bool   `json:"wait,omitempty" yaml:"wait,omitempty" jsonschema:"description=a promotion lasts until CloudFront has done the invalidation"`
	URL          string `json:"url,omitempty" yaml:"url,omitempty" jsonschema:"description=where the site answers; a promotion is proved there and its path is that of the site in the distribution"`
	KMSKey       string `json:"kmsKey,omitempty" yaml:"kmsKey,omitempty" jsonschema:"description=key to encrypt objects with; without it the bucket's own default holds"`
	Parallel     int    `json:"parallel" yaml:"parallel" jsonschema:"minimum=1,maximum=256,description=requests under way at first; adapted to how the service answers"`
}

// Defaults are the settings of an empty block.
func Defaults() Settings { return Settings{Parallel: 64} }

// Shapes of names.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
var (
	bucketShape = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	idShape     = regexp.MustCompile(`^[A-Z0-9]{8,32}$`)
	keyShape    = regexp.MustCompile(`^(arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:(key|alias)/[A-Za-z0-9/_-]+|alias/[A-Za-z0-9/_-]+|(mrk-)?[0-9a-f-]{32,36})$`)
)

// Check finds what is wrong with the values.
func (s Settings) Check() []fault.Problem {
	var all []fault.Problem
	add := func(key, want, format string, args ...any) {
		all = append(all, fault.Problem{Path: []string{key}, Text: fmt.Sprintf(format, args...), Want: want})
	}
	if !bucketShape.MatchString(s.Bucket) || strings.Contains(s.Bucket, "..") {
		add("bucket", "3 to 63 lower-case letters, digits, dots and hyphens", "%q is not the name of a bucket", s.Bucket)
	}
	if p := strings.TrimSuffix(s.Prefix, "/"); s.Prefix != "" && (path.Clean("/"+p) != "/"+p || p == "" || !utf8.ValidString(p)) {
		add("prefix", `a folder such as "docs" or "web/app"`, "%q is not a folder", s.Prefix)
	} else if inState(p + "/") {
		add("prefix", "", "%q is where Falkirk keeps its own", s.Prefix)
	}
	if s.Distribution != "" && !idShape.MatchString(s.Distribution) {
		add("distribution", `an ID such as "E1A2B3C4D5E6F7"`, "%q is not the ID of a distribution", s.Distribution)
	}
	if s.Wait && s.Distribution == "" {
		add("wait", "", "there is nothing to wait for without distribution")
	}
	if u, err := url.Parse(s.URL); s.URL != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.RawQuery != "" || u.Fragment != "") {
		add("url", `an address such as "https://www.example.com/"`, "%q is not the address of a site", s.URL)
	}
	if s.KMSKey != "" && !keyShape.MatchString(s.KMSKey) {
		add("kmsKey", "the ARN, the ID or the alias of a key", "%q is not a key", s.KMSKey)
	}
	if s.Parallel < 1 || s.Parallel > 256 {
		add("parallel", "a number from 1 to 256", "%d requests cannot be under way", s.Parallel)
	}
	return all
}

func read(raw json.RawMessage) (Settings, error) {
	s := Defaults()
	if err := json.Unmarshal(raw, &s); err != nil {
		return s, fault.New(fault.Invalid, "read the settings of the site target: %w", err)
	}
	return s, nil
}

// folder is the prefix with the slash that ends it, or nothing.
func (s Settings) folder() string {
	if s.Prefix == "" {
		return ""
	}
	return strings.TrimSuffix(s.Prefix, "/") + "/"
}

// base is the path of the site's root in URLs, with slashes around it.
func (s Settings) base() string {
	p := s.folder()
	if u, err := url.Parse(s.URL); s.URL != "" && err == nil {
		p = u.Path
	}
	if p = path.Clean("/" + p); p == "/" {
		return p
	}
	return p + "/"
}

// placeKey tells where in the world a site is: names of buckets are unique.
func (s Settings) placeKey() string { return s.Bucket + "/" + s.folder() }

// PlaceProblem is a fault.Problem of the landing with that index.
type PlaceProblem struct {
	Landing int
	Problem fault.Problem
}

// PlaceProblems checks the landings of one app against each other: no two may
// have one bucket and prefix. Landings of other targets are passed over. A bucket
// that is an output of a stack is another one in each place.
func PlaceProblems(landings []delivery.Landing) []PlaceProblem {
	var all []PlaceProblem
	owners := map[string]delivery.Landing{}
	for i, l := range landings {
		if l.Target != Kind {
			continue
		}
		s, err := read(l.Settings)
		if err != nil || s.Bucket == "" {
			continue // told where the block itself is checked
		}
		key := s.placeKey()
		if strings.Contains(s.Bucket, "${stack.") {
			key = l.Place.Account + "/" + l.Place.Region + "/" + key
		}
		if o, taken := owners[key]; taken {
			text := fmt.Sprintf("s3://%s is taken by component %s in %s", s.placeKey(), o.Component, o.Place)
			all = append(all, PlaceProblem{i, fault.Problem{Path: []string{"bucket"}, Text: text, Want: "a bucket or a prefix of its own for each"}})
			continue
		}
		owners[key] = l
	}
	return all
}

// Names are the keys whose values are names of things in the account.
func Names() []string { return []string{"bucket", "prefix", "distribution", "kmsKey"} }
