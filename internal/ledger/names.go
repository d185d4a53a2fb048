package ledger

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"falkirk/internal/delivery"
)

// environment is a name that an app file can give an environment.
var environment = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)

// Names lists the environments of an app that have a ledger in a store, or of
// which at least the head is left. The app file may no longer name them. What has
// a name that no environment can have is no ledger: it is in others.
func Names(ctx context.Context, store Store, app string) (names, others []string, err error) {
	all, err := allNames(ctx, store, app)
	for _, name := range all {
		if environment.MatchString(name) || name == delivery.Everywhere {
			names = append(names, name)
		} else {
			others = append(others, name)
		}
	}
	return names, others, err
}

func allNames(ctx context.Context, store Store, app string) ([]string, error) {
	names, err := folders(ctx, store, "ledger/"+app+"/")
	if err != nil {
		return nil, err
	}
	under := "ledger-head/" + app + "/"
	for info, err := range store.List(ctx, under, "") {
		if err != nil {
			return nil, fmt.Errorf("list the heads of the ledgers of %s: %w", app, err)
		}
		if name, ok := strings.CutSuffix(strings.TrimPrefix(info.Key, under), ".json"); ok && !strings.Contains(name, "/") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// folders lists the folders under a prefix. It asks once for each folder, not
// for each object.
func folders(ctx context.Context, store Store, prefix string) ([]string, error) {
	var names []string
	for after, more := "", true; more; {
		more = false
		for info, err := range store.List(ctx, prefix, after) {
			if err != nil {
				return nil, fmt.Errorf("list %s: %w", prefix, err)
			}
			name, _, isFolder := strings.Cut(strings.TrimPrefix(info.Key, prefix), "/")
			if !isFolder {
				after, more = info.Key, true
				break
			}
			names = append(names, name)
			after, more = prefix+name+"0", true // '0' comes after '/'
			break
		}
	}
	return names, nil
}
