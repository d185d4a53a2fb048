package policy

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Kind says what a kind of target needs in one placement. It is pure.
type Kind func(p delivery.Placement, at Scope) []Statement

// Input is all that the policies of an app are derived from.
type Input struct {
	App   delivery.App
	Store Store
	Kinds map[string]Kind // by kind of target; one that needs nothing of AWS is not there
	// Packs says, by region, what packing needs of an account beside the store;
	// nil where it needs nothing.
	Packs func(account string) map[string][]Statement
	// Moving says which tags of a repository may move; nil where none may.
	Moving func(repository ARN) []string
}

// Setup is what one account must have.
type Setup struct {
	Account delivery.Account
	Scope   Scope               // in the home region
	Role    []Statement         // what the account's role must be allowed
	Places  []PlaceNeeds        // the same by place; the store's come first, with an empty environment
	Grants  []Grant             // what the account must let roles of others do
	Builds  bool                // the store is in this account
	Moving  map[string][]string // tags that may move, by ARN of the repository; * is any characters
	Record  string              // the environment whose record the role writes, where it is one of Records; "" else
	Records []Record            // roles of environments that write their own record, where the store is in this account
}

// Record is the role of an environment that writes its record in the store.
type Record struct {
	Environment string
	Role        string // ARN
	Account     string // the store's account as it is reached by the role
	May         []Statement
	MustNot     []Statement // what would let it write the record of another environment
}

// PlaceNeeds is what one place needs of the account's role.
type PlaceNeeds struct {
	Place      delivery.Place
	Scope      Scope
	Statements []Statement
	MustNot    []Statement // what the role must not be allowed
}

// Derive says what every account must have, in the order of the app file.
func Derive(in Input) []Setup {
	var out []Setup
	var all []need
	for _, a := range in.App.Accounts {
		s := in.setup(a)
		for _, r := range s.Records {
			at := s.Scope
			at.Role = r.Role
			for _, st := range in.recordSigns(at) {
				all = append(all, need{at, st})
			}
		}
		for _, p := range s.Places {
			for _, st := range p.Statements {
				all = append(all, need{p.Scope, st})
			}
		}
		out = append(out, s)
	}
	for i := range out {
		out[i].Grants = grants(in.App.Name, out[i].Account.ID, all)
		if out[i].Builds {
			out[i].Grants = keep(out[i].Grants, out[i].Scope.Bucket(in.Store.Bucket), out[i].Scope.WriteOnce(in.App.Name))
		}
	}
	return out
}

// Check refuses what no policy can be made for: an account that has places and
// no role, and names that are known only when a release is on its way.
func Check(app string, all []Setup) error {
	for _, s := range all {
		if s.Account.Role == "" && len(s.Places) > 0 {
			err := fault.New(fault.Invalid, "account %s has no role in the app file, and something lands there", s.Account.Name)
			return fault.Hint(err, "add accounts.%s.role: %s", s.Account.Name, InAccount(s.Account, "role/falkirk-"+app))
		}
		for _, st := range s.Role {
			for _, r := range st.Resources {
				if strings.Contains(r, "${") {
					err := fault.New(fault.Invalid, "account %s: what %s is about is not known yet: %s", s.Account.Name, st.Sid, r)
					return fault.Hint(err, "write the name into the settings of the target, in place of a reference")
				}
			}
		}
	}
	return nil
}

func (in Input) setup(a delivery.Account) Setup {
	s := Setup{Account: a, Scope: in.scope(a, a.Region), Builds: a.Name == in.App.StoreAccount && in.Store.Bucket != ""}
	if s.Builds {
		s.add(delivery.Place{Account: a.Name, Region: in.Store.Region}, in.scope(a, in.Store.Region), s.Scope.StoreNeeds(in.App.Name, in.ownRecords(), in.environments()...))
		s.Records = in.records(s.Scope)
		s.Places[0].MustNot = s.Scope.recordsOf(in.App.Name, in.ownRecords())
	}
	if key, ok := ParseARN(in.signKey()); ok && a.Name == cmp.Or(in.App.Ledger.Account, in.App.StoreAccount) {
		at := in.scope(a, key.Region)
		s.add(delivery.Place{Account: a.Name, Region: key.Region}, at, at.signNeeds(key.String()))
	}
	if in.Packs != nil {
		needs := in.Packs(a.ID)
		for _, region := range slices.Sorted(maps.Keys(needs)) {
			s.add(delivery.Place{Account: a.Name, Region: region}, in.scope(a, region), needs[region])
		}
	}
	for _, env := range in.App.Environments {
		for _, l := range env.Landings {
			kind, ok := in.Kinds[l.Target]
			if !ok || l.Place.Account != a.Name {
				continue
			}
			at := in.scope(a, l.Place.Region)
			s.add(l.Place, at, kind(delivery.Placement{App: in.App.Name, Place: l.Place, Component: l.Component, Target: l.Target, Settings: l.Settings, Protected: env.Protected}, at))
		}
	}
	in.outputs(&s)
	role := in.onward(a) // of no place: who walks the chain of the other account finds out
	for _, p := range s.Places {
		role = append(role, p.Statements...)
	}
	if a.Role != "" {
		role = append(role, Statement{
			Sid: "DoctorSimulate", Why: "Lets falkirk doctor ask what the role itself is allowed.",
			Actions: []string{"iam:SimulatePrincipalPolicy"}, Resources: []string{a.Role},
		})
	}
	s.Role = Join(role)
	in.moving(&s)
	return s
}

