package ledger

import "testing"

// Each key that a ledger writes is of its environment.
func TestEveryKeyHasItsOwner(t *testing.T) {
	t.Parallel()
	owner := Owner("shop")
	for _, env := range []string{"prd", "_app"} {
		l := New(nil, "shop", env, Options{})
		for _, key := range []string{l.prefix() + "000001.json", l.headKey(), l.snapshotKey(), l.leaseKey(7, "token")} {
			if got := owner(key); got != env {
				t.Errorf("%s is of %q", key, got)
			}
			if got := Owner("desk")(key); got != "" {
				t.Errorf("%s is of %q of another app", key, got)
			}
		}
	}
	for _, key := range []string{"releases/shop/1.0.0.json", "blobs/sha256/ab", "ledger/shop", "x"} {
		if got := owner(key); got != "" {
			t.Errorf("%s is of %q", key, got)
		}
	}
}
