package policy

import (
	"cmp"
	"slices"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
)

// Account is what policies must know of an account of the app file.
type Account struct {
	Name   string
	ID     string // 12 digits
	Role   string // ARN of the role that works in it; may be empty
	Region string // home region
}

// Kind says what a kind of target needs in one placement. It is pure.
type Kind func(p delivery.Placement, at Scope) []Statement

// Input is all that the policies of an app are derived from.
type Input struct {
	App          delivery.App
	Accounts     []Account
	Store        Store
	StoreAccount string          // name of the account that the store is in; may be empty
	Kinds        map[string]Kind // by kind of target; one that needs nothing of AWS is not there
}

// Setup is what one account must have.
type Setup struct {
	Account Account
	Scope   Scope        // in the home region
	Role    []Statement  // what the account's role must be allowed
	Places  []PlaceNeeds // the same by place; the store's come first, with an empty environment
	Grants  []Grant      // what the account must let roles of others do
	Builds  bool         // the store is in this account
}

// PlaceNeeds is what one place needs of the account's role.
type PlaceNeeds struct {
	Place      delivery.Place
	Scope      Scope
	Statements []Statement
}

// Derive says what every account must have, in the order of the app file.
func Derive(in Input) ([]Setup, error) {
	var out []Setup
	var all []need
	for _, a := range in.Accounts {
		s, err := in.setup(a)
		if err != nil {
			return nil, err
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
	}
	return out, nil
}

func (in Input) setup(a Account) (Setup, error) {
	s := Setup{Account: a, Scope: in.scope(a, a.Region), Builds: a.Name == in.StoreAccount && in.Store.Bucket != ""}
	if s.Builds {
		s.add(delivery.Place{Account: a.Name, Region: in.Store.Region}, in.scope(a, in.Store.Region), s.Scope.StoreNeeds())
	}
	for _, env := range in.App.Environments {
		for _, l := range env.Landings {
			kind, ok := in.Kinds[l.Target]
			if !ok || l.Place.Account != a.Name {
				continue
			}
			if a.Role == "" {
				err := fault.New(fault.Invalid, "account %s has no role in the app file, and %s lands there", a.Name, l.Component)
				return s, fault.Hint(err, "add accounts.%s.role: arn:aws:iam::%s:role/falkirk-%s", a.Name, a.ID, in.App.Name)
			}
			at := in.scope(a, l.Place.Region)
			s.add(l.Place, at, kind(delivery.Placement{App: in.App.Name, Place: l.Place, Component: l.Component, Target: l.Target, Settings: l.Settings}, at))
		}
	}
	var role []Statement
	for _, p := range s.Places {
		role = append(role, p.Statements...)
	}
	s.Role = Join(role)
	return s, nil
}

func (s *Setup) add(place delivery.Place, at Scope, statements []Statement) {
	i := slices.IndexFunc(s.Places, func(p PlaceNeeds) bool { return p.Place == place })
	if i < 0 {
		s.Places = append(s.Places, PlaceNeeds{place, at, Join(statements)})
		return
	}
	s.Places[i].Statements = Join(append(slices.Clip(s.Places[i].Statements), statements...))
}

func (in Input) scope(a Account, region string) Scope {
	at := Scope{Partition: Partition(region), Account: a.ID, Region: cmp.Or(region, a.Region), Role: a.Role, Store: in.Store}
	if r, ok := ParseARN(a.Role); ok {
		at.Partition = r.Partition
	}
	return at
}
