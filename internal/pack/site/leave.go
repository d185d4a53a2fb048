package site

import (
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"falkirk/internal/pack"
	"falkirk/internal/pack/ignore"
	"falkirk/internal/pack/tree"
)

// Why a site leaves something out.
const (
	whyGit    = "the repository of git"
	whySecret = "it looks like a secret"
	whyHidden = "hidden; name it under dotfiles to publish it"
	whyLink   = "a link to something hidden; name that under dotfiles to publish it"
)

// What other app files are known by: the usual names, and what they say. A backup
// of one is one, too.
var (
	appFileNames = []string{"falkirk.yml", "falkirk.yaml"}
	settings     = regexp.MustCompile(`\.(ya?ml|json)$`)
	appKey       = regexp.MustCompile(`(?m)^(\{?["']?|[ \t]+["'])app["']?[ \t]*:`)
	placesKey    = regexp.MustCompile(`(?m)(^|[{,][ \t]*|^[ \t]+["'])["']?environments["']?[ \t]*:`)
	partsKey     = regexp.MustCompile(`(?m)(^|[{,][ \t]*|^[ \t]+["'])["']?components["']?[ \t]*:`)
)

// wellKnown is the hidden folder that is made to be published (RFC 8615).
const wellKnown = ".well-known"

// leaver decides what of a folder is not part of a site whatever the ignore
// files say. Everything that a site holds can be read by everybody.
type leaver struct {
	kit      pack.Kit
	root     string // the folder of the site, with links followed
	own      tree.Leave
	appFile  string
	dotfiles *ignore.List
	named    []string // the patterns of dotfiles
}

func newLeaver(kit pack.Kit, root string, s Settings) (*leaver, error) {
	folder := filepath.FromSlash(s.Path)
	if !filepath.IsAbs(folder) {
		folder = filepath.Join(root, folder)
	}
	l := &leaver{kit: kit, root: pack.Real(folder), own: kit.LeaveOwn(), dotfiles: &ignore.List{}, named: s.Dotfiles}
	if kit.Own.AppFile != "" {
		l.appFile = pack.Real(kit.Own.AppFile)
	}
	return l, l.dotfiles.Add("dotfiles", s.Dotfiles...)
}

// leave is a tree.Leave.
func (l *leaver) leave(p, at string, info fs.FileInfo) bool {
	if l.own(p, at, info) {
		return true
	}
	why := l.why(p, at, info)
	if why != "" {
		l.kit.SayLeft(p, why)
	}
	return why != ""
}

func (l *leaver) why(p, at string, info fs.FileInfo) string {
	switch base := path.Base(p); {
	case base == ".git" || filepath.Base(at) == ".git" || leadsIntoGit(p, at):
		return whyGit
	case at == l.appFile, !info.IsDir() && l.isAppFile(base, at, info):
		return pack.WhyAppFile
	case !info.IsDir() && (secretName(base) || secretName(filepath.Base(at)) || secretContent(p, at, info)):
		return whySecret
	case isHidden(p) && !l.isNamed(p, info.IsDir()):
		return whyHidden
	case l.leadsToHidden(p, at, info.IsDir()):
		return whyLink
	}
	return ""
}

// leadsToHidden reports whether a link leads to what is left out as hidden where it
// is.
func (l *leaver) leadsToHidden(p, at string, folder bool) bool {
	rel, err := filepath.Rel(l.root, at)
	if rel = filepath.ToSlash(rel); err != nil || rel == p || !filepath.IsLocal(rel) {
		return false
	}
	return isHidden(rel) && !l.isNamed(rel, folder)
}

// leadsIntoGit reports whether a link leads into a repository's own folder, where
// the address of a remote may hold a token.
func leadsIntoGit(p, at string) bool {
	at = filepath.ToSlash(at)
	return !strings.HasSuffix(at, "/"+p) && strings.Contains(at, "/.git/")
}

// isAppFile reports whether a file is an app file by its name or its content.
func (l *leaver) isAppFile(base, at string, info fs.FileInfo) bool {
	name := original(base)
	if slices.Contains(appFileNames, name) || l.appFile != "" && name == original(filepath.Base(l.appFile)) {
		return true
	}
	if !settings.MatchString(name) || !info.Mode().IsRegular() {
		return false
	}
	head := inBytes(headOf(at, mostSecret))
	return appKey.Match(head) && partsKey.Match(head) && placesKey.Match(head)
}

// isHidden reports whether a path has a part that begins with a dot, besides the
// one folder that may.
func isHidden(p string) bool {
	for part := range strings.SplitSeq(p, "/") {
		if strings.HasPrefix(part, ".") && part != wellKnown {
			return true
		}
	}
	return false
}

// isNamed reports whether the app file names something hidden, a folder above it,
// or something in it.
func (l *leaver) isNamed(p string, folder bool) bool {
	if l.dotfiles.Covers(p) || folder && l.dotfiles.Match(p, true) {
		return true
	}
	for _, pattern := range l.named {
		if folder && strings.HasPrefix(strings.TrimPrefix(pattern, "/"), p+"/") {
			return true
		}
	}
	return false
}
