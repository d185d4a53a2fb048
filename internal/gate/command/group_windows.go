package command

import "os/exec"

// isolate leaves the default: only the command itself is killed here, not what
// it started.
func isolate(*exec.Cmd) {}

func killRest(*exec.Cmd) {}