// moving finds the tags that may move in the repositories of an account.
func (in Input) moving(s *Setup) {
	if in.Moving == nil {
		return
	}
	s.Moving = map[string][]string{}
	for _, st := range s.Role {
		for _, r := range st.Resources {
			if a, ok := ParseARN(r); ok && a.Service == "ecr" && a.Account == s.Account.ID {
				s.Moving[r] = in.Moving(a)
			}
		}
	}
}

// environments are the names that records have: those of the environments, and
// that of decisions for the whole app.
func (in Input) environments() []string {
	out := []string{delivery.Everywhere}
	for _, env := range in.App.Environments {
		out = append(out, env.Name)
	}
	return out
}

// ownRecords are the environments whose record is written under a role of its own.
func (in Input) ownRecords() []string {
	var out []string
	for _, env := range in.App.Environments {
		if env.StoreRole != "" {
			out = append(out, env.Name)
		}
	}
	return out
}

// signKey is the ARN of the KMS key that signs ledgers; "" where there is none.
func (in Input) signKey() string {
	if l := in.App.Ledger; l != nil && strings.HasPrefix(l.Sign, "arn:") {
		return l.Sign
	}
	return ""
}

// recordSigns is what the roles of environments need to sign: nothing where the
// app file names the account that does.
func (in Input) recordSigns(at Scope) []Statement {
	if in.App.Ledger == nil || in.App.Ledger.Account != "" {
		return nil
	}
	return at.signNeeds(in.signKey())
}

func (in Input) records(at Scope) []Record {
	var out []Record
	for _, env := range in.App.Environments {
		if env.StoreRole != "" {
			out = append(out, Record{
				Environment: env.Name, Role: env.StoreRole, Account: in.App.StoreRoleAccount(env.Name),
				May:     Join(append(at.RecordNeeds(in.App.Name, env.Name), in.recordSigns(at)...)),
				MustNot: at.recordsOf(in.App.Name, slices.DeleteFunc(in.environments(), func(other string) bool { return other == env.Name })),
			})
		}
	}
	return out
}

// outputs is what the settings of a place need that name outputs of stacks, as
// ${stack.NAME.OUTPUT}, where nothing else in the account allows it.
func (in Input) outputs(s *Setup) {
	const read = "cloudformation:DescribeStacks"
	for _, env := range in.App.Environments {
		for _, l := range env.Landings {
			if l.Place.Account != s.Account.Name {
				continue
			}
			at := in.scope(s.Account, l.Place.Region)
			for _, m := range outputOf.FindAllSubmatch(l.Settings, -1) {
				stack := at.Stack(string(m[1]))
				if !s.allows(read, stack) {
					s.add(l.Place, at, []Statement{{
						Sid: "StackOutputs", Why: "Reads the outputs of stacks that settings name.",
						Actions: []string{read}, Resources: []string{stack},
					}})
				}
			}
		}
	}
}

// outputOf finds references to the outputs of stacks.
var outputOf = regexp.MustCompile(`\$\{stack\.([A-Za-z][A-Za-z0-9-]*)\.[A-Za-z0-9]+\}`)

func (s *Setup) allows(action, resource string) bool {
	return slices.ContainsFunc(s.Places, func(p PlaceNeeds) bool {
		return slices.ContainsFunc(p.Statements, func(st Statement) bool {
			return slices.Contains(st.Actions, action) && slices.Contains(st.Resources, resource)
		})
	})
}

// onward is what an account's role must be allowed where the chains of other
// accounts lead through it.
func (in Input) onward(a delivery.Account) []Statement {
	var all []Statement
	for _, b := range in.App.Accounts {
		hops := append(slices.Clone(b.Via), b.Role)
		for i, hop := range hops[:len(hops)-1] {
			if hop != a.Role || b.Name == a.Name {
				continue
			}
			s := Statement{
				Sid: "ChainOnward", Why: "Goes on to the role of the next account in a chain.",
				Actions: []string{"sts:AssumeRole"}, Resources: []string{hops[i+1]},
			}
			if hops[i+1] == b.Role && len(b.Tags) > 0 {
				s.Actions = append(s.Actions, "sts:TagSession")
			}
			all = append(all, s)
		}
	}
	return all
}

func (s *Setup) add(place delivery.Place, at Scope, statements []Statement) {
	i := slices.IndexFunc(s.Places, func(p PlaceNeeds) bool { return p.Place == place })
	if i < 0 {
		s.Places = append(s.Places, PlaceNeeds{Place: place, Scope: at, Statements: Join(statements)})
		return
	}
	s.Places[i].Statements = Join(append(slices.Clip(s.Places[i].Statements), statements...))
}

func (in Input) scope(a delivery.Account, region string) Scope {
	at := Scope{Partition: Partition(cmp.Or(region, a.Region)), Account: a.ID, Region: cmp.Or(region, a.Region), Role: a.Role, Store: in.Store}
	if r, ok := ParseARN(a.Role); ok {
		at.Partition = r.Partition
	}
	return at
}

// StoreOf reads a store's URL; the store of a URL that is not on S3 is empty.
func StoreOf(app delivery.App) Store {
	rest, ok := strings.CutPrefix(app.Store, "s3://")
	if !ok {
		return Store{}
	}
	bucket, prefix, _ := strings.Cut(rest, "/")
	a, _ := app.Account(app.StoreAccount)
	return Store{
		Bucket: bucket, Prefix: strings.Trim(prefix, "/"), Account: a.ID, Region: a.Region,
		Key: app.StoreBucket.KMSKey, PruneRole: app.StoreBucket.PruneRole,
	}
}
