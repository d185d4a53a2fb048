package ledger_test

import (
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"falkirk/internal/bucket/file"
	"falkirk/internal/delivery"
	"falkirk/internal/ledger"
)

// TestAnAnchorFindsWhatTheChainDoesNot takes an anchor after each operation and
// forges the log so that it fits itself.
func TestAnAnchorFindsWhatTheChainDoesNot(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var anchors []delivery.Anchor
	for i := range 5 {
		oneOperation(t, in(dir), fmt.Sprint(i))
		a, err := in(dir).Anchor(t.Context())
		must(t, err)
		anchors = append(anchors, a)
	}
	good := rawEntries(t, dir)
	r := mathrand.New(mathrand.NewPCG(3, 5))
	for range 300 {
		all, changed := slices.Clone(good), r.IntN(len(good))+1 // the first entry that is another
		switch r.IntN(3) {
		case 0:
			all = all[:changed-1]
		case 1:
			all = slices.Delete(all, changed-1, changed)
		default:
			all[changed-1] = []byte(strings.ReplaceAll(string(all[changed-1]), `"ann@`, `"eve@`))
		}
		chainedAgain(t, dir, all)
		p, err := in(dir).Verify(t.Context())
		must(t, err)
		if p.Broken != nil {
			t.Fatalf("the forgery does not fit itself: %+v", p.Broken)
		}
		for _, a := range anchors {
			gone, err := in(dir).Contains(t.Context(), a)
			must(t, err)
			if (gone != nil) != (a.Number >= changed) {
				t.Errorf("entry %d is changed, and the anchor of %d says %+v", changed, a.Number, gone)
			}
		}
	}
	chainedAgain(t, dir, good)
	for _, a := range anchors {
		if gone, err := in(dir).Contains(t.Context(), a); gone != nil || err != nil {
			t.Errorf("the log as it was: %+v, %v", gone, err)
		}
	}
}

// TestNamesAreThoseOfAllFolders draws names that are near each other in the
// order of keys.
func TestNamesAreThoseOfAllFolders(t *testing.T) {
	t.Parallel()
	r := mathrand.New(mathrand.NewPCG(1, 2))
	pool := []string{"a", "a-", "a-b", "a0", "a00", "a1", "ab", "b", "prd", "prd-eu", "prd0", "z", "_app"}
	for range 60 {
		dir := t.TempDir()
		store := file.New(dir)
		want := []string{}
		for _, name := range pool {
			folder := []string{"", "ledger/demo/" + name + "/0000000001.json", "ledger-head/demo/" + name + ".json"}[r.IntN(3)]
			if folder == "" {
				continue
			}
			for i := range 1 + r.IntN(3) {
				must(t, store.Put(t.Context(), strings.Replace(folder, "01.json", fmt.Sprintf("0%d.json", i+1), 1), strings.NewReader("x")))
			}
			want = append(want, name)
		}
		must(t, store.Put(t.Context(), "ledger/demo2/other/1.json", strings.NewReader("x")))
		must(t, os.MkdirAll(filepath.Join(dir, "ledger", "demo"), 0o700))
		must(t, os.WriteFile(filepath.Join(dir, "ledger", "demo", "afile"), nil, 0o600))
		slices.Sort(want)
		odd := []string{"Prd", "_other", "a b", "a\nb", "ä", strings.Repeat("a", 64), "\u202egnp"}
		for _, name := range odd { // as somebody else makes them
			must(t, os.MkdirAll(filepath.Join(dir, "ledger", "demo", name), 0o700))
			must(t, os.WriteFile(filepath.Join(dir, "ledger", "demo", name, "0000000001.json"), nil, 0o600))
		}
		slices.Sort(odd)
		got, others, err := ledger.Names(t.Context(), store, "demo")
		must(t, err)
		if !slices.Equal(got, want) && len(got)+len(want) > 0 || !slices.Equal(others, odd) {
			t.Errorf("the names are %v, want %v; others are %q, want %q", got, want, others, odd)
		}
	}
}
