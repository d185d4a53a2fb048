package delivery

import "slices"

// Block is a part of the app file that a command may need.
type Block int

// The blocks, beside those of one environment.
const (
	BlockAccounts Block = iota
	BlockComponents
	BlockLandings // in every environment
	BlockSyncs
	BlockLedger // the key that signs it
)

// Needs fails when one of these blocks names a variable that is not set.
func (a App) Needs(blocks ...Block) error {
	for _, b := range blocks {
		if err := a.needs(b); err != nil {
			return err
		}
	}
	return nil
}

func (a App) needs(b Block) error {
	switch b {
	case BlockAccounts:
		return firstUnset(a.Accounts, func(x Account) error { return x.Unusable.Err("account " + x.Name) })
	case BlockComponents:
		return firstUnset(a.Components, func(x Component) error { return x.Unusable.Err("component " + x.Name) })
	case BlockLedger:
		if a.Ledger == nil {
			return nil
		}
		return a.Ledger.Unusable.Err("the key that signs the ledger")
	case BlockSyncs:
		return firstUnset(a.Syncs, func(x SyncSetting) error { return x.Unusable.Err("sync " + x.Name) })
	}
	return firstUnset(a.Environments, func(e Environment) error {
		if err := e.Unusable.Err("environment " + e.Name); err != nil {
			return err
		}
		return firstUnset(e.Landings, Landing.unset)
	})
}

func firstUnset[T any](all []T, unset func(T) error) error {
	for _, x := range all {
		if err := unset(x); err != nil {
			return err
		}
	}
	return nil
}

func (l Landing) unset() error { return l.Unusable.Err(l.Component + " in " + l.Place.String()) }

// Ready fails when something that the verb needs in the environment names a
// variable that is not set: the environment itself, the targets' settings, the
// gates that are asked, the hooks that are run.
func (e Environment) Ready(verb Verb) error {
	if err := e.Unusable.Err("environment " + e.Name); err != nil {
		return err
	}
	if verb == VerbPromote {
		if err := e.NoRules.Err("soak and freeze of " + e.Name); err != nil {
			return err
		}
	}
	if err := firstUnset(e.Landings, Landing.unset); err != nil {
		return err
	}
	moments := []Moment{Before(verb.Phase()), After(verb.Phase())}
	err := firstUnset(e.Gates, func(g GateSetting) error {
		if !slices.Contains(moments, g.When) || g.Forward && verb == VerbRollback {
			return nil
		}
		return g.Unusable.Err("gate " + g.Name + " of " + e.Name)
	})
	if err != nil {
		return err
	}
	return firstUnset(e.Hooks, func(h Hook) error {
		if !slices.Contains(moments, h.When) {
			return nil
		}
		return h.Unusable.Err("hook " + h.Name + " of " + e.Name)
	})
}

// SetUnusable notes that a landing cannot be used.
func (a *App) SetUnusable(l Landing, why Unusable) {
	for i := range a.Environments {
		all := a.Environments[i].Landings
		for j := range all {
			if why != "" && all[j].Place == l.Place && all[j].Component == l.Component {
				all[j].Settings, all[j].Unusable = nil, why
			}
		}
	}
}
