// The program of tests: falkirk, with every request and result carried as JSON
// between the command line and the use cases.
package main

import (
	"os"

	"falkirk/internal/app"
)

func main() { os.Exit(app.Main(os.Args[1:], app.ThroughJSON)) }
