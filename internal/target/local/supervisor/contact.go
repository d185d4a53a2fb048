package supervisor

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"crypto/rand"

	"falkirk/internal/guard"
	"falkirk/internal/target/local/place"
	"falkirk/internal/target/local/process"
)

// The variables with which a supervisor is started. By them it is found, and
// reached, where the state folder with its file is lost. Like that file, they can
// be read by its user alone.
const (
	placeVariable   = "FALKIRK_SUPERVISOR=" // its place's folder
	controlVariable = "FALKIRK_CONTROL="    // its address and token, with a blank between
)

// controlFile is the listener that the starter of a supervisor has opened for it.
const controlFile = 3

// Start starts the supervisor of a place. The caller reaps it.
func Start(dir place.Dir, argv []string) (*exec.Cmd, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the command: %w", err)
	}
	defer func() { _ = l.Close() }() // the supervisor has its own
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		return nil, fmt.Errorf("listen for the command: %w", err)
	}
	defer func() { _ = file.Close() }()
	return process.Detached(argv, dir.SupervisorLog(), process.Handed{
		Env:   []string{placeVariable + process.Resolved(string(dir)), controlVariable + l.Addr().String() + " " + rand.Text()},
		Files: []*os.File{file},
	})
}

// inherited is the listener that the starter has opened, and its token.
func inherited() (net.Listener, string, error) {
	_, token, ok := strings.Cut(os.Getenv(strings.TrimSuffix(controlVariable, "=")), " ")
	if !ok {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		return l, rand.Text(), err
	}
	file := os.NewFile(controlFile, "control")
	defer func() { _ = file.Close() }() // no process of the app gets it
	l, err := net.FileListener(file)
	return l, token, err
}

// Place is a place whose supervisor runs.
type Place struct {
	Dir place.Dir // as the system names it, without links
	PID int
}

// Running are the supervisors of this user on this machine, whatever app they
// are of.
func Running() []Place {
	var all []Place
	for _, s := range started() {
		all = append(all, Place{Dir: place.Dir(s.value(placeVariable)), PID: s.PID})
	}
	return all
}

// Lost are the places of an app, given by its folder in the state folder, whose
// supervisors run though their files were deleted.
func Lost(app string) []place.Dir {
	var all []place.Dir
	for _, p := range Running() {
		if filepath.Dir(string(p.Dir)) != process.Resolved(app) {
			continue
		}
		dir := place.Dir(filepath.Join(app, filepath.Base(string(p.Dir))))
		if _, err := os.Stat(dir.SupervisorFile()); os.IsNotExist(err) && !slices.Contains(all, dir) {
			all = append(all, dir)
		}
	}
	return all
}

// find is how the supervisor of a place is reached whose file is not there.
func find(dir place.Dir) (Contact, bool) {
	name := process.Resolved(string(dir))
	for _, s := range started() {
		address, token, ok := strings.Cut(s.value(controlVariable), " ")
		if !ok || s.value(placeVariable) != name {
			continue
		}
		if r, ok := process.Of(s.PID, 0, time.Time{}); ok {
			return Contact{PID: r.PID, Start: r.Start, Address: address, Token: token}, true
		}
	}
	return Contact{}, false
}

type marked struct{ guard.Started }

func (m marked) value(name string) string {
	for _, variable := range m.Env {
		if v, ok := strings.CutPrefix(variable, name); ok {
			return v
		}
	}
	return ""
}

// started are the supervisors of this user: what another one's says is not
// believed, also not by root.
func started() []marked {
	var all []marked
	for _, s := range guard.StartedWith("FALKIRK_", "") {
		if m := (marked{s}); s.UID == os.Geteuid() && m.value(placeVariable) != "" {
			all = append(all, m)
		}
	}
	return all
}
