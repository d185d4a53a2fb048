package app

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"falkirk/internal/aws/policy"
	"falkirk/internal/config"
	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/imagesync"
	"falkirk/internal/regular"
	"falkirk/internal/usecase/setup"
)

// jobsFile is the file of jobs that a CronJob or a function reads.
func jobsFile(jobs []imagesync.Settings, from *config.Decisions) ([]byte, error) {
	var all yaml.MapSlice
	if from != nil {
		block := yaml.MapSlice{{Key: "app", Value: from.App}, {Key: "store", Value: from.Store}}
		if from.Region != "" {
			block = append(block, yaml.MapItem{Key: "region", Value: from.Region})
		}
		if from.Signers != "" {
			block = append(block, yaml.MapItem{Key: "signers", Value: from.Signers})
		}
		all = append(all, yaml.MapItem{Key: "decisions", Value: block})
	}
	raw, err := yaml.MarshalWithOptions(append(all, yaml.MapItem{Key: imagesync.Kind, Value: jobs}), yaml.IndentSequence(true))
	if err != nil {
		return nil, fmt.Errorf("write the jobs: %w", err)
	}
	return raw, nil
}

// brake is the store that a job which runs by itself reads the stop and the bans
// from.
type brake struct {
	from  *config.Decisions // nil: no stop and no ban reaches the job
	own   bool              // it is the store of the app file
	by    policy.Decided
	notes []string // for the person who makes the job
}

// storeNone is the value of --store that asks for none.
const storeNone = "none"

// newBrake finds that store: the one that flags name, else that of the file of
// jobs, else that of the app file. The job runs in an account and a region, which
// are those of a store of which they are not known.
func newBrake(app delivery.App, asked setup.StoreRequest, given *config.Decisions, at policy.Scope) (brake, error) {
	if err := checkStore(asked); err != nil {
		return brake{}, err
	}
	store := policy.StoreOf(app)
	from := config.Decisions{App: app.Name, Store: app.Store, Region: store.Region}
	own := false
	switch {
	case asked.URL == storeNone:
		return loose("--store none says so"), nil
	case asked.URL != "" && (asked.URL != app.Store || asked.App != "" && asked.App != app.Name):
		from = config.Decisions{App: cmp.Or(asked.App, app.Name), Store: asked.URL}
		store = policy.StoreOf(delivery.App{Store: asked.URL})
		if from.App == "" {
			err := fault.New(fault.Invalid, "--store %s does not say the app whose stop and bans are read", asked.URL)
			return brake{}, fault.Hint(err, "name it with --app")
		}
	case asked.URL == "" && given != nil:
		from, store = *given, policy.StoreOf(delivery.App{Store: given.Store})
		store.Region = given.Region
	case app.Name == "":
		return loose("there is no app file, and --store names no store"), nil
	default:
		own = true
	}
	if store.Bucket == "" {
		return loose("the store " + from.Store + " is a folder of this machine, which the job cannot read"), nil
	}
	from.Region = cmp.Or(from.Region, at.Region)
	store.Region = from.Region
	b := brake{from: &from, own: own, by: policy.Decided{App: from.App, Store: store}}
	if store.Account == "" {
		b.notes = append(b.notes, fmt.Sprintf("the account of the store %s is not known (storeAccount in the app file): if it is not %s, the policy of bucket %s must let the role of the job read",
			from.Store, cmp.Or(at.Account, "that of the job"), store.Bucket))
	}
	return b, nil
}

func checkStore(asked setup.StoreRequest) error {
	if asked.App != "" && (asked.URL == "" || asked.URL == storeNone) {
		return fault.Hint(fault.New(fault.Invalid, "--app goes with --store"), "name the store: --store s3://BUCKET/PREFIX")
	}
	if asked.URL != "" && asked.URL != storeNone && policy.StoreOf(delivery.App{Store: asked.URL}).Bucket == "" {
		return fault.Hint(fault.New(fault.Invalid, "--store %s is not a store that a job can read", asked.URL), "write s3://BUCKET/PREFIX, or none")
	}
	return nil
}

// loose is for a job that nothing holds back.
func loose(why string) brake {
	return brake{notes: []string{"falkirk stop --all and falkirk ban do not reach this job: " + why + "; suspend the job to stop it"}}
}

// about is what results say of it; empty where nothing holds the job back.
func (b brake) about() string {
	if b.from == nil {
		return ""
	}
	return strings.TrimSuffix(b.from.Store, "/") + ", app " + b.from.App
}

// told are the notes for a job in an account; with skip, the account of the store
// is left to somebody else.
func (b brake) told(account string, skip bool) []string {
	owner := b.by.Store.Account
	if !skip || owner == "" || owner == account {
		return b.notes
	}
	note := fmt.Sprintf("the job writes nothing until bucket %s in account %s lets its role read what people decided: repeat the command there with --only-source", b.by.Store.Bucket, owner)
	return append(slices.Clone(b.notes), note)
}

// write is what the file of jobs says of it: with the list of signers of the app,
// where the ledgers of that are signed.
func (b brake) write(app delivery.App) (*config.Decisions, error) {
	if !b.own || app.Ledger == nil {
		return b.from, nil
	}
	path := filepath.FromSlash(app.Ledger.Signers)
	if !filepath.IsAbs(path) {
		path = filepath.Join(app.Root, path)
	}
	raw, err := regular.Read(path, app.Ledger.Signers, imagesync.MostKeys)
	if err != nil {
		return nil, fault.New(fault.Invalid, "read the list of signers, which the job checks the decisions by: %w", err)
	}
	signed := *b.from
	signed.Signers = string(raw)
	return &signed, nil
}
