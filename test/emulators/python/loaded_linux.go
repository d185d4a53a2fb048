package python

import (
	"bytes"
	"context"
	"crypto/rand"
	_ "embed" // of the client
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"

	"falkirk/test/peers"
)

//go:embed client.py
var client string

// server is the loaded process. It ends when this one does.
type server struct {
	address string // abstract, of a socket for clients that are no children
	mu      sync.Mutex
	to      *net.UnixConn
}

// loaded starts the process of a program once.
func loaded(program string) (*server, error) {
	start, _ := servers.LoadOrStore(program, sync.OnceValues(func() (*server, error) { return load(program) }))
	return start.(func() (*server, error))()
}

// servers holds one process for each program.
var servers sync.Map

func load(program string) (*server, error) {
	interpreter, err := peers.Find("python")
	if err != nil {
		return nil, err
	}
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_SEQPACKET|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	here, there := os.NewFile(uintptr(pair[0]), "here"), os.NewFile(uintptr(pair[1]), "there")
	defer here.Close()
	defer there.Close()
	to, err := net.FileConn(here)
	if err != nil {
		return nil, err
	}
	_, file, _, _ := runtime.Caller(0)
	s := &server{to: to.(*net.UnixConn), address: "falkirk-test-" + rand.Text()}
	cmd := exec.Command(interpreter, filepath.Join(filepath.Dir(file), "serve.py"), program, s.address)
	cmd.ExtraFiles = []*os.File{there}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() { _ = cmd.Wait() }() // a request finds out when it has ended
	return s, nil
}

// run sends a request and reads what its fork writes.
func (s *server) run(ctx context.Context, packet []byte) (stdout, stderr string, err error) {
	var read, write [3]*os.File
	var rights []int
	for i := range read {
		if read[i], write[i], err = os.Pipe(); err != nil {
			return "", "", err
		}
		defer read[i].Close()
		defer write[i].Close()
		rights = append(rights, int(write[i].Fd()))
	}
	s.mu.Lock()
	_, _, err = s.to.WriteMsgUnix(packet, syscall.UnixRights(rights...), nil)
	s.mu.Unlock()
	if err != nil {
		return "", "", fmt.Errorf("ask the loaded program: %w", err)
	}
	for _, f := range write {
		_ = f.Close() // the fork has its own
	}
	return collect(ctx, read)
}

func collect(ctx context.Context, from [3]*os.File) (stdout, stderr string, err error) {
	var out, errs, status bytes.Buffer
	var group sync.WaitGroup
	group.Go(func() { _, _ = io.Copy(&out, from[0]) })
	group.Go(func() { _, _ = io.Copy(&errs, from[1]) })
	var pid, code int
	if _, err := fmt.Fscanln(from[2], &pid); err != nil {
		return "", "", fmt.Errorf("the loaded program has ended: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
	_, _ = io.Copy(&status, from[2])
	group.Wait()
	stop()
	if ctx.Err() != nil {
		return out.String(), errs.String(), ctx.Err()
	}
	if _, err := fmt.Sscanln(status.String(), &code); err != nil {
		return out.String(), errs.String(), fmt.Errorf("a command has no exit code: %q", status.String())
	}
	if code != 0 {
		return out.String(), errs.String(), &ExitError{code}
	}
	return out.String(), errs.String(), nil
}
