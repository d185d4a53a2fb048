//go:build linux || darwin

package guard

import (
	"os"
	"slices"
	"syscall"
	"time"
)

// below are the living descendants of a process.
func below(all []found, pid int) []Process {
	children := map[int][]found{}
	for _, p := range all {
		children[p.parent] = append(children[p.parent], p)
	}
	var out []Process
	for next := []int{pid}; len(next) > 0; next = next[1:] {
		for _, p := range children[next[0]] {
			if !p.isDead {
				out = append(out, p.Process)
			}
			next = append(next, p.PID)
		}
	}
	return out
}

// endMarked kills what the guard of that PID left when it was killed itself:
// the processes of its session, and those that have its mark.
func endMarked(guard int, mark string) []Process {
	return Kill(func() []Process {
		all := OfSession(guard)
		for _, p := range Marked(mark, "") {
			if !slices.Contains(all, p) {
				all = append(all, p)
			}
		}
		return all
	})
}

// EndMarked kills the processes that have one of these variables, as NAME=value,
// in their environment, and gives those that it met and those that do not end.
// The processes that this one descends from are left alone.
func EndMarked(marks []string) (met, remain []Process) {
	find := func() []Process {
		var found []Process
		own := above(processes(), os.Getpid())
		for _, mark := range marks {
			for _, p := range Marked(mark, "") {
				if !slices.Contains(own, p.PID) && !slices.Contains(found, p) {
					found = append(found, p)
				}
			}
		}
		return found
	}
	if met = find(); len(met) == 0 {
		return nil, nil
	}
	return met, Kill(find)
}

// above are the PIDs of a process and of those that it descends from.
func above(all []found, pid int) []int {
	parents := map[int]int{}
	for _, p := range all {
		parents[p.PID] = p.parent
	}
	var out []int
	for ; pid > 0 && !slices.Contains(out, pid); pid = parents[pid] {
		out = append(out, pid)
	}
	return out
}

// Kill kills what find gives until it gives nothing, for some seconds at most,
// and returns what does not end.
func Kill(find func() []Process) []Process {
	end := time.Now().Add(killLimit)
	for {
		all := find()
		if len(all) == 0 || time.Now().After(end) {
			return all
		}
		for _, p := range all {
			_ = syscall.Kill(p.PID, syscall.SIGKILL) // what may not be killed is returned
		}
		time.Sleep(5 * time.Millisecond)
	}
}
