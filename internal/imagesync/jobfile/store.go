package jobfile

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"falkirk/internal/aws/policy"
	"falkirk/internal/config"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/imagesync"
	"falkirk/internal/regular"
)

// StoreRequest names the store that a job which runs by itself reads the stop and
// the bans from. What is empty is as the app file says.
type StoreRequest struct {
	URL string // None for no store
	App string
}

// None is the URL that asks for no store.
const None = "none"

// Store is the store that a job which runs by itself reads the stop and the bans
// from.
type Store struct {
	From *config.Decisions // nil: no stop and no ban reaches the job
	By   policy.Decided    // what the role of the job needs to read it

	own   bool     // it is the store of the app file
	notes []string // for the person who makes the job
}

// Find finds that store: the one that flags name, else that of the file of
// jobs, else that of the app file. The job runs in an account and a region, which
// are those of the store where the store does not say its own.
func Find(app delivery.App, asked StoreRequest, given *config.Decisions, at policy.Scope) (Store, error) {
	if err := checkStore(asked); err != nil {
		return Store{}, err
	}
	store := policy.StoreOf(app)
	from := config.Decisions{App: app.Name, Store: app.Store, Region: store.Region}
	own := false
	switch {
	case asked.URL == None:
		return unread("--store none says so"), nil
	case asked.URL != "" && (asked.URL != app.Store || asked.App != "" && asked.App != app.Name):
		from = config.Decisions{App: cmp.Or(asked.App, app.Name), Store: asked.URL}
		store = policy.StoreOf(delivery.App{Store: asked.URL})
		if from.App == "" {
			err := fault.New(fault.Invalid, "--store %s does not say the app whose stop and bans are read", asked.URL)
			return Store{}, fault.Hint(err, "name it with --app")
		}
	case asked.URL == "" && given != nil:
		from, store = *given, policy.StoreOf(delivery.App{Store: given.Store})
		store.Region = given.Region
	case app.Name == "":
		return unread("there is no app file, and --store names no store"), nil
	default:
		own = true
	}
	if store.Bucket == "" {
		return unread("the store " + from.Store + " is a folder of this machine, which the job cannot read"), nil
	}
	from.Region = cmp.Or(from.Region, at.Region)
	store.Region = from.Region
	b := Store{From: &from, own: own, By: policy.Decided{App: from.App, Store: store}}
	if store.Account == "" {
		b.notes = append(b.notes, fmt.Sprintf("the account of the store %s is not known (storeAccount in the app file): if it is not %s, the policy of bucket %s must let the role of the job read",
			from.Store, cmp.Or(at.Account, "that of the job"), store.Bucket))
	}
	return b, nil
}

func checkStore(asked StoreRequest) error {
	if asked.App != "" && (asked.URL == "" || asked.URL == None) {
		return fault.Hint(fault.New(fault.Invalid, "--app goes with --store"), "name the store: --store s3://BUCKET/PREFIX")
	}
	if asked.URL != "" && asked.URL != None && policy.StoreOf(delivery.App{Store: asked.URL}).Bucket == "" {
		return fault.Hint(fault.New(fault.Invalid, "--store %s is not a store that a job can read", asked.URL), "write s3://BUCKET/PREFIX, or none")
	}
	return nil
}

// unread is for a job that no decision reaches.
func unread(why string) Store {
	return Store{notes: []string{"falkirk stop --all and falkirk ban do not reach this job: " + why + "; suspend the job to stop it"}}
}

// String is what results say of it; empty where no decision reaches the job.
func (s Store) String() string {
	if s.From == nil {
		return ""
	}
	return strings.TrimSuffix(s.From.Store, "/") + ", app " + s.From.App
}

// Notes are for the person who makes a job in an account; with skip, somebody else
// prepares the account of the store.
func (s Store) Notes(account string, skip bool) []string {
	owner := s.By.Store.Account
	if !skip || owner == "" || owner == account {
		return s.notes
	}
	note := fmt.Sprintf("the job writes nothing until bucket %s in account %s lets its role read what people decided: repeat the command there with --only-source", s.By.Store.Bucket, owner)
	return append(slices.Clone(s.notes), note)
}

// Decisions are what the file of jobs says of it: with the list of signers of the
// app, where its ledgers are signed.
func (s Store) Decisions(app delivery.App) (*config.Decisions, error) {
	if !s.own || app.Ledger == nil {
		return s.From, nil
	}
	path := filepath.FromSlash(app.Ledger.Signers)
	if !filepath.IsAbs(path) {
		path = filepath.Join(app.Root, path)
	}
	raw, err := regular.Read(path, app.Ledger.Signers, imagesync.MostKeys)
	if err != nil {
		return nil, fault.New(fault.Invalid, "read the list of signers, which the job checks the decisions by: %w", err)
	}
	signed := *s.From
	signed.Signers = string(raw)
	return &signed, nil
}
