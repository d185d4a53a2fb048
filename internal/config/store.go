package config

import (
	"fmt"
	"strings"
)

// storeRoles checks the roles under which environments write their records: each
// is one of the store's account, and of one environment alone.
func (b *builder) storeRoles() {
	app := b.file.App
	account, known := app.Account(app.StoreAccount)
	taken := map[string]string{}
	if account.Role != "" {
		taken[account.Role] = "account " + account.Name
	}
	for _, e := range b.read {
		if e.StoreRole == "" {
			continue
		}
		at := e.node.get("storeRole").pos
		parts := strings.SplitN(e.StoreRole, ":", 6)
		switch other := taken[e.StoreRole]; {
		case len(parts) < 6:
			continue // told where the text is read
		case !strings.HasPrefix(app.Store, "s3://") || !known || account.Role == "":
			b.rep.add(at, Problem{Text: "storeRole has no store to write in", Want: "an s3:// store, and a storeAccount with a role"})
		case parts[4] != account.ID:
			b.rep.add(at, Problem{Text: fmt.Sprintf("storeRole of environment %q is not in the store's account", e.Name), Want: "a role of account " + account.ID})
		case other != "":
			b.rep.add(at, Problem{Text: fmt.Sprintf("storeRole of environment %q is the role of %s too", e.Name, other), Want: "a role of its own"})
		}
		taken[e.StoreRole] = "environment " + e.Name
	}
}
