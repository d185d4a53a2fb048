package site

import (
	"cmp"
	"path"
	"slices"
	"strings"
)

// layout is what provisioning has to do for a release.
type layout struct {
	files []laid // all of the release, and where each goes
	place []int  // of files: to be copied to its path
	stage []int  // of files: to be copied beside the site
	save  []save // of other releases: to be copied beside the site
}

// save is what stands at a path and a promotion would overwrite.
type save struct {
	path   string
	digest string
	size   int64
}

func (l layout) isEmpty() bool { return len(l.place)+len(l.stage)+len(l.save) == 0 }

// layout finds out what a release lacks. An entry point is laid beside the
// site; so is a file whose path is taken by something else, for readers may be
// on that. Everything else goes to its path, where nothing refers to it yet.
func (v *view) layout() layout {
	var l layout
	staging := map[string]bool{}
	for i, f := range v.site.Files {
		own := laid{File: f}
		_, taken := v.objects[f.Path]
		c, known := v.holds(f.Path)
		left, mine := v.leftOf(v.records[v.Version], f)
		right := known && c == contentOf(f)
		switch {
		case f.Entry:
			own.Staged = true
		case !taken, (right || mine) && v.isUnsafe(v.objects[f.Path]):
			l.place = append(l.place, i)
		case right:
			own.ETag = v.objects[f.Path].ETag
		case !known && mine:
			own.ETag = left.ETag
		default:
			own.Staged = true
		}
		if own.Staged {
			if o, ok := v.beside(f.Digest, f.Size); ok && !v.isUnsafe(o) {
				own.ETag = o.ETag
			} else if !staging[f.Digest] {
				staging[f.Digest] = true
				l.stage = append(l.stage, i)
			}
			if known && c != contentOf(f) {
				l.keep(v, f.Path, c, staging)
			}
		}
		l.files = append(l.files, own)
	}
	return l
}

// keep saves what the release's promotion would overwrite, so that there is a
// way back.
func (l *layout) keep(v *view, path string, c content, staging map[string]bool) {
	size := v.objects[path].Size
	if _, ok := v.beside(c.Digest, size); ok || staging[c.Digest] {
		return
	}
	staging[c.Digest] = true
	l.save = append(l.save, save{path, c.Digest, size})
}

// move is what a promotion has to do.
type move struct {
	changed []laid   // files under names that stay, to be written
	entries []laid   // entry points to be written, in their order
	remove  []string // entry points that the release does not have
	foreign int      // of those to be written: how many overwrite what is not Falkirk's
}

func (m move) isEmpty() bool { return len(m.changed)+len(m.entries)+len(m.remove) == 0 }

func (m move) bytes() (n int64) {
	for _, f := range append(slices.Clone(m.changed), m.entries...) {
		n += f.Size
	}
	return n
}

// move finds out what differs between the site and a release; the empty version
// is no site at all.
func (v *view) move(version string) move {
	var m move
	r := v.records[version]
	for _, f := range r.Files {
		c, known := v.holds(f.Path)
		if known && c == contentOf(f.File) {
			continue
		}
		if _, taken := v.objects[f.Path]; taken && !known && !v.isMoving(f.Path) {
			m.foreign++
		}
		if f.Entry {
			m.entries = append(m.entries, f)
		} else {
			m.changed = append(m.changed, f)
		}
	}
	slices.SortStableFunc(m.entries, func(a, b laid) int { return compareDepth(a.Path, b.Path) })
	m.remove = v.surplus(r)
	return m
}

func (v *view) isMoving(path string) bool {
	if v.live.Moving == nil {
		return false
	}
	_, ok := v.live.Moving.Paths[path]
	return ok
}

// surplus lists the entry points that promotions wrote, finished or not, and
// that a release does not have.
func (v *view) surplus(r record) []string {
	var all []string
	gone := func(path string) bool {
		_, has := r.find(path)
		_, there := v.objects[path]
		return !has && there
	}
	for path, w := range v.live.Written {
		if w.Entry && gone(path) && (v.objects[path].ETag == w.ETag || v.isMoving(path)) {
			all = append(all, path)
		}
	}
	if m := v.live.Moving; m != nil {
		for path := range m.Remove {
			if gone(path) {
				all = append(all, path)
			}
		}
		for path, before := range m.Paths {
			_, listed := v.live.Written[path]
			if f, ok := v.records[m.To].find(path); ok && f.Entry && !listed && gone(path) && v.objects[path].ETag != before {
				all = append(all, path)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// compareDepth puts the deepest path first and the root's index last.
func compareDepth(a, b string) int {
	return cmp.Or(cmp.Compare(rank(b), rank(a)), cmp.Compare(a, b))
}

func rank(p string) int {
	if p == rootIndex {
		return -1
	}
	return strings.Count(p, "/")
}

const rootIndex = "index.html"

// root is the entry point that a site is asked for: the root's index, or the
// first of the shallowest.
func (r record) root() (laid, bool) {
	var best laid
	found := false
	for _, f := range r.Files {
		if f.Entry && (!found || rank(f.Path) < rank(best.Path)) {
			best, found = f, true
		}
	}
	return best, found
}

// only lists the paths and the contents beside the site that no other release
// needs than the one given.
func (v *view) only(version string) (paths, digests []string) {
	r := v.records[version]
	needs := map[string]bool{}
	kept := func(path string, c content) bool {
		for _, other := range v.versions() {
			if f, ok := v.records[other].find(path); ok && other != version && contentOf(f.File) == c {
				return true
			}
		}
		return false
	}
	for _, other := range v.versions() {
		if other == version {
			continue
		}
		for _, f := range v.records[other].Files {
			needs[f.Digest] = true
		}
	}
	for _, f := range r.Files {
		_, mine := v.leftOf(r, f.File)
		c, known := v.holds(f.Path)
		if known && c == contentOf(f.File) && !kept(f.Path, c) || !known && mine {
			paths = append(paths, f.Path)
		}
		if _, there := v.staged[f.Digest]; there && !needs[f.Digest] {
			digests = append(digests, f.Digest)
		}
	}
	slices.Sort(digests)
	return paths, slices.Compact(digests)
}

// urlPaths are the paths under which an entry point is asked for: its own, and
// its folder's where it is an index.
func urlPaths(base, p string) []string {
	all := []string{base + p}
	if path.Base(p) == rootIndex {
		all = append(all, base+strings.TrimSuffix(p, rootIndex))
	}
	return all
}
