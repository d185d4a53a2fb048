//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// sizes say how much is measured.
type sizes struct {
	rounds   int   // of what takes a while
	many     int   // rounds of what is short
	small    int   // small files
	large    int   // large files
	one      int64 // bytes of the one large layer
	ledgers  []int // entries
	answers  int   // kinds of answers asked of the proxies; 0 is all
	duration time.Duration
	objects  int // of a site that is promoted
	moves    int // rounds of that
}

func full() sizes {
	return sizes{
		rounds: 5, many: 21, small: 5000, large: 20, one: 500 << 20,
		ledgers: []int{1_000, 10_000, 100_000}, duration: 3 * time.Second, objects: 5020, moves: 3,
	}
}

func next2nothing() sizes {
	return sizes{rounds: 1, many: 1, small: 20, large: 1, one: 3 << 20, ledgers: []int{100}, answers: 1, duration: time.Second, objects: 30, moves: 1}
}

// bench is one run of all.
type bench struct {
	ctx  context.Context
	work string
	size sizes
}

func (b *bench) falkirk() string { return filepath.Join(b.work, "falkirk") }
func (b *bench) path(parts ...string) string {
	return filepath.Join(append([]string{b.work}, parts...)...)
}

// command is a program that is measured.
type command struct {
	dir  string
	argv []string
}

func shell(dir, script string) command { return command{dir, []string{"sh", "-c", script}} }

// usage is what one run took.
type usage struct {
	wall, cpu time.Duration
	peak      int64 // bytes of the largest process
}

// measure runs a program to its end. What others have not written to the disk
// yet is written before, so that it is not paid for by this one.
func (b *bench) measure(c command) (usage, error) {
	syscall.Sync()
	cmd := exec.CommandContext(b.ctx, c.argv[0], c.argv[1:]...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), "FALKIRK_ACTOR=bench", "LC_ALL=C")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that an interrupt ends what it has started, too
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = 10 * time.Second
	var tail bytes.Buffer
	cmd.Stderr = &tail
	began := time.Now()
	err := cmd.Run()
	u := usage{wall: time.Since(began)}
	if err != nil {
		return u, fmt.Errorf("%s: %w\n%s", strings.Join(c.argv, " "), err, tail.Bytes())
	}
	if r, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		u.peak = int64(r.Maxrss)
		if runtime.GOOS == "linux" {
			u.peak <<= 10 // getrusage(2): kilobytes there
		}
	}
	u.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return u, nil
}

// contender is one program at one task.
type contender struct {
	name    string
	needs   string // the program that must be there
	prepare func() error
	command func() command
	rounds  int // fewer than the others; 0 is as many

	missing string // why it is left out
	all     []usage
}

// compete runs contenders in turns, so that what else the machine does hits all.
func (b *bench) compete(rounds int, contenders []*contender) error {
	for round := range rounds {
		for _, c := range contenders {
			if c.missing != "" || c.rounds > 0 && round >= c.rounds {
				continue
			}
			if err := b.once(c); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *bench) once(c *contender) error {
	if c.needs != "" {
		if path, _ := exec.LookPath(c.needs); path == "" {
			c.missing = c.needs + " is not installed here"
			return nil
		}
	}
	if c.prepare != nil {
		if err := c.prepare(); err != nil {
			var not *unknown
			if errors.As(err, &not) {
				c.missing = not.Error()
				return nil
			}
			return fmt.Errorf("prepare %s: %w", c.name, err)
		}
	}
	fmt.Fprintf(os.Stderr, "bench: %s\n", c.name)
	u, err := b.measure(c.command())
	if err != nil {
		return err
	}
	c.all = append(c.all, u)
	return nil
}

// unknown says that this falkirk does not have what would be measured.
type unknown struct{ what string }

func (u *unknown) Error() string { return "this falkirk has no " + u.what }

func (c *contender) median() usage {
	byWall := slices.Clone(c.all)
	slices.SortFunc(byWall, func(a, b usage) int { return int(a.wall - b.wall) })
	if len(byWall) == 0 {
		return usage{}
	}
	return byWall[len(byWall)/2]
}

func (c *contender) span() (least, most time.Duration) {
	for i, u := range c.all {
		if i == 0 || u.wall < least {
			least = u.wall
		}
		most = max(most, u.wall)
	}
	return least, most
}

func (c *contender) peak() (peak int64) {
	for _, u := range c.all {
		peak = max(peak, u.peak)
	}
	return peak
}
