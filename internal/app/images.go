package app

import (
	"os"

	"falkirk/internal/aws/account"
	"falkirk/internal/config"
	"falkirk/internal/delivery"
	"falkirk/internal/face/cli"
	"falkirk/internal/fault"
	"falkirk/internal/images"
	"falkirk/internal/registries"
)

// hasAccount refuses the name of an account that the app file does not have, also
// where no request would need it.
func hasAccount(a delivery.App, name string) error {
	if _, ok := a.Account(name); ok || name == "" {
		return nil
	}
	err := fault.New(fault.NotFound, "no account %q in the app file", name)
	return fault.Hint(err, "see accounts in the app file")
}

// openImages reaches registries for the commands about single images.
func openImages(r cli.ImageRequest) (*images.Tool, error) {
	var accounts []delivery.Account
	if r.App != "" {
		f, err := config.Open(r.App, settings(), os.LookupEnv)
		if err != nil {
			return nil, err
		}
		if err := hasAccount(f.App, r.Account); err != nil {
			return nil, err
		}
		accounts = f.App.Accounts
	}
	pool := account.New(account.Options{Accounts: accounts, Actor: actor()})
	tool := &images.Tool{Registries: registries.New(pool), Account: r.Account, Insecure: r.Insecure}
	if r.People != nil {
		tool.People = r.People
	}
	return tool, nil
}
