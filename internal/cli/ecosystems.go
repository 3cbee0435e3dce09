package cli

import (
	"github.com/postflight/postflight/internal/dotnet"
	"github.com/postflight/postflight/internal/gomod"
	"github.com/postflight/postflight/internal/npm"
	"github.com/postflight/postflight/internal/survey"
)

// ecosystems are the readers of what a repository builds.
func ecosystems() []survey.Reader {
	return []survey.Reader{npm.NewReader().Read, gomod.New().Read, dotnet.Read}
}
