package app

import (
	"context"
	"fmt"
	"strings"

	"falkirk/internal/aws/account"
	"falkirk/internal/bucket"
	"falkirk/internal/bucket/s3"
	"falkirk/internal/bucket/split"
	"falkirk/internal/delivery"
)

// withStoreRoles are the accounts of the app file, and one for each role that
// writes the record of an environment: the store's account, reached by that role.
func withStoreRoles(a delivery.App) []delivery.Account {
	all := append([]delivery.Account(nil), a.Accounts...)
	store, ok := a.Account(a.StoreAccount)
	for _, env := range a.Environments {
		if env.StoreRole == "" || !ok {
			continue
		}
		one := store
		one.Name, one.Role = a.StoreRoleAccount(env.Name), env.StoreRole
		all = append(all, one)
	}
	return all
}

// storeOwners are the roles that write the record of an environment.
func storeOwners(a delivery.App, accounts *account.Pool) []split.Owner {
	var out []split.Owner
	for _, env := range a.Environments {
		if env.StoreRole != "" {
			out = append(out, split.Owner{Name: env.Name, Open: opener(a, accounts, a.StoreRoleAccount(env.Name))})
		}
	}
	return out
}

// opener opens an s3:// store as an account.
func opener(a delivery.App, accounts *account.Pool, name string) split.Open {
	return func(ctx context.Context) (bucket.Bucket, error) {
		cfg, err := accounts.Config(ctx, name, "")
		if err != nil {
			return nil, fmt.Errorf("open the store %s: %w", a.Store, err)
		}
		at, prefix := storePath(a)
		return s3.New(account.S3(cfg), at, prefix), nil
	}
}

// storePath is the bucket and the prefix of an s3:// store.
func storePath(a delivery.App) (name, prefix string) {
	name, prefix, _ = strings.Cut(strings.TrimPrefix(a.Store, "s3://"), "/")
	return name, prefix
}
