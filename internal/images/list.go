package images

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"falkirk/internal/fault"
)

// Listed is a repository of a registry, or a tag of a repository.
type Listed struct {
	Repository string    `json:"repository"`
	Tag        string    `json:"tag,omitempty"`
	Digest     string    `json:"digest,omitempty"`
	Pushed     time.Time `json:"pushed,omitzero"` // where the registry tells
}

// atOnce is how many tags are asked about side by side.
const atOnce = 16

// List lists the repositories of a registry ("HOST", "ecr:REGION"), or the tags
// of a repository ("HOST/NAME") with their digests.
func (t Tool) List(ctx context.Context, at string) ([]Listed, error) {
	if !strings.Contains(strings.TrimPrefix(at, "http://"), "/") {
		return t.repositories(ctx, at)
	}
	if last := at[strings.LastIndex(at, "/")+1:]; strings.ContainsAny(last, ":@") {
		err := fault.New(fault.Invalid, "%q is an image, and not a repository or a registry", at)
		return nil, fault.Hint(err, "falkirk image inspect %s", at)
	}
	_, repo, err := t.open(ctx, at, true)
	if err != nil {
		return nil, err
	}
	list, err := repo.List(ctx)
	if err != nil {
		return nil, repo.Explain(err)
	}
	if len(list.Tags) == 0 {
		host, _, _ := strings.Cut(strings.TrimPrefix(at, "http://"), "/")
		return nil, fault.Hint(fault.New(fault.NotFound, "repository %s is not there, or has no tags", at), "falkirk image ls %s lists the repositories", host)
	}
	out := []Listed{}
	for tag, digest := range list.Tags {
		out = append(out, Listed{repo.Name(), tag, digest, list.Pushed[tag]})
	}
	slices.SortFunc(out, func(a, b Listed) int { return cmp.Compare(a.Tag, b.Tag) })
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i := range out {
		if out[i].Digest == "" {
			group.Go(func() (err error) {
				out[i].Digest, err = repo.Digest(ctx, out[i].Tag)
				return repo.Explain(err)
			})
		}
	}
	return out, group.Wait()
}

func (t Tool) repositories(ctx context.Context, at string) ([]Listed, error) {
	ref, err := t.Parse(at + "/x")
	if err != nil {
		return nil, err
	}
	names, err := t.Registries.Catalog(ctx, ref.Where)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", at, err)
	}
	slices.Sort(names)
	out := []Listed{}
	for _, n := range names {
		out = append(out, Listed{Repository: n})
	}
	return out, nil
}
