package kube

import (
	"context"
	"net/http"
	"net/url"

	"falkirk/internal/fault"
)

// Change is one object that changes.
type Change struct {
	Sign      string  `json:"sign"` // + ~ -
	Kind      string  `json:"kind"`
	Namespace string  `json:"namespace"`
	Name      string  `json:"name"`
	Fields    []Field `json:"fields,omitempty"`   // of one that is changed
	Replaced  bool    `json:"replaced,omitempty"` // another tool made it
}

// Wanted is what is to be in the cluster.
type Wanted struct {
	Objects []Object          // in the order in which they are made
	Others  []Key             // removed where they are there and ours
	Own     map[string]string // labels by which ours are known
	Force   bool              // take over fields that others manage

	Replaces func(Object) bool // an object of that name that another tool made and that is replaced as a whole; may be nil
}

// Plan finds out what Apply would change, by asking the cluster for a dry run;
// so it finds also what the cluster would refuse.
func (c *Client) Plan(ctx context.Context, w Wanted) ([]Change, error) {
	all := []Change{}
	for _, o := range w.Objects {
		one, err := c.plan(ctx, o, w)
		if err != nil {
			return all, err
		}
		if one != nil {
			all = append(all, *one)
		}
	}
	for _, k := range w.Others {
		if now, err := c.mine(ctx, k, w.Own); err != nil {
			return all, err
		} else if now != nil {
			all = append(all, Change{Sign: "-", Kind: k.Kind, Namespace: k.Namespace, Name: k.Name})
		}
	}
	return all, nil
}

func (c *Client) plan(ctx context.Context, o Object, w Wanted) (*Change, error) {
	k := keyOf(o)
	before, err := c.call(ctx, http.MethodGet, k, nil, nil)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	taken := before != nil && !owned(before, w.Own) && w.Replaces != nil && w.Replaces(before)
	if before != nil && !owned(before, w.Own) && !taken {
		err := fault.New(fault.Conflict, "%s in cluster %s is there, and Falkirk did not make it for this app", k, c.name)
		return nil, fault.Hint(err, "take another name with --name, or remove it")
	}
	write := c.patch
	if taken {
		write = c.replace
	}
	after, err := write(ctx, o, w.Force, true)
	if err != nil {
		return nil, err
	}
	out := &Change{Sign: "+", Kind: k.Kind, Namespace: k.Namespace, Name: k.Name}
	if before == nil {
		return out, nil
	}
	out.Sign, out.Fields, out.Replaced = "~", compare(before, after), taken
	if len(out.Fields) == 0 {
		return nil, nil
	}
	return out, nil
}

// patch applies one manifest. A field that the cluster does not know is an
// error.
func (c *Client) patch(ctx context.Context, o Object, force, dry bool) (Object, error) {
	q := url.Values{"fieldManager": {Manager}, "fieldValidation": {"Strict"}}
	if force {
		q.Set("force", "true")
	}
	if dry {
		q.Set("dryRun", "All")
	}
	return c.call(ctx, http.MethodPatch, keyOf(o), q, o)
}

// replace puts one manifest in the place of an object of the same name that another
// tool made. Nothing of that one remains, nor what it has running, nor who managed
// its fields: it is deleted first.
func (c *Client) replace(ctx context.Context, o Object, force, dry bool) (Object, error) {
	k := keyOf(o)
	if dry {
		return c.call(ctx, http.MethodPut, k, url.Values{"fieldManager": {Manager}, "fieldValidation": {"Strict"}, "dryRun": {"All"}}, o)
	}
	now, err := c.call(ctx, http.MethodGet, k, nil, nil)
	if err != nil {
		return nil, err
	}
	if err := c.delete(ctx, k, now); err != nil {
		return nil, err
	}
	return c.patch(ctx, o, force, false)
}

// Apply makes what Plan has found, and nothing where it found nothing.
func (c *Client) Apply(ctx context.Context, w Wanted) ([]Change, error) {
	changes, err := c.Plan(ctx, w)
	if err != nil {
		return changes, err
	}
	done := []Change{}
	for _, change := range changes {
		k := Key{change.Kind, change.Namespace, change.Name}
		if change.Sign == "-" {
			_, err = c.remove(ctx, k, w.Own)
		} else {
			write := c.patch
			if change.Replaced {
				write = c.replace
			}
			_, err = write(ctx, find(w.Objects, k), w.Force, false)
		}
		if err != nil {
			return done, err
		}
		done = append(done, change)
	}
	return done, nil
}

func find(all []Object, k Key) Object {
	for _, o := range all {
		if keyOf(o) == k {
			return o
		}
	}
	return nil
}

// owned reports whether an object has all of the labels.
func owned(o Object, labels map[string]string) bool {
	for key, value := range labels {
		if text(o, "metadata", "labels", key) != value {
			return false
		}
	}
	return true
}
