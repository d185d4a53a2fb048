package sync

import (
	"bytes"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"falkirk/test/cloud"
	"falkirk/test/front"
	"falkirk/test/images"
	"falkirk/test/rig"
)

// A layer of 2 GB passes through little memory, and goes on where it was when a
// connection breaks, on either side.
func TestHugeLayer(t *testing.T) {
	t.Parallel()
	falkirk, _ := rig.Programs(t)
	origin, home := cloud.Registry(t, true), cloud.Registry(t, true)
	size := int64(2 << 30)
	if testing.Short() {
		size = 256 << 20
	}
	d, err := images.At(origin).Huge(t.Context(), "huge", "test", size)
	if err != nil {
		t.Fatal(err)
	}
	once := func(kind string) front.Rules {
		return front.Rules{Cut: 1, Once: true, Only: func(q front.Request) bool { return q.Kind == kind }}
	}
	from, to := front.New(t, origin, once("get blob")), front.New(t, home, once("write part"))
	cmd := exec.CommandContext(t.Context(), falkirk, "sync", "--insecure", "--source", from.Host, "--destination", to.Host, "--repository", "huge", "--tag", "test")
	cmd.Dir = t.TempDir()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
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
	if used, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		t.Logf("%d MB in memory at most\nfrom %s\nto %s\n%s", used.Maxrss>>10, from.Counts(), to.Counts(), out.String())
		if used.Maxrss>>10 > 64 {
			t.Errorf("it took %d MB of memory", used.Maxrss>>10)
		}
	}
}
