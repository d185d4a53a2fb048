// Command falkirk takes a build from a laptop or CI to production.
package main

import (
	"os"
	_ "time/tzdata" // freeze windows name zones, and a scratch image or Windows has none

	"falkirk/internal/app"
)

func main() { os.Exit(app.Main(os.Args[1:])) }
