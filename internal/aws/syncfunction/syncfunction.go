// Package syncfunction makes the Lambda function that copies images into its
// account: it puts the program and its jobs into a bucket, applies the stack of
// the function by a change set that is shown first, and has the accounts that
// images come from let it read and tell it of pushes. It takes all of that away
// again.
package syncfunction

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"github.com/aws/aws-sdk-go-v2/aws"

	"falkirk/internal/aws/policy"
	"falkirk/internal/aws/prepare"
	"falkirk/internal/blueprint/syncstack"
)

// Request is one function.
type Request struct {
	Function syncstack.Function // without its code
	Bucket   string             // that the zip goes to, in the function's region
	Prefix   string             // of keys in it, without slashes around; may be empty
	Zip      []byte
	Sources  []Source

	SkipSource bool // the accounts that images come from are left alone: somebody else prepares them
	OnlySource bool // nothing but these
}

// Source is one account and region that images come from.
type Source struct {
	At     policy.Scope
	Pushes []syncstack.Push // that it tells the function of; none where the function hears them by itself
	Grants []policy.Grant   // what its repositories must say
}

// Setup makes and removes functions.
type Setup struct {
	Stacks prepare.Stacks
	// Own reaches the function's account in a region.
	Own func(ctx context.Context, region string) (aws.Config, error)
	// Source reaches an account that images come from. It is fault.Refused where
	// the credentials at hand do not.
	Source func(ctx context.Context, account, region string) (aws.Config, error)
}

// View is what would be changed, or was.
type View struct {
	Role      string // ARN, of who copies
	Code      string // URL of the zip
	Bytes     int    // of the zip
	Stacks    []StackChange
	Policies  []prepare.Attachment // of repositories
	Elsewhere []Elsewhere          // what has to be done in accounts that are out of reach
	Notes     []string

	proposed []proposed
	apply    []func(context.Context) error // after the function's own stack
}

// StackChange is how one stack changes.
type StackChange struct {
	Account string
	Region  string
	Name    string
	Changes []prepare.Change
}

type proposed struct {
	stack    prepare.Stack
	proposal prepare.Proposal
	own      bool
	function syncstack.Function // as it was proposed, where it is the function's own stack
}

// Elsewhere is what has to be there in an account that is out of reach; empty
// texts where something has to go.
type Elsewhere struct {
	Account  string
	Region   string
	Stack    string
	Template string
	Policies []RepositoryPolicy
	Why      string // it is out of reach
}

// RepositoryPolicy is what a repository, or the bucket of the store, must say.
type RepositoryPolicy struct {
	Repository string // name
	Bucket     string // name, in place of a repository
	Policy     string // JSON
}

// policyOf names the resource of a grant.
func policyOf(g policy.Grant) RepositoryPolicy {
	if g.Service == "s3" {
		return RepositoryPolicy{Bucket: g.Name()}
	}
	return RepositoryPolicy{Repository: g.Name()}
}

// IsEmpty reports whether everything is as it should be.
func (v View) IsEmpty() bool {
	for _, s := range v.Stacks {
		if len(s.Changes) > 0 {
			return false
		}
	}
	return len(v.Policies) == 0
}

// Key is what marks the function's statements in the policies of others.
func Key(name, account string) string { return "sync-function " + account + " " + name }

// SourceStack is the name of the stack in an account that images come from.
func (r Request) SourceStack() string { return r.Function.Name + "-source" }

// code is where the zip goes: its name is that of its bytes.
func (r Request) code() syncstack.Code {
	sum := sha256.Sum256(r.Zip)
	return syncstack.Code{Bucket: r.Bucket, Key: r.folder() + hex.EncodeToString(sum[:]) + ".zip"}
}

func (r Request) folder() string {
	return policy.Under(r.Prefix) + "functions/" + r.Function.Name + "/"
}

// granted are the repositories that let the role in, and the bucket of the store,
// by their addresses.
func (r Request) granted() []string {
	var all []string
	for _, s := range r.Sources {
		for _, g := range s.Grants {
			if g.Service != "kms" {
				all = append(all, g.Address())
			}
		}
	}
	return all
}

// Templates are those of the function's account and of those that tell it of
// pushes, in that order.
func (r Request) Templates() ([]prepare.Template, error) {
	r.Function.Code = r.code()
	r.Function.Granted = r.granted()
	text, err := syncstack.Template(r.Function)
	if err != nil {
		return nil, err
	}
	all := []prepare.Template{{Stack: r.Function.Name, Region: r.Function.At.Region, Text: text}}
	for _, s := range r.Sources {
		text, err := r.sourceTemplate(s)
		if err != nil {
			return nil, err
		}
		if text != nil {
			all = append(all, prepare.Template{Stack: r.SourceStack(), Region: s.At.Region, Text: text})
		}
	}
	return all, nil
}

func (r Request) sourceTemplate(s Source) ([]byte, error) {
	if len(s.Pushes) == 0 {
		return nil, nil
	}
	return syncstack.SourceTemplate(syncstack.Source{
		Name: r.Function.Name, At: s.At, Bus: syncstack.BusARN(r.Function.At, r.Function.Name), Pushes: s.Pushes, Tags: r.Function.Tags,
	})
}

// elsewhere is what an account has to do that is out of reach.
func (r Request) elsewhere(s Source, why error) (Elsewhere, error) {
	out := Elsewhere{Account: s.At.Account, Region: s.At.Region, Why: why.Error()}
	text, err := r.sourceTemplate(s)
	if text != nil {
		out.Stack, out.Template = r.SourceStack(), string(text)
	}
	for _, g := range s.Grants {
		if g.Service == "kms" {
			continue // a note has it
		}
		one := policyOf(g)
		if len(g.Statements) > 0 {
			one.Policy = policy.JSON(policy.New(g.Statements...))
		}
		out.Policies = append(out.Policies, one)
	}
	return out, err
}
