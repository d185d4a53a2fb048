package site

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"math/rand/v2"
	"path"
	"strings"
	"testing"
)

// people make names of these.
var people = [][]string{
	strings.Fields("photo Report team Summer news Home iPhone macOS jQuery Windows Linux settings tooltips Version logo Menu cafe facade decade face dead beef Straße Zürich"),
	strings.Fields("PS MP USB HDMI ESP STM RTX GTX SN WD LM ATTINY XBOX FY Q H U A B C M AWS EKS VR PC TV CPU LED RGB"),
	strings.Fields("to vs v x by px mm kg Hz kHz GB Mb rev Rev rc beta final of and or at p k s th nd"),
	strings.Fields("g h i k m p s t v x F M Q T V X Y Z"),
	strings.Fields("Btn Src Dst Img Cfg Pkg Mgmt Bldg Lvl Txt Tmp Html Css Bg Fg"),
	strings.Fields("Fe Al O H C Na Cl Cu S N Zn Ti Si Ca K P Mg"),
}

// ofPeople is a part of a name as people write it; eight characters in most, as
// others look less like hashes.
func ofPeople(r *rand.Rand) string {
	number := func() string {
		switch r.IntN(6) {
		case 0:
			return fmt.Sprint(1980 + r.IntN(60))
		case 1:
			return fmt.Sprintf("%02d", r.IntN(100))
		case 2:
			return fmt.Sprint(r.IntN(2200))
		}
		return fmt.Sprint(r.IntN(10))
	}
	for {
		var b strings.Builder
		kind, last := r.IntN(8), 0
		for range 2 + r.IntN([]int{7, 7, 5, 3, 2, 3, 3, 3}[kind]) {
			switch {
			case kind == 0: // moves, cells
				fmt.Fprintf(&b, "%c%d", 'a'+rune(r.IntN(8)), 1+r.IntN(8))
			case kind == 1: // colours, with another of the same or how opaque
				for len(b.String()) < 6 {
					b.WriteString([]string{"00", "ff", "1e", "90", "cc", "33", "a5", "66"}[r.IntN(8)])
				}
				b.WriteString([]string{"00", "ff", "80", "cc"}[r.IntN(4)])
			case kind == 2: // formulas
				b.WriteString(people[5][r.IntN(len(people[5]))])
				if r.IntN(2) == 0 {
					b.WriteString(fmt.Sprint(2 + r.IntN(8)))
				}
			case kind == 3: // capitals and numbers: models
				b.WriteString(people[1][r.IntN(len(people[1]))] + number())
			case kind == 4: // a letter and a number
				b.WriteString(people[3][r.IntN(len(people[3]))] + number())
			default: // words, with numbers between them
				next := []int{0, 1, 2, 4}[r.IntN(4)]
				if next == 2 && last == 2 { // units and links do not follow each other
					next = 1
				}
				last = next
				b.WriteString(people[next][r.IntN(len(people[next]))])
				if kind == 5 || r.IntN(3) > 0 {
					b.WriteString(number())
					last = 0
				}
			}
		}
		s := b.String()
		if kind == 1 {
			s = s[:8]
		}
		if n := len(s); n > 8 && r.IntN(4) > 0 && kind != 1 {
			continue
		}
		if len(s) >= 4 {
			return s
		}
	}
}

// builds are the forms of names of bundlers.
var builds = map[string]func(r *rand.Rand, stem, ext string) string{
	"vite, rollup": func(r *rand.Rand, stem, ext string) string {
		return stem + "-" + base64.RawURLEncoding.EncodeToString(random(r, 6)) + ext
	},
	"esbuild, angular": func(r *rand.Rand, stem, ext string) string {
		return stem + "-" + base32.StdEncoding.EncodeToString(random(r, 5)) + ext
	},
	"webpack, 8": func(r *rand.Rand, stem, ext string) string {
		return stem + "." + hex.EncodeToString(random(r, 4)) + ext
	},
	"webpack, 16": func(r *rand.Rand, stem, ext string) string {
		return stem + "." + hex.EncodeToString(random(r, 8)) + ext
	},
	"webpack, 20": func(r *rand.Rand, stem, ext string) string {
		return stem + "." + hex.EncodeToString(random(r, 10)) + ext
	},
	"next.js": func(r *rand.Rand, stem, ext string) string {
		return stem + "-" + hex.EncodeToString(random(r, 8)) + ext
	},
	"parcel": func(r *rand.Rand, stem, ext string) string {
		return stem + "." + hex.EncodeToString(random(r, 4)) + ext
	},
}

