// Package app wires the parts of Falkirk together by hand. It is the only one
// that sees everything, and decides nothing.
package app

import (
	"context"
	"os"

	"golang.org/x/term"

	"falkirk/internal/face/cli"
	"falkirk/internal/face/cli/ui"
	"falkirk/internal/face/lambda"
)

// Option changes how the program is put together.
type Option func(*ui.Wiring)

// Main runs the command line and returns the exit code. The first interrupt
// asks the command to stop between two steps, the second ends the process. As a
// Lambda function it does not return.
func Main(args []string, with ...Option) int {
	wiring := wire()
	for _, o := range with {
		o(&wiring)
	}
	if lambda.Asked(args) {
		serveLambda(wiring)
	}
	ctx, stop := interruptible(context.Background(), !isHidden(wiring, args))
	defer stop()
	return cli.Main(ctx, wiring, streams(), args)
}

func isHidden(w ui.Wiring, args []string) bool {
	for _, h := range w.Hidden {
		if len(args) > 0 && args[0] == h.Name {
			return true
		}
	}
	return false
}

func streams() ui.Streams {
	tty := func(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
	_, plain := os.LookupEnv("NO_COLOR") // https://no-color.org
	return ui.Streams{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		Terminal: tty(os.Stderr) && os.Getenv("TERM") != "dumb",
		Screen:   tty(os.Stdout),
		Ask:      tty(os.Stdin) && tty(os.Stderr),
		Color:    tty(os.Stdout) && tty(os.Stderr) && !plain,
	}
}
