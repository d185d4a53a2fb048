package main

import (
	"bytes"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"falkirk/test/emulators"
	"falkirk/test/harness"
	"falkirk/test/peers"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

// The demonstration ends well, skopeo has the last word in it, and what did not
// change costs hardly any requests.
func TestTheDemonstration(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it takes some seconds")
	}
	emulators.Skopeo(t, "--version")
	peers.Program(t, "docker-registry")
	falkirk, _ := harness.Programs(t)
	var out bytes.Buffer
	if err := run(t.Context(), &out, []string{"-small", "-falkirk", falkirk}); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if n := strings.Count(out.String(), "skopeo: all 6 digests agree."); n != 2 {
		t.Errorf("skopeo agrees %d times, want 2:\n%s", n, out.String())
	}
	var requests []int
	for _, m := range regexp.MustCompile(`s, (\d+) requests`).FindAllStringSubmatch(out.String(), -1) {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		requests = append(requests, n)
	}
	// Six tags in three repositories: the tags on both sides, and each tag's digest on both.
	if len(requests) != 3 || requests[1] > 6+2*6+4 || requests[2] < requests[1] || requests[2] > requests[0] {
		t.Errorf("requests: %v\n%s", requests, out.String())
	}
}
