// Package process starts, finds again and stops the processes of an app. It
// knows nothing of components, releases or routes, and decides nothing.
package process

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"time"

	"falkirk/internal/target/local/place"
)

// Record is one process. Start tells it from a later one with the same PID.
type Record struct {
	PID   int       `json:"pid"`
	Start string    `json:"start"`
	Port  int       `json:"port"`
	Since time.Time `json:"since"`
	// Lost says that the files that it was started from were deleted.
	Lost bool `json:"lost,omitempty"`
}

// Handed is what a process that is started gets beside its arguments. Its first
// file has the number 3.
type Handed struct {
	Env   []string
	Files []*os.File
}

// IsAlive reports whether this very process still runs; one that has ended
// and waits to be reaped does not.
func (r Record) IsAlive() bool {
	if r.PID <= 0 {
		return false
	}
	start, ok := startOf(r.PID)
	return ok && start == r.Start
}

// Of is the record of a process that runs.
func Of(pid, port int, now time.Time) (Record, bool) {
	start, ok := startOf(pid)
	return Record{PID: pid, Start: start, Port: port, Since: now}, ok
}

// Recorded reads a version's process file; the record is empty when there is none.
func Recorded(v place.Version) (Record, error) {
	var r Record
	_, err := place.Read(v.ProcessFile(), &r)
	return r, err
}

// digest is a short name for a text.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}

// Resolved is a path without links, as the system names it, also where its last
// parts do not exist any more.
func Resolved(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	if up := filepath.Dir(path); up != path {
		return filepath.Join(Resolved(up), filepath.Base(path))
	}
	return path
}
