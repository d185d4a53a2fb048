//go:build !linux

package cli

import "context"

type server struct{}

// loaded is nobody where packets between processes are not known.
func loaded() (*server, error) { return nil, nil }

func (*server) run(context.Context, []byte) (stdout, stderr string, err error) { return "", "", nil }
