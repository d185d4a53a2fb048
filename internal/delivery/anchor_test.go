package delivery

import (
	"encoding/json"
	"strings"
	"testing"
)

// FuzzAnchors finds no text that is read as another anchor than it writes.
func FuzzAnchors(f *testing.F) {
	hash := "sha256:" + strings.Repeat("a", 64)
	for _, s := range []string{
		"shop/prd 12 " + hash, "shop/_app 0 -\n# x\n\nshop/dev 1 " + hash, "shop/prd -1 " + hash, "a/b/c 1 " + hash, "shop/.. 1 " + hash,
		`{"result":[{"app":"shop","environment":"prd","number":1,"hash":"` + hash + `"}]}`, `{"data":{"anchor":{"app":"a","environment":"b","number":0}}}`, "", "{",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		all, err := ParseAnchors(text)
		if err != nil {
			return
		}
		var lines []string
		for _, a := range all {
			if strings.ContainsAny(a.App+a.Environment, "/\\. \n") || a.Number < 0 || (a.Number == 0) != (a.Hash == "") {
				t.Errorf("%q is read as %+v", text, a)
			}
			lines = append(lines, a.String())
		}
		again, err := ParseAnchors(strings.Join(lines, "\n"))
		x, _ := json.Marshal(all)
		if y, _ := json.Marshal(again); err != nil || string(x) != string(y) {
			t.Errorf("%s is written and read as %s: %v", x, y, err)
		}
	})
}
