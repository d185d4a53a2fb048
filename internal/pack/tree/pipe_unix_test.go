//go:build unix

package tree_test

import "syscall"

func pipe(at string) error { return syscall.Mkfifo(at, 0o600) }
