package stack

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"

	"falkirk/internal/aws/account"
	"falkirk/internal/aws/cfn"
	"falkirk/internal/bucket/s3"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/template"
)

// tagRequest says what the stack was asked to be: a digest of all that is asked
// for, an HMAC of the secret values in it, and whether a template or a parameter
// reads values from elsewhere. A stack of an earlier Falkirk does not have it.
const tagRequest = "falkirk:request"

// mark is the value of tagRequest.
type mark struct {
	digest  string // of everything but secret values
	secrets string // HMAC of the secret values; "" where there are none, or no key
	reads   bool   // the template reads values from elsewhere
}

const (
	secretsField = "s-"
	readsField   = "reads"
)

func (m mark) String() string {
	text := m.digest
	if m.secrets != "" {
		text += " " + secretsField + m.secrets
	}
	if m.reads {
		text += " " + readsField
	}
	return text
}

func readMark(tag string) (m mark, ok bool) {
	for i, field := range strings.Fields(tag) {
		switch {
		case i == 0:
			m.digest = field
		case field == readsField:
			m.reads = true
		default:
			m.secrets = strings.TrimPrefix(field, secretsField)
		}
	}
	return m, m.digest != ""
}

// digest is of everything that is asked for, but for the values of secret
// parameters and what differs between two operations.
func (s spot) digest(parameters []cfn.Parameter) string {
	h := sha256.New()
	field := func(format string, args ...any) { h.Write(fmt.Appendf(nil, format+"\n", args...)) }
	field("artifact %q", s.Artifact.Digest)
	for _, p := range parameters {
		if p.Secret {
			field("secret %q", p.Key)
		} else {
			field("parameter %q=%q", p.Key, p.Value)
		}
	}
	for _, key := range sorted(s.set.Tags) {
		field("tag %q=%q", key, s.set.Tags[key])
	}
	capabilities := slices.Clone(s.set.Capabilities)
	slices.Sort(capabilities)
	field("capabilities %q", capabilities)
	field("role %q policy %q protect %t", s.set.Role, s.set.Policy, s.protects())
	field("bucket %q prefix %q", s.set.Bucket, s.set.Prefix)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// secrets is the HMAC of the secret values; "" where there are none, or there is
// no key.
func (s spot) secrets(parameters []cfn.Parameter, key []byte) string {
	if len(key) == 0 || !slices.ContainsFunc(parameters, isSecret) {
		return ""
	}
	h := hmac.New(sha256.New, key)
	h.Write(fmt.Appendf(nil, "%q %q\n", s.Place.Region, s.set.Name)) // the same secret in two stacks looks different
	for _, p := range parameters {
		if p.Secret {
			h.Write(fmt.Appendf(nil, "%q=%q\n", p.Key, p.Value))
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func isSecret(p cfn.Parameter) bool { return p.Secret }

// source is the template of the release, as it was packed.
func (s spot) source(ctx context.Context) (*template.Template, error) {
	m, err := s.manifest(ctx)
	if err != nil {
		return nil, err
	}
	raw, err := s.blob(ctx, m.Template.Digest)
	if err != nil {
		return nil, err
	}
	return template.Parse("the template of "+s.Component, raw)
}

// readsElsewhere reports whether a template of the release, also a nested one,
// or a value of a parameter may come to something else on another day.
func (s spot) readsElsewhere(ctx context.Context, parameters []cfn.Parameter) (bool, error) {
	for _, p := range parameters {
		if len(template.Unversioned(p.Value)) > 0 {
			return true, nil
		}
	}
	m, err := s.manifest(ctx)
	if err != nil {
		return false, err
	}
	return s.templateReads(ctx, m.Template)
}

func (s spot) templateReads(ctx context.Context, t delivery.Template) (bool, error) {
	raw, err := s.blob(ctx, t.Digest)
	if err != nil {
		return false, err
	}
	source, err := template.Parse("a template of "+s.Component, raw)
	if err != nil || source.ReadsElsewhere() {
		return err == nil, err
	}
	for _, r := range t.References {
		if r.Template == nil {
			continue
		}
		if reads, err := s.templateReads(ctx, *r.Template); reads || err != nil {
			return reads, err
		}
	}
	return false, nil
}

// wanted is the parameters of the release, with its template's word on which are
// secret, and the mark of the request. It makes the key where make is set.
func (s spot) wanted(ctx context.Context, makeKey bool) ([]cfn.Parameter, mark, error) {
	parameters, err := s.parameters(ctx)
	if err != nil {
		return nil, mark{}, err
	}
	source, err := s.source(ctx)
	if err != nil {
		return nil, mark{}, err
	}
	declared := source.Parameters()
	for i, p := range parameters {
		parameters[i].Secret = declared[p.Key].Secret
	}
	var key []byte
	if slices.ContainsFunc(parameters, isSecret) {
		if key, err = s.key(ctx, makeKey); err != nil {
			return nil, mark{}, err
		}
	}
	reads, err := s.readsElsewhere(ctx, parameters)
	return parameters, mark{s.digest(parameters), s.secrets(parameters, key), reads}, err
}

// keyName is where the key of the HMACs is, in the bucket of the stack.
const keyName = "keys/secret-parameters"

// longestKey is more than a key has.
const longestKey = 1 << 10

// key reads the key from the stack's bucket, or makes it there. Without a bucket
// there is none.
func (s spot) key(ctx context.Context, makeKey bool) ([]byte, error) {
	if s.set.Bucket == "" {
		return nil, nil
	}
	cfg, err := s.t.opt.Accounts.Config(ctx, s.Place.Account, s.Place.Region)
	if err != nil {
		return nil, err
	}
	bucket := s3.New(account.S3(cfg), s.set.Bucket, s.set.Prefix)
	key, err := readKey(ctx, bucket)
	if !fault.Is(err, fault.NotFound) {
		return key, err
	}
	if !makeKey {
		return nil, nil
	}
	fresh := make([]byte, 32)
	_, _ = rand.Read(fresh) // it never fails
	if err := create(ctx, bucket, keyName, strings.NewReader(hex.EncodeToString(fresh))); err != nil {
		return nil, err
	}
	return readKey(ctx, bucket) // another run may have been first
}

func readKey(ctx context.Context, bucket *s3.Bucket) ([]byte, error) {
	body, _, err := bucket.Get(ctx, keyName)
	if err != nil {
		return nil, fmt.Errorf("read the key for secret parameters: %w", err)
	}
	defer body.Close()
	return io.ReadAll(io.LimitReader(body, longestKey))
}

// isSame reports whether the stack is what the placement's release asks for,
// with whatever release it came.
func (s spot) isSame(ctx context.Context, now cfn.Stack) (bool, error) {
	same, _, err := s.isSameBut(ctx, now)
	return same, err
}

// isSameBut also lists the secret parameters whose values could not be compared: the
// stack has no HMAC of them.
func (s spot) isSameBut(ctx context.Context, now cfn.Stack) (same bool, unknown []string, err error) {
	if s.Version == "" || now.Tags[tagArtifact] != s.Artifact.Digest {
		return false, nil, nil
	}
	want, err := s.parameters(ctx)
	if err != nil {
		return false, nil, err
	}
	for i, p := range want {
		has, ok := now.Parameters[p.Key]
		want[i].Secret = ok && has != "" && strings.Trim(has, "*") == "" // NoEcho
		if want[i].Secret {
			unknown = append(unknown, p.Key)
		}
		if !ok || has != p.Value && !want[i].Secret {
			return false, nil, nil
		}
	}
	for key, value := range s.set.Tags {
		if now.Tags[key] != value {
			return false, nil, nil
		}
	}
	was, ok := readMark(now.Tags[tagRequest])
	if !ok {
		return true, unknown, nil // of an earlier Falkirk: what can be seen is the same
	}
	if was.digest != s.digest(want) || was.reads && now.Tags[tagRelease] != s.Version {
		return false, nil, nil
	}
	if len(unknown) == 0 || was.secrets == "" {
		return true, unknown, nil
	}
	key, err := s.key(ctx, false)
	return was.secrets == s.secrets(want, key), nil, err
}
