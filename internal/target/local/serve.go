package local

import (
	"context"
	"strconv"
	"time"

	"falkirk/internal/fault"
	"falkirk/internal/target/local/place"
	"falkirk/internal/target/local/process"
	"falkirk/internal/target/local/supervisor"
)

// Main is what the hidden command runs: "serve" for a supervisor, "exec" for
// what becomes a process of the app.
func Main(ctx context.Context, args []string) error {
	if len(args) > 0 {
		switch args[0] {
		case "serve":
			return Serve(ctx, args[1:])
		case "exec":
			return Exec(args[1:])
		}
	}
	return fault.New(fault.Invalid, "this command is for Falkirk itself")
}

// Serve supervises one place; the arguments are its folder, that of the app and
// the way back to Main.
func Serve(ctx context.Context, args []string) error {
	if len(args) < 3 {
		return fault.New(fault.Invalid, "this command is for Falkirk itself")
	}
	return supervisor.Run(ctx, place.Dir(args[0]), args[1], args[2:])
}

// Exec becomes the process of one version; the arguments are the place's
// folder, the version's, and the port.
func Exec(args []string) error {
	if len(args) != 3 {
		return fault.New(fault.Invalid, "this command is for Falkirk itself")
	}
	port, err := strconv.Atoi(args[2])
	if err != nil {
		return fault.New(fault.Invalid, "%q is not a port", args[2])
	}
	return process.Exec(place.Dir(args[0]), place.Version(args[1]), port, time.Now())
}
