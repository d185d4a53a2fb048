//go:build linux

package local_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"falkirk/internal/delivery"
	"falkirk/internal/target/local"
)

// What another user says of a place is not believed, and what runs with other files
// below the same path (in a container) is not taken for an orphan of it.
func TestStrangersAreNotAdopted(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: only root can start a process of another user")
	}
	w := newAppWorld(t)
	v1 := w.api("v1", local.Settings{})
	w.live(v1)
	pid, _ := get(t, w.observe(v1).Endpoint, "/pid")
	raw, err := os.ReadFile(filepath.Join("/proc", pid, "environ"))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.target.Down(t.Context(), "shop", delivery.Scope{}); err != nil {
		t.Fatal(err)
	}
	w.lose()
	dir := filepath.Join(w.state(), "shop", "dev~eu")
	begin := func(how *syscall.SysProcAttr, env ...string) *exec.Cmd {
		cmd := exec.Command("sleep", "1h")
		cmd.Env, cmd.Dir, cmd.SysProcAttr = env, "/", how
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _, _ = cmd.Process.Kill(), cmd.Wait() })
		return cmd
	}
	begin(&syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 4321, Gid: 4321}},
		"FALKIRK_SUPERVISOR="+dir, "FALKIRK_CONTROL=127.0.0.1:1 token")
	begin(&syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}, strings.Split(string(raw), "\x00")...)

	if s := w.observe(v1); len(s.Drift) > 0 {
		t.Errorf("%v", s.Drift)
	}
	if list, err := w.target.List(t.Context(), "shop", delivery.Scope{}); err != nil || len(list) > 0 {
		t.Errorf("%+v %v", list, err)
	}
	w.live(v1)
}
