#!/usr/bin/env bash
# Runs the benchmarks: scripts/bench.sh [FLAG OF GO TEST | PACKAGE]...
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

"$ROOT/scripts/setup.sh" browser postgres
export POSTFLIGHT_REQUIRE_POSTGRES=1 POSTFLIGHT_REQUIRE_BROWSER=1
[ $# -gt 0 ] || set -- ./...
go test -run '^$' -bench . -benchmem -p 1 "$@" | grep -v 'no test files'
