package process

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"falkirk/internal/guard"
	"falkirk/internal/target/local/place"
)

const markName = "FALKIRK_PROCESS="

// Mark is the variable by which what a version's process has started is found.
// The folder of a version is the only name for it that no other app has: a
// second checkout of an app has another one. The folder is in it as a digest, as
// the process need not know where it is.
func Mark(v place.Version) string {
	app, placeName, component, version := v.Name()
	return markOf(app) + strings.Join([]string{placeName, component, version}, "/")
}

// markOf begins the marks of all processes of an app in one state folder.
func markOf(app string) string { return markName + digest(Resolved(app)) + "/" }

// startMark is the variable by which one start of a version is told from
// another one that runs at the same time.
func startMark(v place.Version, port int) string {
	return "FALKIRK_START=" + digest(string(v.Own())) + ":" + strconv.Itoa(port)
}

// Orphan is a process of a version that no file of the state folder records.
type Orphan struct {
	guard.Process
	Place     string // name of the place's folder
	Component string
	Version   string
}

// Orphans are the processes of an app in one state folder, given by the app's
// folder in it, that are recorded nowhere: the files were deleted.
func Orphans(app string) []Orphan {
	root, mark := Resolved(app), markOf(app)
	var all []Orphan
	for _, p := range guard.StartedWith(mark, root) {
		name, ok := "", false
		for _, variable := range p.Env {
			name, ok = strings.CutPrefix(variable, mark)
		}
		parts := strings.Split(name, "/")
		if !ok {
			parts = below(root, p.Program)
		}
		if len(parts) != 3 || slices.Contains(parts, "") {
			continue
		}
		o := Orphan{Process: p.Process, Place: parts[0], Component: parts[1], Version: parts[2]}
		if !isRecorded(place.Dir(filepath.Join(app, o.Place)).Version(o.Component, o.Version)) {
			all = append(all, o)
		}
	}
	return all
}

// below reads place, component and version from the path of a program in the
// image of a version.
func below(root, program string) []string {
	rest, ok := strings.CutPrefix(program, root+string(filepath.Separator))
	parts := strings.Split(rest, string(filepath.Separator))
	if !ok || len(parts) < 7 || parts[1] != "components" || parts[3] != "versions" || parts[5] != "rootfs" {
		return nil
	}
	return []string{parts[0], parts[2], parts[4]}
}

// isRecorded reports whether a process of the version is recorded and runs. Where
// the record cannot be read, nothing is said to be an orphan.
func isRecorded(v place.Version) bool {
	for _, f := range []place.Version{v, v.Next()} {
		if r, err := Recorded(f); err != nil || r.IsAlive() {
			return true
		}
	}
	return false
}

// Names lists orphans for people: api v1 (process 17).
func Names(all []Orphan) string {
	var list []string
	for _, o := range all {
		list = append(list, o.Component+" "+o.Version+" (process "+strconv.Itoa(o.PID)+")")
	}
	return strings.Join(list, ", ")
}
