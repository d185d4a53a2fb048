// Command falkirk takes a build from a laptop or CI to production.
package main

import (
	"os"

	"falkirk/internal/app"
)

func main() { os.Exit(app.Main(os.Args[1:])) }
