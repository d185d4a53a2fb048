package guard

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"falkirk/internal/fault"
	"falkirk/internal/fence"
)

// killLimit is how long a guard may take to end everything.
const killLimit = 5 * time.Second

// separate keeps the guard out of reach of the console's interrupts.
func separate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP | windows.CREATE_NO_WINDOW}
}

// Main is what the hidden command runs: the guard of one command. It puts
// itself into a job object whose processes end with it, so its end, however it
// comes, ends everything that the command has started.
func Main(ctx context.Context, _ []string) error {
	messages := json.NewDecoder(os.Stdin)
	var first message
	if err := messages.Decode(&first); err != nil || first.Start == nil {
		return fault.New(fault.Invalid, "this command is for falkirk itself")
	}
	job, err := enterJob()
	if err != nil {
		return report(Result{Error: "make a job object: " + err.Error()})
	}
	cmd := exec.Command(first.Start.Path)
	cmd.Args, cmd.Dir, cmd.Stdout, cmd.Stderr = first.Start.Argv, first.Start.Dir, os.Stderr, os.Stderr
	if err := cmd.Start(); err != nil {
		return report(Result{Error: err.Error()})
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	r := watch(ctx, ended, messages, first.Until)
	if r.Code >= 0 {
		r.Left = leftIn(job, cmd.Process.Pid)
	}
	return report(r)
}

func watch(ctx context.Context, ended <-chan error, messages *json.Decoder, until *time.Duration) Result {
	orders := make(chan message)
	go func() {
		defer close(orders)
		for {
			var m message
			if messages.Decode(&m) != nil {
				return
			}
			orders <- m
		}
	}()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			var exit *exec.ExitError
			if errors.As(err, &exit) {
				return Result{Code: exit.ExitCode()}
			}
			return Result{}
		case <-ctx.Done():
			return Result{Code: -1, Signal: int(syscall.SIGKILL), Stopped: true}
		case m, ok := <-orders:
			if !ok || m.Stop {
				return Result{Code: -1, Signal: int(syscall.SIGKILL), Stopped: true}
			}
			if m.Until != nil {
				until = m.Until
			}
		case <-tick.C:
		}
		if until != nil && fence.SinceBoot() >= *until {
			return Result{Code: -1, Signal: int(syscall.SIGKILL), Expired: true}
		}
	}
}

// report is the last thing that a guard does: its end closes the job.
func report(r Result) error {
	raw, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, _ = os.Stdout.Write(raw) // falkirk may be gone
	return nil
}

func enterJob() (windows.Handle, error) {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return 0, err
	}
	limits := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{}
	limits.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation, uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits)))
	if err != nil {
		return 0, err
	}
	return job, windows.AssignProcessToJobObject(job, windows.CurrentProcess())
}

// leftIn are the processes of the job but the guard and the command.
func leftIn(job windows.Handle, command int) []Process {
	const most = 64
	var list struct {
		assigned, count uint32
		pids            [most]uintptr
	}
	err := windows.QueryInformationJobObject(job, windows.JobObjectBasicProcessIdList, uintptr(unsafe.Pointer(&list)), uint32(unsafe.Sizeof(list)), nil)
	if err != nil && !errors.Is(err, windows.ERROR_MORE_DATA) {
		return nil
	}
	var all []Process
	for _, pid := range list.pids[:min(list.count, most)] {
		if int(pid) != os.Getpid() && int(pid) != command {
			all = append(all, Process{PID: int(pid), Name: "a program"})
		}
	}
	return all
}

// endMarked has nothing to do: the end of the guard closed its job.
func endMarked(int, string) []Process { return nil }

// EndMarked ends nothing: the processes of a command are in a job of Windows,
// which ends with its guard.
func EndMarked([]string) (met, remain []Process) { return nil, nil }

// StartedWith finds nothing: what it is for does not run here.
func StartedWith(string, string) []Started { return nil }
