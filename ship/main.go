// Command ship makes what GoReleaser cannot: a bill of materials from what the
// linker wrote into a program, and the container image without a daemon.
package main

import (
	"context"
	"fmt"
	"os"
)

const usage = `usage: ship sbom PROGRAM DOCUMENT
       ship image ARCHIVE VERSION PLATFORM=PROGRAM...`

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "ship:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	switch {
	case len(args) == 3 && args[0] == "sbom":
		return writeSBOM(args[1], args[2])
	case len(args) > 3 && args[0] == "image":
		return writeImage(ctx, args[1], args[2], args[3:])
	}
	return fmt.Errorf("%q\n%s", args, usage)
}
