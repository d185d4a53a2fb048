package app

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// interruptible ends the context at the first interrupt and lets the second do
// what it does without us. A closed terminal counts as one interrupt however
// often it is told, since both kernel and shell tell it. Unlike
// signal.NotifyContext it leaves the cause at context.Canceled, by which
// everybody knows an interruption.
func interruptible(parent context.Context, tell bool) (context.Context, func()) {
	ctx, cancel := context.WithCancel(parent)
	signals, closed, ended := make(chan os.Signal, 1), hangups(), make(chan struct{})
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-signals:
			signal.Stop(signals)
			if tell {
				fmt.Fprintln(os.Stderr, "falkirk: stopping after the steps under way; once more to stop at once")
			}
		case <-closed:
		case <-ended:
		}
		cancel()
	}()
	return ctx, func() {
		signal.Stop(signals)
		signal.Stop(closed)
		close(ended)
		cancel()
	}
}

// hangups tells when the terminal is closed, unless the one who started us
// wanted that ignored, as nohup does. From here on a write that nobody reads is
// an error and no longer the end of the process (see os/signal, SIGPIPE).
func hangups() chan os.Signal {
	c := make(chan os.Signal, 1)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(c, syscall.SIGHUP)
	}
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	return c
}
