// Command postflight watches a release from the second it is live: it plays
// journeys, decides whether the release broke production, pages people, rolls
// back and writes up what happened. Everything it does is in internal/cli.
package main

import (
	"os"

	"github.com/postflight/postflight/internal/cli"
)

func main() { os.Exit(cli.Main(cli.House{})) }
