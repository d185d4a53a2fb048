package sync

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"falkirk/test/chaos"
	"falkirk/test/emulators"
	"falkirk/test/harness"
	"falkirk/test/images"
	"falkirk/test/registryproxy"
)

// A layer many times larger than the memory that it may take passes through, and
// goes on where it was when a connection breaks, on either side.
func TestHugeLayer(t *testing.T) {
	t.Parallel()
	falkirk, _ := harness.Programs(t)
	origin, home := emulators.Registry(t, true), emulators.Registry(t, true)
	size := int64(chaos.Count(256<<20, 4<<30))
	d, err := images.At(origin).Huge(t.Context(), "huge", "test", size)
	if err != nil {
		t.Fatal(err)
	}
	once := func(kind string) registryproxy.Rules {
		return registryproxy.Rules{Cut: 1, Once: true, Only: func(q registryproxy.Request) bool { return q.Kind == kind }}
	}
	from, to := registryproxy.New(t, origin, once("get blob")), registryproxy.New(t, home, once("write part"))
	cmd := exec.CommandContext(t.Context(), falkirk, "sync", "--insecure", "--source", from.Host, "--destination", to.Host, "--repository", "huge", "--tag", "test")
	cmd.Dir = t.TempDir()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	most := make(chan int)
	go func() { most <- peak(cmd.Process.Pid) }()
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if _, got, err := images.At(home).Read(t.Context(), "huge", "test"); err != nil || got.Digest != d.Digest {
		t.Errorf("the tag is on %s, want %s: %v", got.Digest, d.Digest, err)
	}
	resumed := false
	for _, q := range from.History() {
		resumed = resumed || q.Kind == "get blob" && strings.HasPrefix(q.Range, "bytes=") && !strings.HasPrefix(q.Range, "bytes=0-")
	}
	if !resumed {
		t.Errorf("the source was not asked for the rest\n%s", from.Counts())
	}
	used := <-most
	t.Logf("%d MB in memory at most\nfrom %s\nto %s\n%s", used, from.Counts(), to.Counts(), out.String())
	if used > 64 || used == 0 {
		t.Errorf("it took %d MB of memory", used)
	}
}

// peak is the most memory that a process has had, in MB, as Linux counts it until
// it has ended. What wait4 tells is no less than what the test itself has.
func peak(pid int) (most int) {
	for {
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		_, rest, found := strings.Cut(string(raw), "VmHWM:")
		if err != nil || !found {
			return most
		}
		var kB int
		if _, err := fmt.Sscan(rest, &kB); err == nil {
			most = max(most, kB>>10)
		}
		time.Sleep(20 * time.Millisecond) // a look now and then; nothing waits for it
	}
}

// A large layer is read in stretches side by side, where the source gives each
// connection only so much.
func TestLargeLayerFromASlowStore(t *testing.T) {
	t.Parallel()
	b := newBed(t)
	d, err := images.At(b.origin).Huge(t.Context(), "large", "test", 80<<20)
	if err != nil {
		t.Fatal(err)
	}
	b.from.Calm(registryproxy.Rules{Rate: 20 << 20, Cut: 0.2, Seed: 7, Once: true, Only: func(q registryproxy.Request) bool { return q.Kind == "get blob" }})
	if _, err := run(t.Context(), t, settings(b.from.Host, b.to.Host, "large")); err != nil {
		t.Fatal(err)
	}
	same(t, b.home, "", images.Written{Tags: map[string]string{"large:test": d.Digest}})
	if c := b.from.Counts(); c.Peak < 3 || c.Down > 110<<20 {
		t.Errorf("%s", c)
	}
}
