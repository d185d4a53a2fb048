package policy

import "falkirk/internal/delivery"

// Decided is the app whose stop and bans hold a job back that runs by itself,
// and the store that they are read from. The zero value is none.
type Decided struct {
	App   string
	Store Store
}

// IsZero reports whether no decision holds the job back.
func (d Decided) IsZero() bool { return d.Store.Bucket == "" }

// Needs is what a role at a place must be allowed to read what people decided:
// the record of decisions about the whole app, the releases that are banned, and
// what their image indexes lead to. It writes nothing.
func (d Decided) Needs(at Scope) []Statement {
	if d.IsZero() {
		return nil
	}
	at.Store = d.Store
	record := d.App + "/" + delivery.Everywhere
	all := []Statement{
		{
			Sid: "DecisionsList", Why: "Lists the entries of the record of decisions, and tells an object that is missing from one that may not be read.", Owner: d.Store.Account,
			Actions: []string{"s3:ListBucket"}, Resources: []string{at.Bucket(d.Store.Bucket)}, Conditions: prefixed(Under(d.Store.Prefix) + "ledger/" + record + "/"),
		},
		{
			Sid: "DecisionsRead", Why: "Reads what people decided about the app, and which images are of banned releases.", Owner: d.Store.Account,
			Actions:   []string{"s3:GetObject"},
			Resources: at.stored("ledger/"+record+"/*", "ledger-head/"+record+".json", "ledger-snapshot/"+record+".json", "releases/"+d.App+"/*", "blobs/sha256/*"),
		},
	}
	if d.Store.Key != "" {
		all = append(all, Statement{
			Sid: "DecisionsKey", Why: "Reads objects that the key of the store encrypts.", Owner: d.Store.Account,
			Actions: []string{"kms:Decrypt"}, Resources: []string{d.Store.Key}, Conditions: viaS3(d.Store.Region),
		})
	}
	return all
}

// Lets is what the policies of the store's bucket and key must say so that roles
// of another account may read that; nothing where it is the same account. The
// statements belong to who. Without roles it is the bucket alone, of which
// statements are to be taken away.
func (d Decided) Lets(who string, at Scope, roles ...string) []Grant {
	if d.IsZero() || d.Store.Account == "" || d.Store.Account == at.Account {
		return nil
	}
	there := Scope{Partition: at.Partition, Account: d.Store.Account, Region: d.Store.Region}
	if len(roles) == 0 {
		return []Grant{{Service: "s3", Resource: there.Bucket(d.Store.Bucket), At: there}}
	}
	var needs []need
	for _, role := range roles {
		at.Role = role
		for _, s := range d.Needs(at) {
			needs = append(needs, need{at, s})
		}
	}
	all := grants(who, d.Store.Account, needs)
	for i := range all {
		all[i].At = there
	}
	return all
}
