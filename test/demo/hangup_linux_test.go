package demo

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"falkirk/test/harness"
)

// A terminal that is closed: the kernel hangs up, every write fails, and the
// shell hangs up once more.
func TestDemoWhoseTerminalIsClosedLeavesNothing(t *testing.T) {
	t.Parallel()
	// A child begins with the default only if its parent does not ignore it.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	r := harness.New(t)
	master, slave := terminal(t)
	cmd := r.Command(t.Context(), "demo")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = slave.Close() // the child has its own
	folder := readUntil(bufio.NewScanner(master), "From here on")
	_ = master.Close()
	_ = cmd.Process.Signal(syscall.SIGHUP) // it may be over
	_ = cmd.Wait()                         // the exit code is looked at below
	if code := cmd.ProcessState.ExitCode(); code != 130 || folder == "" {
		t.Errorf("exit %v in %q", cmd.ProcessState, folder)
	}
	gone(t, folder)
}

// Under nohup a hangup is nothing.
func TestDemoUnderNohupGoesOn(t *testing.T) {
	t.Parallel()
	nohup, err := exec.LookPath("nohup")
	if err != nil {
		t.Fatal(err)
	}
	r := harness.New(t)
	cmd := r.Command(t.Context(), "demo")
	cmd.Path, cmd.Args = nohup, append([]string{nohup}, cmd.Args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := bufio.NewScanner(out)
	folder := readUntil(s, "Pack once")
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Error(err)
	}
	readUntil(s, "no such line")
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	gone(t, folder)
}

// terminal opens a pseudo terminal; see pty(7).
func terminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return master, slave
}
