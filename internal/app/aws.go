package app

import (
	"cmp"
	"context"
	"encoding/json"
	"os"
	"slices"
	"strings"

	"falkirk/internal/aws/account"
	"falkirk/internal/aws/doctor"
	"falkirk/internal/aws/ecr"
	"falkirk/internal/aws/policy"
	"falkirk/internal/config"
	"falkirk/internal/delivery"
	"falkirk/internal/face/cli/ui"
	"falkirk/internal/imagesync"
	imagetarget "falkirk/internal/target/image"
	sitetarget "falkirk/internal/target/site"
	stacktarget "falkirk/internal/target/stack"
	"falkirk/internal/usecase"
)

// needs is what each kind of target must be allowed in AWS.
func needs(a delivery.App) map[string]policy.Kind {
	return map[string]policy.Kind{
		sitetarget.Kind:  sitetarget.Needs,
		stacktarget.Kind: stacktarget.Needs,
		imagetarget.Kind: imagetarget.Needs(func(component string) (string, bool) { return builds(a, component) }),
	}
}

// pushes is what pushing and copying images needs of an account, by region.
func pushes(a delivery.App) func(account string) map[string][]policy.Statement {
	return func(account string) map[string][]policy.Statement {
		all := map[string][]policy.Statement{}
		for _, c := range a.Components {
			reference, _ := builds(a, c.Name)
			if owner, region, needs := imagetarget.PushNeeds(reference); owner == account && owner != "" {
				all[region] = append(all[region], needs...)
			}
		}
		for _, s := range a.Syncs {
			if i, region := syncImages(a, s, account); region != "" {
				all[region] = append(all[region], i.Needs()...)
			}
		}
		return all
	}
}

// syncImages is what a job copies, if the account does it, and the region that it
// is done in; else "".
func syncImages(a delivery.App, s delivery.SyncSetting, id string) (i policy.Images, region string) {
	var set imagesync.Settings
	if err := json.Unmarshal(s.Settings, &set); err != nil {
		return i, "" // told where the block itself is checked
	}
	if who, ok := a.Account(set.Account); !ok || who.ID != id {
		return i, ""
	}
	i = policy.Images{
		To: registryOf(set.Destination, id), Repositories: set.Repositories, Create: !set.Create.Never,
		Lifecycle: set.Create.Lifecycle != "", Key: set.Create.KMSKey, Delete: set.DeleteMissing,
	}
	if set.SourceAccount == "" || set.SourceAccount == set.Account {
		i.From = registryOf(set.Source, id)
	}
	return i, cmp.Or(i.To.Region, i.From.Region)
}

// registryOf is the ECR that one end of a job is in; own is the account that
// ecr:REGION means.
func registryOf(at, own string) policy.Registry {
	host, prefix := imagesync.Split(at)
	if region, is := strings.CutPrefix(host, "ecr:"); is {
		return policy.Registry{Account: own, Region: region, Prefix: prefix}
	}
	account, region, _ := ecr.Registry(host)
	return policy.Registry{Account: account, Region: region, Prefix: prefix}
}

// setups is what every account of an app must have.
func setups(a delivery.App) []policy.Setup {
	return policy.Derive(policy.Input{App: a, Store: policy.StoreOf(a), Kinds: needs(a), Packs: pushes(a), Moving: moving(a)})
}

// moving says which tags of a repository may move: those that environments have
// there, and those that a job of sync follows.
func moving(a delivery.App) func(policy.ARN) []string {
	id := func(name string) string {
		found, _ := a.Account(name)
		return found.ID
	}
	return func(r policy.ARN) []string {
		name := strings.TrimPrefix(r.Resource, "repository/")
		all := imagetarget.Moving(allLandings(a), id, r.Account, r.Region, name)
		for _, s := range a.Syncs {
			var set imagesync.Settings
			if i, _ := syncImages(a, s, r.Account); json.Unmarshal(s.Settings, &set) == nil && i.To.Account == r.Account && i.To.Region == r.Region &&
				slices.ContainsFunc(i.Repositories, func(one string) bool { return i.To.Name(one) == name }) {
				m := set.Make()
				if m.Mutable {
					return []string{"*"}
				}
				all = append(all, m.Moving...)
			}
		}
		slices.Sort(all)
		if all = slices.Compact(all); len(all) > ecr.MostMoving {
			return []string{"*"} // there is no rule for so many
		}
		return all
	}
}

// openAccounts reads an app file and opens nothing of what it names: that may
// be out of reach, or not there yet.
func openAccounts(path string) (*ui.Accounts, error) {
	f, err := config.Open(path, settings(), os.LookupEnv)
	if err != nil {
		return nil, err
	}
	needed := []delivery.Block{delivery.BlockAccounts, delivery.BlockComponents, delivery.BlockLandings, delivery.BlockSyncs, delivery.BlockLedger}
	if err := f.App.Needs(needed...); err != nil {
		return nil, err
	}
	pool := account.New(account.Options{Accounts: withStoreRoles(f.App), App: f.App.Name, Actor: actor()})
	var names []string
	for _, a := range f.App.Accounts {
		names = append(names, a.Name)
	}
	return &ui.Accounts{
		Falkirk: f.Falkirk, Redact: newHider(f).Redact, Prepare: preparer(f.App),
		Accounts: usecase.Accounts{Names: names, Examine: examiner(f.App, pool)},
	}, nil
}

// examiner asks whether what the app needs is allowed.
func examiner(a delivery.App, accounts *account.Pool) func(context.Context, string) (delivery.Examination, error) {
	return doctor.Doctor{Accounts: accounts, App: a, Setups: setups(a)}.Examine
}
