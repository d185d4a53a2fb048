package guard

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
)

// found is one line of the list of processes.
type found struct {
	Process
	parent, session int
	isDead          bool // it waits to be reaped
}

// processes lists all processes of this machine that can be seen.
func processes() []found {
	folder, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer func() { _ = folder.Close() }() // only read
	names, _ := folder.Readdirnames(-1)   // what was read before an error counts
	var all []found
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		raw, err := os.ReadFile("/proc/" + name + "/stat")
		if err != nil {
			continue // it has ended meanwhile
		}
		if p, ok := parseStat(pid, raw); ok {
			all = append(all, p)
		}
	}
	return all
}

// parseStat reads /proc/PID/stat. The name in parentheses may hold anything.
func parseStat(pid int, raw []byte) (found, bool) {
	open, end := bytes.IndexByte(raw, '('), bytes.LastIndexByte(raw, ')')
	if open < 0 || end < open {
		return found{}, false
	}
	fields := bytes.Fields(raw[end+1:])
	const state, parent, session = 0, 1, 3
	if len(fields) <= session {
		return found{}, false
	}
	number := func(i int) int {
		n, _ := strconv.Atoi(string(fields[i])) // the kernel writes numbers
		return n
	}
	return found{
		Process: Process{PID: pid, Name: string(raw[open+1 : end])},
		parent:  number(parent), session: number(session),
		isDead: string(fields[state]) == "Z" || string(fields[state]) == "X",
	}, true
}

// Marked are the living processes that have this variable, as NAME=value, in
// the environment that they were started with, or whose program is inside root
// where that is not empty; not this process itself. Processes of other users
// are seen by root alone.
func Marked(mark, root string) []Process {
	var all []Process
	for _, p := range processes() {
		if p.isDead || p.PID == os.Getpid() {
			continue
		}
		if hasMark(p.PID, mark) || root != "" && isInside(p.PID, root) {
			all = append(all, p.Process)
		}
	}
	return all
}

func hasMark(pid int, mark string) bool {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	if err != nil {
		return false
	}
	for variable := range bytes.SplitSeq(raw, []byte{0}) {
		if string(variable) == mark {
			return true
		}
	}
	return false
}

// isInside finds programs that have written over their environment, as many
// servers do to show a title.
func isInside(pid int, root string) bool {
	program, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/exe")
	return err == nil && len(program) > len(root) && program[:len(root)] == root && program[len(root)] == '/'
}

// StartedWith are the living processes whose environment has a variable that
// begins with prefix, or whose program is inside root where that is not empty.
// Processes that see other files than this one (another mount namespace, as in a
// container) are left out: a path there is another path.
func StartedWith(prefix, root string) []Started {
	here, err := os.Readlink("/proc/self/ns/mnt")
	var all []Started
	for _, p := range processes() {
		if p.isDead || p.PID == os.Getpid() {
			continue
		}
		s := Started{Process: p.Process, Env: variables(p.PID, prefix), UID: userOf(p.PID)}
		s.Program, _ = os.Readlink("/proc/" + strconv.Itoa(p.PID) + "/exe") // empty for a process of another user
		if len(s.Env) == 0 && (root == "" || !isInside(p.PID, root)) {
			continue
		}
		if there, otherErr := os.Readlink("/proc/" + strconv.Itoa(p.PID) + "/ns/mnt"); err == nil && (otherErr != nil || there != here) {
			continue
		}
		all = append(all, s)
	}
	return all
}

// userOf is the user whose rights a process has, -1 where it has ended.
func userOf(pid int) int {
	var info syscall.Stat_t
	if err := syscall.Stat("/proc/"+strconv.Itoa(pid), &info); err != nil {
		return -1
	}
	return int(info.Uid)
}

// variables are those in the environment of a process that begin with prefix.
func variables(pid int, prefix string) []string {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	if err != nil {
		return nil
	}
	var found []string
	for variable := range bytes.SplitSeq(raw, []byte{0}) {
		if bytes.HasPrefix(variable, []byte(prefix)) {
			found = append(found, string(variable))
		}
	}
	return found
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
