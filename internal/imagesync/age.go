package imagesync

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// byAge sorts tags by when their images came to the source, or where the
// registry does not tell by when they were made; the latest first.
func byAge(ctx context.Context, p *pair, tags []string) error {
	var mu sync.Mutex
	ages := map[string]time.Time{}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(tagsAtOnce)
	for _, tag := range tags {
		if t, ok := p.src.Pushed[tag]; ok {
			ages[tag] = t
			continue
		}
		group.Go(func() error {
			t, err := p.created(ctx, tag, 0)
			mu.Lock()
			defer mu.Unlock()
			ages[tag] = t
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("find the newest tags of %s: %w", p.from.Name(), err)
	}
	slices.SortFunc(tags, func(a, b string) int {
		if c := ages[b].Compare(ages[a]); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	return nil
}

// created is when the first image that a reference leads to was made, as its
// configuration says.
func (p *pair) created(ctx context.Context, reference string, depth int) (time.Time, error) {
	m, err := p.from.Manifest(ctx, reference)
	if err != nil {
		return time.Time{}, err
	}
	if children := m.Children(); len(children) > 0 && depth < 4 {
		return p.created(ctx, children[0].Digest.String(), depth+1)
	}
	var file struct {
		Config struct {
			Digest string `json:"digest"`
		} `json:"config"`
	}
	if err := json.Unmarshal(m.Raw, &file); err != nil || file.Config.Digest == "" {
		return time.Time{}, nil // it does not say
	}
	body, err := p.from.Blob(ctx, file.Config.Digest, 0)
	if err != nil {
		return time.Time{}, err
	}
	defer body.Close()
	var config struct {
		Created time.Time `json:"created"`
	}
	if err := json.NewDecoder(io.LimitReader(body, 16<<20)).Decode(&config); err != nil {
		return time.Time{}, nil // an artifact of another kind does not say
	}
	return config.Created, nil
}
