// Package process starts servers on free ports of loopback, and waits until they
// answer. It needs no test around it.
package process

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"time"
)

// Server is a program that is to listen on a port.
type Server struct {
	Health  string       // the path that is asked; an answer below 500 will do
	Client  *http.Client // that asks; nil is the default one
	TLS     bool
	Command func(port string) *exec.Cmd
}

// Start runs it, and gives where it listens and how it is killed. Another program
// may have taken the port meanwhile; then it is tried on another one.
func (s Server) Start() (url string, stop func(), err error) {
	for range 3 {
		var ended bool
		if url, stop, ended, err = s.once(); err == nil || !ended {
			break
		}
	}
	return url, stop, err
}

func (s Server) once() (url string, stop func(), ended bool, err error) {
	port, err := Port()
	if err != nil {
		return "", nil, false, err
	}
	cmd := s.Command(port)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		return "", nil, false, err
	}
	gone := make(chan struct{})
	go func() { _ = cmd.Wait(); close(gone) }() // it is killed below
	stop = func() {
		_ = cmd.Process.Kill() // it may have gone
		<-gone
	}
	url = "http://127.0.0.1:" + port
	if s.TLS {
		url = "https://127.0.0.1:" + port
	}
	for deadline := time.Now().Add(time.Minute); ; {
		if s.answers(url + s.Health) {
			return url, stop, false, nil
		}
		select {
		case <-gone:
			return "", nil, true, fmt.Errorf("%s has ended:\n%s", cmd.Path, log.String())
		case <-time.After(20 * time.Millisecond): // wait for the fact; the deadline ends it
		}
		if time.Now().After(deadline) {
			stop()
			return "", nil, false, fmt.Errorf("%s does not answer:\n%s", cmd.Path, log.String())
		}
	}
}

// Port is a port of loopback on which nothing listens. It is below the ports that
// systems give to connections and to listeners without a port of their own, so
// that none of those takes it before the server does.
func Port() (string, error) {
	var last error
	for range 100 {
		port := strconv.Itoa(10_000 + rand.IntN(22_000)) //nolint:gosec // no secret
		l, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err == nil {
			return port, l.Close()
		}
		last = err
	}
	return "", last
}

func (s Server) answers(url string) bool {
	client := s.Client
	if client == nil {
		client = http.DefaultClient
	}
	res, err := client.Get(url) //nolint:gosec // a loopback address of the test's own
	if err != nil {
		return false
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return err == nil && res.StatusCode < 500
}
