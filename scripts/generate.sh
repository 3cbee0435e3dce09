#!/usr/bin/env bash
# Makes every generated file anew: pages, configuration reference and schema.
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need_go
go generate ./...
go test ./internal/api -run Document -update >/dev/null
