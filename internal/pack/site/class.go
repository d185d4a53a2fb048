package site

import (
	"path"
	"slices"
	"strings"
)

// orDefault is what counts as an entry point when nothing is said: what a
// browser asks for by a name that stays the same, and that leads to the rest.
func orDefault(entries []string) []string {
	if len(entries) > 0 {
		return entries
	}
	return []string{
		"*.html", "*.htm", "*.xhtml", "*.webmanifest", "/manifest.json",
		"sw.js", "service-worker.js", "serviceworker.js", "ngsw-worker.js", "registerSW.js", "/ngsw.json",
	}
}

// What files are to a page, by their extension. Other files are downloads: the
// names that people give them look like hashes more often than they are.
var (
	codes    = strings.Fields("js cjs mjs ts cts mts map css wasm woff woff2 ttf otf eot")
	pictures = strings.Fields("png jpg jpeg gif svg webp avif ico mp3 mp4 webm ogg wav flac aac m4a mov")
)

// extension is that of a file before it was compressed, without the dot.
func extension(p string) string {
	p = strings.ToLower(p)
	for _, ending := range []string{".gz", ".br", ".zst"} {
		p = strings.TrimSuffix(p, ending)
	}
	return strings.TrimPrefix(path.Ext(p), ".")
}

func isCode(p string) bool { return slices.Contains(codes, extension(p)) }

func isPicture(p string) bool { return slices.Contains(pictures, extension(p)) }

// folder is what the names in one folder say together. A build names all files of
// a folder alike; a file that people add there breaks the form.
type folder struct {
	names, code int          // pages, texts and service workers are not counted
	tails       int          // of names: those that end like names of Vite and Rollup
	codeTails   int          // the same, of code
	odd         int          // oddities of the tails of code
	digits      map[int]int  // of names: those with hexadecimal digits, by how many
	hexOfCode   map[int]bool // what code has by itself
}

// hashes knows the folders of a site, by path.
type hashes map[string]*folder

func hashesOf(paths []string) hashes {
	all := hashes{}
	for _, p := range paths {
		all.add(p)
	}
	return all
}

func (all hashes) add(p string) {
	if !isCode(p) && !isPicture(p) || slices.Contains(orDefault(nil), path.Base(p)) {
		return
	}
	f := all[path.Dir(p)]
	if f == nil {
		f = &folder{digits: map[int]int{}, hexOfCode: map[int]bool{}}
		all[path.Dir(p)] = f
	}
	f.add(markOf(p), isCode(p))
}

func (f *folder) add(m mark, ofCode bool) {
	f.names++
	if m.tail != "" {
		f.tails++
	}
	f.digits[m.digits]++
	if !ofCode {
		return
	}
	f.code++
	if m.tail != "" {
		f.codeTails++
	}
	if isBase64(m.tail, 2, 1) {
		f.odd += oddities(m.tail)
	}
	f.hexOfCode[len(m.hex)] = f.hexOfCode[len(m.hex)] || m.isShortHex() && turns(m.hex) >= 4
}

// hashed reports whether a name plainly holds a hash of the content. A file
// wrongly called immutable is stale for a year, while one that was missed is only
// asked about. So a date, a version, a word, a model, a colour, a formula, moves
// of a game or an identifier (UUID) is none, and in doubt a name holds none.
func (all hashes) hashed(p string) bool {
	m, f := markOf(p), all[path.Dir(p)]
	if f == nil {
		f = &folder{}
	}
	switch {
	case m.isLongHex(isCode(p)):
		return true
	case isCode(p):
		return m.isOfCode(f)
	case isPicture(p):
		return m.isOfPicture(f)
	}
	return false
}

// isOfCode judges a name by itself first. In a folder where all code is named as
// Vite and Rollup do, less is enough.
func (m mark) isOfCode(f *folder) bool {
	switch {
	case m.isShortHex():
		return m.alone || turns(m.hex) >= 4
	case m.isBase32(), m.isCertain():
		return true
	}
	return f.odd > 1 && f.codeTails == f.code && isBase64(m.tail, 2, 1)
}

// isOfPicture asks for code beside with the same form, and that no file of the
// folder has another form.
func (m mark) isOfPicture(f *folder) bool {
	if n := len(m.hex); m.isShortHex() {
		return f.hexOfCode[n] && f.digits[n] == f.names && turns(m.hex) >= 4
	}
	return f.odd > 1 && f.tails == f.names && isBase64(m.tail, 3, 1)
}
