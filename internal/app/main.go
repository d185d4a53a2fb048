// Package app wires the parts of Falkirk together by hand. It is the only one
// that sees everything, and decides nothing.
package app

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"

	"falkirk/internal/face/cli"
)

// Main runs the command line and returns the exit code. The first interrupt
// asks the command to stop between two steps, the second ends the process.
func Main(args []string) int {
	wiring := wire()
	ctx, stop := interruptible(context.Background(), !isHidden(wiring, args))
	defer stop()
	return cli.Main(ctx, wiring, streams(), args)
}

// interruptible ends the context at the first interrupt and lets the second do
// what it does without us. Unlike signal.NotifyContext it leaves the cause at
// context.Canceled, by which everybody knows an interruption.
func interruptible(parent context.Context, tell bool) (context.Context, func()) {
	ctx, cancel := context.WithCancel(parent)
	signals, ended := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-signals:
			signal.Stop(signals)
			if tell {
				fmt.Fprintln(os.Stderr, "falkirk: stopping after the steps under way; once more to stop at once")
			}
			cancel()
		case <-ended:
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(ended)
		cancel()
	}
}

func isHidden(w cli.Wiring, args []string) bool {
	for _, h := range w.Hidden {
		if len(args) > 0 && args[0] == h.Name {
			return true
		}
	}
	return false
}

func streams() cli.Streams {
	tty := func(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
	_, plain := os.LookupEnv("NO_COLOR") // https://no-color.org
	return cli.Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		Terminal: tty(os.Stderr) && os.Getenv("TERM") != "dumb",
		Ask:      tty(os.Stdin) && tty(os.Stderr),
		Color:    tty(os.Stdout) && tty(os.Stderr) && !plain,
	}
}
