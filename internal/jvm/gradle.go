package jvm

import (
	"context"

	"github.com/postflight/postflight/internal/workspace"
)

func readGradle(ctx context.Context, x *tree, space *workspace.Space) error { return nil }
