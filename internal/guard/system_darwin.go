package guard

import (
	"bytes"
	"os"
	"os/exec"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// separate gives the guard a session of its own: without a terminal, and out of
// reach of what the terminal sends.
func separate(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// adoptOrphans does nothing: macOS gives orphans to launchd. A process that
// leaves the session and whose parent has ended is found by its mark alone.
func adoptOrphans() {}

// rename does nothing: macOS knows a process by its program.
func rename() {}

// childAttributes puts the command in a group of its own.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// all are the living processes below the guard, in its session, or with its mark.
func (k *keeper) all() []Process {
	return append(below(processes(), os.Getpid()), k.strangers()...)
}

// strangers are processes of the command that are not below the guard.
func (k *keeper) strangers() []Process {
	own := below(processes(), os.Getpid())
	var all []Process
	for _, p := range append(OfSession(os.Getpid()), Marked(markName+"="+os.Getenv(markName), "")...) {
		if p.PID != os.Getpid() && !slices.Contains(own, p) && !slices.Contains(all, p) {
			all = append(all, p)
		}
	}
	return all
}

// found is one line of the list of processes.
type found struct {
	Process
	parent, session int
	isDead          bool // it waits to be reaped
	uid             int
}

// processes lists all processes of this machine that can be seen.
func processes() []found {
	const zombie = 5 // SZOMB of sys/proc.h
	list, err := unix.SysctlKinfoProcSlice("kern.proc.all")
	if err != nil {
		return nil
	}
	var all []found
	for _, p := range list {
		pid := int(p.Proc.P_pid)
		session, _ := unix.Getsid(pid) // of one that has ended it is 0
		all = append(all, found{
			Process: Process{PID: pid, Name: unix.ByteSliceToString(p.Proc.P_comm[:])},
			parent:  int(p.Eproc.Ppid), session: session, isDead: p.Proc.P_stat == zombie, uid: int(p.Eproc.Ucred.Uid),
		})
	}
	return all
}

// Marked are the living processes that have this variable, as NAME=value, in
// the environment that they were started with; not this process itself.
func Marked(mark, _ string) []Process {
	var all []Process
	for _, p := range processes() {
		if p.isDead || p.PID == os.Getpid() {
			continue
		}
		raw, err := unix.SysctlRaw("kern.procargs2", p.PID)
		if err == nil && bytes.Contains(raw, []byte("\x00"+mark+"\x00")) {
			all = append(all, p.Process)
		}
	}
	return all
}

// StartedWith are the living processes whose environment has a variable that
// begins with prefix.
func StartedWith(prefix, _ string) []Started {
	var all []Started
	for _, p := range processes() {
		if p.isDead || p.PID == os.Getpid() {
			continue
		}
		raw, err := unix.SysctlRaw("kern.procargs2", p.PID)
		if err != nil {
			continue
		}
		s := Started{Process: p.Process, UID: p.uid}
		for variable := range bytes.SplitSeq(raw, []byte{0}) {
			if bytes.HasPrefix(variable, []byte(prefix)) {
				s.Env = append(s.Env, string(variable))
			}
		}
		if len(s.Env) > 0 {
			all = append(all, s)
		}
	}
	return all
}

// OfSession are the living processes of a session.
func OfSession(session int) []Process {
	var all []Process
	for _, p := range processes() {
		if p.session == session && !p.isDead {
			all = append(all, p.Process)
		}
	}
	return all
}
