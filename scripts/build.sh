#!/usr/bin/env bash
# Builds ./bin/postflight for this machine.
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need_go
say "building ./bin/postflight"
CGO_ENABLED=0 go build -trimpath -buildvcs=auto -o bin/postflight ./cmd/postflight