func random(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.UintN(256))
	}
	return b
}

// aBuild is the folder of a build: some code and pictures.
func aBuild(r *rand.Rand, name func(r *rand.Rand, stem, ext string) string) []string {
	var out []string
	for _, stem := range []string{"index", "chunk", "About", "chunk", "user-list", "Chart", "chunk"} { // chunk is esbuild's word
		out = append(out, "assets/"+name(r, stem, ".js"))
	}
	for _, stem := range []string{"index", "Chart"} {
		out = append(out, "assets/"+name(r, stem, ".css"))
	}
	for _, stem := range []string{"logo", "hero", "avatar"} {
		out = append(out, "assets/"+name(r, stem, ".png"))
	}
	return out
}

// TestNoNameOfPeopleIsAHash puts names that people may write beside the files of a
// build. With 400,000 of them one was wrong: photo-rcVRk7WD.svg.
func TestNoNameOfPeopleIsAHash(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(12, 1))
	extensions := []string{".js", ".css", ".png", ".jpg", ".svg", ".pdf", ".cfg", ".mp3", ".wasm", ".woff2", ".zip", ".map"}
	wrong := 0
	folders, beside := map[string]folder{}, []string{"vite, rollup", "esbuild, angular", "webpack, 8", "parcel", "next.js"}
	for i := range 40_000 {
		stem := []string{"photo", "compare", "driver", "index", "main"}[r.IntN(5)]
		p := "assets/" + stem + []string{"-", "."}[r.IntN(2)] + ofPeople(r) + extensions[i%len(extensions)]
		build := beside[i%len(beside)]
		if i%1000 == 0 {
			for _, b := range beside {
				folders[b] = *hashesOf(aBuild(r, builds[b]))["assets"]
			}
		}
		f := folders[build]
		f.digits, f.hexOfCode = maps.Clone(f.digits), maps.Clone(f.hexOfCode)
		all := hashes{"assets": &f}
		if all.add(p); all.hashed(p) {
			if wrong++; wrong < 30 {
				t.Errorf("%s counts as hashed beside files of %s", path.Base(p), build)
			}
		}
	}
	t.Logf("%d names counted as hashed", wrong)
}

// TestNamesOfBuildsAreFound measures how many hashes are found, of each form.
func TestNamesOfBuildsAreFound(t *testing.T) {
	t.Parallel()
	least := map[string][2]int{"vite, rollup": {33, 20}, "esbuild, angular": {20, 0}, "webpack, 8": {50, 10}, "parcel": {50, 10}, "webpack, 16": {93, 93}, "webpack, 20": {93, 93}, "next.js": {93, 93}}
	for build, name := range builds {
		r := rand.New(rand.NewPCG(12, 1))
		var all, found [2]int
		for range 200 {
			files := aBuild(r, name)
			folder := hashesOf(files)
			for _, p := range files {
				kind := 0
				if isPicture(p) {
					kind = 1
				}
				all[kind]++
				if folder.hashed(p) {
					found[kind]++
				}
			}
		}
		for kind, what := range []string{"code", "pictures"} {
			percent := found[kind] * 100 / all[kind]
			t.Logf("%s, %s: %d%% of %d", build, what, percent, all[kind])
			if percent < least[build][kind] {
				t.Errorf("%s, %s: %d%% are found, fewer than %d%%", build, what, percent, least[build][kind])
			}
		}
	}
}
