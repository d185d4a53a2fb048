package app

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// weather counts the calls to AWS that had to be sent again, so that a slow run
// says why it was slow.
type weather struct {
	mu    sync.Mutex
	calls map[string]int
}

func (w *weather) hear(account, region, service, operation string) {
	if account != "" {
		region = account + "/" + region
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.calls == nil {
		w.calls = map[string]int{}
	}
	w.calls[strings.TrimSpace(service+" "+operation)+" in "+region]++
}

// report is a line for each kind of call.
func (w *weather) report() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var lines []string
	for _, what := range slices.Sorted(maps.Keys(w.calls)) {
		lines = append(lines, fmt.Sprintf("sent again %s: %s", times(w.calls[what]), what))
	}
	return lines
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
