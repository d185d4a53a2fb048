package kube

import (
	"context"
	"net/http"

	"falkirk/internal/fault"
)

// Present is what of some objects is there: ours, and what has the same name and
// is somebody else's.
type Present struct {
	Ours    []Key
	Foreign []Key
	// Notes are the annotations of ours, by kind.
	Notes map[string]map[string]string
}

// Look finds out which of some objects are there.
func (c *Client) Look(ctx context.Context, keys []Key, own map[string]string) (Present, error) {
	out := Present{Notes: map[string]map[string]string{}}
	for _, k := range keys {
		now, err := c.call(ctx, http.MethodGet, k, nil, nil)
		switch {
		case fault.Is(err, fault.NotFound):
		case err != nil:
			return out, err
		case owned(now, own):
			out.Ours = append(out.Ours, k)
			out.Notes[k.Kind] = annotations(now)
		default:
			out.Foreign = append(out.Foreign, k)
		}
	}
	return out, nil
}

func annotations(o Object) map[string]string {
	out := map[string]string{}
	all, _ := deep(o, "metadata", "annotations").(map[string]any)
	for k, v := range all {
		if s, ok := v.(string); ok {
			out[k] = s
		}
	}
	return out
}

// Remove takes away those of the objects that are ours, with what the cluster
// made of them. What has gone is no error.
func (c *Client) Remove(ctx context.Context, keys []Key, own map[string]string) ([]Change, error) {
	done := []Change{}
	for _, k := range keys {
		gone, err := c.remove(ctx, k, own)
		if err != nil {
			return done, err
		}
		if gone {
			done = append(done, Change{Sign: "-", Kind: k.Kind, Namespace: k.Namespace, Name: k.Name})
		}
	}
	return done, nil
}

// mine reads an object; nil if it is not there or somebody else's.
func (c *Client) mine(ctx context.Context, k Key, own map[string]string) (Object, error) {
	now, err := c.call(ctx, http.MethodGet, k, nil, nil)
	if fault.Is(err, fault.NotFound) || err == nil && !owned(now, own) {
		return nil, nil
	}
	return now, err
}

// remove deletes exactly the object that was looked at: one that was made anew
// meanwhile is another's.
func (c *Client) remove(ctx context.Context, k Key, own map[string]string) (bool, error) {
	now, err := c.mine(ctx, k, own)
	if err != nil || now == nil {
		return false, err
	}
	err = c.delete(ctx, k, now)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return err == nil, err
}

// delete deletes exactly the object that was looked at, and what it has made.
func (c *Client) delete(ctx context.Context, k Key, now Object) error {
	_, err := c.call(ctx, http.MethodDelete, k, nil, Object{
		"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background",
		"preconditions": Object{"uid": text(now, "metadata", "uid")},
	})
	return err
}
