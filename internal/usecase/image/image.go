// Package image is the room of use cases about images in registries: look at them,
// tag them, copy them, and keep them in another registry by jobs of sync.
package image

import (
	"context"

	"falkirk/internal/config"
	"falkirk/internal/delivery"
	"falkirk/internal/engine"
	"falkirk/internal/fault"
	"falkirk/internal/images"
	"falkirk/internal/imagesync"
	"falkirk/internal/usecase"
)

// Room is the use cases of this room.
type Room struct {
	Inspect  usecase.Case[InspectQuery, InspectResult]
	List     usecase.Case[ListQuery, ListResult]
	Tag      usecase.Case[TagQuery, TagResult]
	Copy     usecase.Case[CopyQuery, CopyResult]
	Sync     usecase.Case[SyncQuery, SyncResult]
	LastSync usecase.Case[LastSyncQuery, SyncResult]
}

// Means is what the use cases work with.
type Means struct {
	Registries images.Registries
	// Whose is the number of the account that work in an account of the app is done as.
	Whose func(ctx context.Context, account, region string) (id string, err error)
	Last  imagesync.Last
	// Decisions opens the store that a file of jobs names, with the credentials of the
	// process. The name is that of the file.
	Decisions func(ctx context.Context, from config.Decisions, name string) (*engine.Decisions, error)
}

// Opener gives the means to work as the accounts of an app. A zero app has none:
// then the credentials that are there are used.
type Opener func(a delivery.App) Means

// New makes the room.
func New(open Opener) Room {
	return Room{
		Inspect: newInspect(open), List: newList(open), Tag: newTag(open), Copy: newCopy(open),
		Sync: newSync(open), LastSync: newLastSync(open),
	}
}

// Entries are the use cases as faces list them.
func (r Room) Entries() []usecase.Entry {
	return []usecase.Entry{r.Inspect.Entry(), r.List.Entry(), r.Tag.Entry(), r.Copy.Entry(), r.Sync.Entry(), r.LastSync.Entry()}
}

// Access says as whom registries are reached.
type Access struct {
	Account  string `json:"account,omitempty"`  // of the app file, for ECR; empty: the credentials that are there
	Insecure bool   `json:"insecure,omitempty"` // HTTP without TLS, on this machine only
}

// tool is what single images are worked with.
func (a Access) tool(ctx context.Context, c *usecase.Call, open Opener) (images.Tool, error) {
	var app delivery.App
	if a.Account != "" {
		file, err := c.AppFile(ctx)
		if err != nil {
			return images.Tool{}, err
		}
		app = file.App
	}
	if err := hasAccount(app, a.Account); err != nil {
		return images.Tool{}, err
	}
	tool := images.Tool{Registries: open(app).Registries, Account: a.Account, Insecure: a.Insecure}
	if people := c.People(); people != nil {
		tool.People = people
	}
	return tool, nil
}

// hasAccount refuses the name of an account that the app file does not have, also
// where no request would need it.
func hasAccount(a delivery.App, name string) error {
	if _, ok := a.Account(name); ok || name == "" {
		return nil
	}
	err := fault.New(fault.NotFound, "no account %q in the app file", name)
	return fault.Hint(err, "see accounts in the app file")
}
