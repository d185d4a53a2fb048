package policy

import (
	"path"
	"slices"
	"strings"
	"testing"

	"falkirk/internal/delivery"
)

// may reports whether statements allow an action on an object of the store.
func may(all []Statement, action, object string) bool {
	allowed := false
	for _, s := range all {
		for _, r := range s.Resources {
			ok := like(r, "arn:aws:s3:::"+object)
			if ok && slices.Contains(s.Actions, action) && s.Deny {
				return false
			}
			allowed = allowed || ok && slices.Contains(s.Actions, action)
		}
	}
	return allowed
}

// like matches as IAM does: * is any characters, also slashes.
func like(pattern, name string) bool {
	ok, err := path.Match(strings.ReplaceAll(pattern, "/", "|"), strings.ReplaceAll(name, "/", "|"))
	return err == nil && ok
}

// records is the app of input with two environments that have roles of their own
// and one that has none.
func records() Input {
	in := input()
	in.App.Name, in.App.StoreAccount = "shop", "builds"
	in.App.Environments = append(in.App.Environments, delivery.Environment{Name: "sat", StoreRole: "arn:aws:iam::111111111111:role/sat"}, delivery.Environment{Name: "dev"})
	in.App.Environments[0].StoreRole = "arn:aws:iam::111111111111:role/prd"
	return in
}

// Each role writes its own record and no other. What one role may write, no other
// may, but for blobs and releases, which packing adds.
func TestEachRecordHasOneWriter(t *testing.T) {
	t.Parallel()
	s := Derive(records())[0]
	writers := map[string][]Statement{"account": s.Role}
	for _, r := range s.Records {
		writers[r.Environment] = r.May
	}
	for env, writer := range map[string]string{"prd": "prd", "sat": "sat", "dev": "account", delivery.Everywhere: "account", "gone": ""} {
		for _, key := range []string{"ledger/shop/" + env + "/000001.json", "ledger-head/shop/" + env + ".json", "ledger-snapshot/shop/" + env + ".json", "ledger-lease/shop/" + env + "/1"} {
			for name, statements := range writers {
				object := "builds-bucket/shop/" + key
				if got := may(statements, "s3:PutObject", object); got != (name == writer) {
					t.Errorf("%s may write %s: %t", name, key, got)
				}
				deletes := name == writer && strings.HasPrefix(key, "ledger-lease/")
				if got := may(statements, "s3:DeleteObject", object); got != deletes {
					t.Errorf("%s may delete %s: %t", name, key, got)
				}
				if !may(statements, "s3:GetObject", object) {
					t.Errorf("%s may not read %s", name, key)
				}
			}
		}
	}
	for _, key := range []string{"releases/shop/1.json", "blobs/sha256/aa", ".staging/x"} {
		for name, statements := range writers {
			if got := may(statements, "s3:PutObject", "builds-bucket/shop/"+key); got != (name == "account") {
				t.Errorf("%s may write %s: %t", name, key, got)
			}
		}
	}
}

// The role of the builds account writes nothing that other programs are run
// from, and nothing of other apps, whatever the store's prefix is.
func TestTheStoreRoleWritesNothingElse(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"", "team", "a/b"} {
		in := input()
		in.App.Name, in.App.StoreAccount, in.Store.Prefix = "shop", "builds", prefix
		for _, key := range []string{"functions/falkirk-shop-sync/1.zip", "releases/other/1.json", "ledger/other/prd/1.json", "ledger/shop2/prd/1.json", "else"} {
			for _, action := range []string{"s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"} {
				if may(Derive(in)[0].Role, action, "builds-bucket/"+Under(prefix)+key) {
					t.Errorf("with prefix %q it is allowed %s on %s", prefix, action, key)
				}
			}
		}
		if !may(Derive(in)[0].Role, "s3:PutObject", "builds-bucket/"+Under(prefix)+"ledger/shop/prd/1.json") {
			t.Errorf("with prefix %q it may not write the ledger", prefix)
		}
	}
}

// What is to stay is denied to everybody: to make an object in the place of
// another, and to delete one.
func TestWhatIsToStayIsDenied(t *testing.T) {
	t.Parallel()
	in := records()
	in.Store.PruneRole = "arn:aws:iam::111111111111:role/cleaner"
	var denied []Statement
	for _, s := range Derive(in)[0].Grants[0].Statements {
		if s.Deny {
			s.Deny = false
			denied = append(denied, s)
		}
	}
	for key, want := range map[string]bool{
		"ledger/shop/prd/1.json": true, "releases/shop/1.json": true, "blobs/sha256/aa": true,
		"ledger-head/shop/prd.json": false, "ledger-snapshot/shop/prd.json": false, "ledger-lease/shop/prd/1": false, ".staging/x": false,
		"ledger/other/prd/1.json": false,
	} {
		for _, action := range []string{"s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"} {
			if got := may(denied, action, "builds-bucket/shop/"+key); got != want {
				t.Errorf("%s on %s is denied: %t", action, key, got)
			}
		}
	}
	for _, s := range denied {
		isBlobs := strings.Contains(strings.Join(s.Resources, " "), "/blobs/")
		if _, excepts := s.Conditions["ArnNotEquals"]; excepts != isBlobs {
			t.Errorf("the role for pruning is excepted: %t, in %s", excepts, JSON(s))
		}
		conditional := s.Conditions["Null"]["s3:if-none-match"] != nil && s.Conditions["Bool"]["s3:ObjectCreationOperation"] != nil
		if conditional != slices.Contains(s.Actions, "s3:PutObject") {
			t.Errorf("it asks for If-None-Match: %t, in %s", conditional, JSON(s))
		}
	}
}
