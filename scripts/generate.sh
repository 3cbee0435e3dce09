#!/usr/bin/env bash
# Makes every generated file anew: pages, configuration reference and schema,
# API description. The tools are those pinned in tools/go.mod.
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need_go
templ="$(tool github.com/a-h/templ/cmd/templ)"
"$templ" generate -log-level error -path internal/web
go generate ./internal/config >/dev/null
go test ./internal/api -run Document -update >/dev/null
go run ./cmd/postflight guard rules --markdown >docs/guard-rules.md
