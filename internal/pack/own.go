package pack

import (
	"io/fs"
	"path/filepath"
	"strings"

	"falkirk/internal/pack/tree"
)

// Own is what Falkirk has on this machine: no artifact holds it, because each
// pack would then hold the packs before it.
type Own struct {
	Folders []string // the store and the state, absolute
	AppFile string   // absolute; only sites leave it out
}

// Why something of Falkirk's own is left out.
const (
	WhyStore   = "the store and the state of Falkirk"
	WhyAppFile = "the app file"
)

// stateName is the folder in which Falkirk keeps its state beside any app file.
const stateName = ".falkirk"

// LeaveOwn leaves out the folders of Falkirk's own and says so.
func (k Kit) LeaveOwn() tree.Leave {
	folders := make([]string, len(k.Own.Folders))
	for i, f := range k.Own.Folders {
		folders[i] = Real(f)
	}
	return func(p, at string, _ fs.FileInfo) bool {
		if !isBelow(at, folders) && filepath.Base(at) != stateName {
			return false
		}
		k.SayLeft(p, WhyStore)
		return true
	}
}

// SayLeft says that something is left out.
func (k Kit) SayLeft(p, why string) {
	if k.Left != nil {
		k.Left(p, why)
	}
}

// Real is a path with links followed; of what is not there yet, the links of the
// folder that it is to be in.
func Real(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		return filepath.Join(dir, filepath.Base(path))
	}
	return path
}

func isBelow(at string, folders []string) bool {
	for _, f := range folders {
		rel, err := filepath.Rel(f, at)
		if err == nil && (rel == "." || filepath.IsLocal(rel) && !strings.HasPrefix(rel, "..")) {
			return true
		}
	}
	return false
}
