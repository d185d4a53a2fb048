package app

import (
	"context"

	"falkirk/internal/aws/account"
	"falkirk/internal/bucket"
	"falkirk/internal/config"
	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/imagesync"
	"falkirk/internal/registries"
	"falkirk/internal/usecase/image"
)

// openImages reaches registries and stores as the accounts of an app.
func openImages(a delivery.App) image.Means {
	accounts := account.New(account.Options{Accounts: a.Accounts, App: a.Name, Actor: actor()})
	return image.Means{
		Registries: registries.New(accounts),
		Whose: func(ctx context.Context, name, region string) (string, error) {
			cfg, err := accounts.Config(ctx, name, region)
			if err != nil {
				return "", err
			}
			return account.Whose(ctx, cfg)
		},
		Last: imagesync.Last{App: a.Name, Open: func(ctx context.Context) (bucket.Bucket, error) { return openBucket(ctx, a, accounts) }},
		Decisions: func(ctx context.Context, from config.Decisions, name string) (*engine.Decisions, error) {
			return jobDecisions(ctx, from, name, accounts)
		},
	}
}
