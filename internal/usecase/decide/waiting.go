package decide

import (
	"context"
	"fmt"
	"strings"

	"falkirk/internal/delivery"
	"falkirk/internal/fault"
	"falkirk/internal/usecase"
)

// leastDigits is how many digits of a digest name it.
const leastDigits = 4

// isDigits reports whether a text can be the first digits of a digest.
func isDigits(text string) bool {
	return len(text) >= leastDigits && strings.Trim(text, "0123456789abcdef") == ""
}

// checkDigest refuses what is no whole digest.
func checkDigest(digest string) error {
	digits, is := strings.CutPrefix(digest, "sha256:")
	if !is || len(digits) != 64 || !isDigits(digits) {
		err := fault.New(fault.Invalid, "plan %q is no digest: sha256: and 64 digits", digest)
		return fault.Hint(err, "falkirk approvals shows the plans that wait, with their digests")
	}
	return nil
}

// waitingIn is the one plan that waits in an environment, or else the one that
// was rejected there.
func waitingIn(ctx context.Context, app *usecase.App, env delivery.Environment) (matter, error) {
	all, closed, err := undecided(ctx, app, env)
	if err == nil && len(all) == 0 {
		all = closed
	}
	if err != nil {
		return matter{}, err
	}
	return one(all, noneIn(env))
}

// waitingAs is the one plan that waits or was rejected whose digest begins with these
// digits.
func waitingAs(ctx context.Context, app *usecase.App, digits string) (matter, error) {
	var found []matter
	for _, env := range app.Engine.App.Environments {
		all, closed, err := undecided(ctx, app, env)
		if err != nil {
			return matter{}, err
		}
		for _, m := range append(all, closed...) {
			if strings.HasPrefix(m.digest, "sha256:"+digits) {
				found = append(found, m)
			}
		}
	}
	none := fault.New(fault.Refused, "no plan that waits has the digest sha256:%s", digits)
	return one(found, fault.Hint(none, "falkirk status shows what waits"))
}

// undecided is what waits in an environment, and what was rejected there.
func undecided(ctx context.Context, app *usecase.App, env delivery.Environment) (all, closed []matter, err error) {
	rec, err := app.Engine.Ledger(env.Name).Read(ctx, delivery.Record{})
	for _, p := range rec.Waiting {
		all = append(all, matter{env: env, op: p.Operation, askedBy: p.AskedBy, digest: p.Plan, rec: rec})
	}
	return all, rejected(env, rec), err
}

// rejected is what was closed and somebody has said no to, who may take it back.
func rejected(env delivery.Environment, rec delivery.Record) []matter {
	var all []matter
	for _, f := range rec.Failures {
		plan := ""
		for _, s := range rec.Approvals {
			if s.Rejects && s.Version == f.Operation.Version {
				plan = s.Plan
			}
		}
		if f.Result == delivery.ResultShut && plan != "" {
			all = append(all, matter{env: env, op: f.Operation, askedBy: f.AskedBy, digest: plan, rec: rec})
		}
	}
	return all
}

func noneIn(env delivery.Environment) error {
	err := fault.New(fault.Refused, "no operation waits for approval in %s", env.Name)
	return fault.Hint(err, "start it first: falkirk train VERSION --to %s; falkirk status %s shows what waits", env.Name, env.Name)
}

// one is the only matter; none is the error where there is none.
func one(all []matter, none error) (matter, error) {
	switch len(all) {
	case 0:
		return matter{}, none
	case 1:
		return all[0], nil
	}
	err := fault.New(fault.Invalid, "more than one plan waits or was rejected: %s", listed(all))
	return matter{}, fault.Hint(err, "give the digest, or enough digits of it")
}

func listed(all []matter) string {
	var names []string
	for _, m := range all {
		names = append(names, fmt.Sprintf("%s in %s, plan %s", m.op.Heading(), m.env.Name, delivery.ShortDigest(m.digest)))
	}
	return strings.Join(names, "; ")
}
