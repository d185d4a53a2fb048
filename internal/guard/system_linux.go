package guard

import (
	"os"
	"os/exec"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// separate gives the guard a session of its own: without a terminal, and out of
// reach of what the terminal sends.
func separate(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// adoptOrphans makes the guard the parent of every process of the command whose
// own parent has ended, also of one that left the group and the session.
func adoptOrphans() {
	_ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) // Linux has it since 3.4
}

// rename gives the guard a name of its own in the list of processes: what kills or
// stops every process named falkirk leaves the guard to end the command.
func rename() {
	own := strconv.Itoa(os.Getpid())
	_ = os.WriteFile("/proc/self/task/"+own+"/comm", []byte("release-guard"), 0) // without /proc it keeps its name
}

// childAttributes puts the command in a group of its own. It is no session
// leader, so it can take no terminal, and it dies with the guard.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// all are the living processes below the guard.
func (k *keeper) all() []Process { return below(processes(), os.Getpid()) }

// strangers are processes of the command that are not below the guard: none, as
// the guard adopts them.
func (k *keeper) strangers() []Process { return nil }
