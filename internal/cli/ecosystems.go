package cli

import (
	"context"
	"os/exec"
	"strings"

	"github.com/postflight/postflight/internal/bazel"
	"github.com/postflight/postflight/internal/cargo"
	"github.com/postflight/postflight/internal/dotnet"
	"github.com/postflight/postflight/internal/gomod"
	"github.com/postflight/postflight/internal/jvm"
	"github.com/postflight/postflight/internal/npm"
	dockerfiles "github.com/postflight/postflight/internal/plain"
	"github.com/postflight/postflight/internal/python"
	"github.com/postflight/postflight/internal/survey"
	"github.com/postflight/postflight/internal/workspace"
)

// ecosystems are the readers of what the checkout at root builds. Each keeps
// what both commits have in common.
func ecosystems(root string) []survey.Reader {
	images := func(ctx context.Context, t workspace.Tree) (workspace.Space, error) {
		return dockerfiles.Read(ctx, t, nil)
	}
	return []survey.Reader{
		npm.NewReader().Read, gomod.New().Read, dotnet.Read, cargo.New().Read, python.New().Read, jvm.Read,
		bazel.New(root, exec.LookPath).Read, images,
	}
}

// connect makes an image need the units whose folders it copies: what they are
// made with is in it as well.
func connect(spaces []workspace.Space) {
	for i := range spaces {
		if spaces[i].Ecosystem != "plain" {
			continue
		}
		for k := range spaces[i].Units {
			u := &spaces[i].Units[k]
			for _, folder := range dockerfiles.Folders(*u) {
				for _, other := range spaces {
					if other.Ecosystem == "plain" {
						continue
					}
					for _, in := range other.Units {
						if in.Dir == folder || strings.HasPrefix(in.Dir, folder+"/") || folder == "" && in.Dir != "" {
							u.Needs = append(u.Needs, workspace.Need{Unit: in.ID, Scope: workspace.Ship, Via: "Dockerfile COPY"})
						}
					}
				}
			}
		}
	}
}
