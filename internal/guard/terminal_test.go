//go:build linux

package guard_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal is a new pseudo-terminal: the side of the person, and the other.
func terminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = person.Close() })
	if err := unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = program.Close() })
	return person, program
}

// A command that asks a person fails at once and says so, where falkirk itself
// has a terminal.
func TestACommandHasNoTerminal(t *testing.T) {
	t.Parallel()
	_, program := terminal(t)
	for text, want := range map[string]string{
		"read x </dev/tty && echo got $x":                               "/dev/tty",
		"printf 'Password: ' >/dev/tty && read x && echo got $x":        "/dev/tty",
		"read x && echo got $x || { echo the input is empty; exit 2; }": "the input is empty",
	} {
		// The first one has the terminal: it shows that the trial is a good one.
		limited, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		cmd := exec.CommandContext(limited, "sh", "-c", `: </dev/tty && exec "$@"`, "sh", os.Args[0], asFalkirk, "0s", "sh", "-c", text)
		out := &bytes.Buffer{}
		cmd.Stdin, cmd.Stdout, cmd.Stderr = program, out, out
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
		began := time.Now()
		if err := cmd.Run(); err != nil {
			t.Fatalf("%s after %s: %v: %s", text, time.Since(began), err, out)
		}
		var r report
		if err := json.Unmarshal(out.Bytes(), &r); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if r.Result.Code == 0 || !strings.Contains(r.Output, want) {
			t.Errorf("%s: %s: %q", text, r.Result, r.Output)
		}
	}
}
