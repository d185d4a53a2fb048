package app

import (
	"context"
	"strings"

	"falkirk/internal/config"
	"falkirk/internal/delivery"
	"falkirk/internal/diff"
	"falkirk/internal/diff/commits"
	"falkirk/internal/diff/load"
)

// differ fetches what falkirk diff compares.
type differ struct {
	load.Loader
	root string
}

func newDiffer(root string, blobs load.Blobs, redact func(string) string) differ {
	hidden := func(name, value string) bool {
		return config.LooksSecret(name) || redact(value) != value || credential(value)
	}
	return differ{load.Loader{Blobs: blobs, Hidden: hidden}, root}
}

// Commits asks the repository that the app file is in.
func (d differ) Commits(ctx context.Context, from, to delivery.Source) diff.Commits {
	return commits.Between(ctx, d.root, from, to)
}

// credential reports whether a value is one by its look, whatever its name: a
// URL with a password, a private key, a well-known kind of token.
func credential(value string) bool {
	if _, rest, ok := strings.Cut(value, "://"); ok {
		authority, _, _ := strings.Cut(rest, "/")
		if user, _, ok := strings.Cut(authority, "@"); ok && strings.Contains(user, ":") {
			return true
		}
	}
	for _, begin := range []string{"-----BEGIN ", "AKIA", "ASIA", "ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "sk-", "sk_live_", "eyJ"} {
		if strings.HasPrefix(value, begin) {
			return true
		}
	}
	return false
}
