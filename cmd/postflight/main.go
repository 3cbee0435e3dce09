// Command postflight watches a release from the second it is live.
package main

import (
	"os"

	"github.com/postflight/postflight/internal/cli"
)

func main() { os.Exit(cli.Main(cli.House{})) }
