//go:build linux || darwin

package guard

import (
	"context"
	"encoding/json"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"falkirk/internal/fault"
	"falkirk/internal/fence"
)

// settle is how long what a command has started may run on after the command,
// such as the reader of a pipe, before it counts as left behind.
const settle = 500 * time.Millisecond

// killLimit is how long a guard tries to kill what does not die.
const killLimit = 5 * time.Second

// phase is how far the end of a command has come.
type phase int

const (
	running  phase = iota
	settling       // the command has ended, others of its processes run
	asked          // all were asked to stop
	killing        // all are being killed
)

type keeper struct {
	child  int
	ended  bool // the child has, and is in result
	phase  phase
	next   time.Time      // when the phase ends
	until  *time.Duration // deadline of the lease
	result Result
}

// Main is what the hidden command runs: the guard of one command. Standard
// input has the messages of falkirk, standard output gets the result, and
// standard error is the output of the command. It returns no error once the
// command is started.
func Main(ctx context.Context, _ []string) error {
	messages := json.NewDecoder(os.Stdin)
	var first message
	if err := messages.Decode(&first); err != nil || first.Start == nil {
		return fault.New(fault.Invalid, "this command is for falkirk itself")
	}
	runtime.LockOSThread() // the command is killed when the thread that started it ends
	adoptOrphans()
	rename()
	ends := make(chan os.Signal, 1)
	signal.Notify(ends, syscall.SIGCHLD)
	k := &keeper{until: first.Until}
	if err := k.start(*first.Start); err != nil {
		k.result = Result{Error: err.Error()}
		return k.report()
	}
	k.watch(ctx, ends, follow(messages))
	return k.report()
}

func (k *keeper) start(s start) error {
	nothing, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	defer func() { _ = nothing.Close() }() // the child has its own
	k.child, err = syscall.ForkExec(s.Path, s.Argv, &syscall.ProcAttr{
		Dir: s.Dir, Env: os.Environ(), Files: []uintptr{nothing.Fd(), 2, 2}, Sys: childAttributes(),
	})
	if err != nil {
		return &os.PathError{Op: "run", Path: s.Path, Err: err}
	}
	return nil
}

func (k *keeper) report() error {
	raw, err := json.Marshal(k.result)
	if err != nil {
		return err
	}
	_, _ = os.Stdout.Write(raw) // falkirk may be gone
	return nil
}

// follow gives each message, and closes the channel when falkirk is gone.
func follow(messages *json.Decoder) <-chan message {
	c := make(chan message)
	go func() {
		defer close(c)
		for {
			var m message
			if messages.Decode(&m) != nil {
				return
			}
			c <- m
		}
	}()
	return c
}

// watch returns when nothing of the command runs any more, or cannot be ended.
func (k *keeper) watch(ctx context.Context, ends <-chan os.Signal, messages <-chan message) {
	canceled := ctx.Done()
	for !k.step() {
		timer := time.NewTimer(k.pause())
		select {
		case <-ends:
		case <-timer.C:
		case <-canceled:
			canceled = nil
			k.stop()
		case m, ok := <-messages:
			switch {
			case !ok:
				messages = nil
				k.enter(killing)
			case m.Stop:
				k.stop()
			case m.Until != nil:
				k.until = m.Until
			}
		}
		timer.Stop()
	}
}

// step does what is due; true when there is nothing more to do.
func (k *keeper) step() bool {
	none := k.reap()
	if k.ended && none {
		return true
	}
	if k.until != nil && fence.SinceBoot() >= *k.until && k.phase < killing {
		k.result.Expired = true
		k.enter(killing)
	}
	if k.ended && k.phase == running {
		k.enter(settling)
	}
	if k.phase == settling && !time.Now().Before(k.next) {
		if k.result.Left = k.others(); len(k.result.Left) == 0 {
			return true
		}
		k.enter(asked)
	}
	if k.phase == asked && !time.Now().Before(k.next) {
		k.enter(killing)
	}
	if k.phase < killing {
		return false
	}
	all := k.all()
	for _, p := range all {
		_ = syscall.Kill(p.PID, syscall.SIGKILL) // what may not be killed remains, and is named
	}
	if time.Now().Before(k.next) {
		return false
	}
	k.result.Remain = all
	return true
}

// stop asks all to stop.
func (k *keeper) stop() {
	k.result.Stopped = k.result.Stopped || !k.ended
	k.enter(asked)
}

// enter begins a phase, unless a later one has begun.
func (k *keeper) enter(p phase) {
	if p <= k.phase {
		return
	}
	k.phase = p
	switch p {
	case settling:
		k.next = time.Now().Add(settle)
	case asked:
		k.next = time.Now().Add(Grace)
		for _, p := range k.all() {
			_ = syscall.Kill(p.PID, syscall.SIGTERM)
			_ = syscall.Kill(p.PID, syscall.SIGCONT) // a stopped process cannot obey
		}
	case killing:
		k.next = time.Now().Add(killLimit)
	}
}

// pause is how long nothing is due. A timer of Go stands still while the
// machine is suspended, so the deadline is looked at often.
func (k *keeper) pause() time.Duration {
	d := time.Minute
	if k.until != nil {
		d = min(100*time.Millisecond, *k.until-fence.SinceBoot())
	}
	switch k.phase {
	case settling, asked:
		d = min(d, time.Until(k.next))
	case killing:
		d = 5 * time.Millisecond
	}
	return max(d, 0)
}

// reap notes the end of the command and of what was left to the guard; true
// when the guard has no process any more.
func (k *keeper) reap() bool {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return len(k.strangers()) == 0
		case pid == 0:
			return false
		case pid == k.child:
			k.ended = true
			k.result.Code = status.ExitStatus()
			if status.Signaled() {
				k.result.Code, k.result.Signal = -1, int(status.Signal())
			}
		}
	}
}

// others are the processes of the command but the command itself.
func (k *keeper) others() []Process {
	all := k.all()
	rest := all[:0]
	for _, p := range all {
		if p.PID != k.child || k.ended {
			rest = append(rest, p)
		}
	}
	return rest
}
