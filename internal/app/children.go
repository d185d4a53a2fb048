package app

import (
	"falkirk/internal/gate/command"
	"falkirk/internal/guard"
)

// endChildren kills what hooks and gates of operations have started on this
// machine and their guards did not end.
func endChildren(operations []string) (ended, remain []string) {
	marks := make([]string, len(operations))
	for i, id := range operations {
		marks[i] = command.OperationVariable + "=" + id
	}
	met, left := guard.EndMarked(marks)
	return names(met), names(left)
}

func names(all []guard.Process) []string {
	var out []string
	for _, p := range all {
		out = append(out, p.String())
	}
	return out
}
