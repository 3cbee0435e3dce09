#!/usr/bin/env bash
# Runs the tests of every module: scripts/test.sh [FLAG OF GO TEST | PACKAGE]...
#
# A real Chromium and a real PostgreSQL are required, not skipped. Naming a
# package limits the run to the main module. tools/testsum says what is shown.
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

export POSTFLIGHT_REQUIRE_POSTGRES=1 POSTFLIGHT_REQUIRE_BROWSER=1
need_go
go -C tools build -o "$ROOT/bin/tools/" ./testsum

where=(-C .)
what=()
named=
for arg in "$@"; do
	what+=("$arg")
	[ "${arg#-}" != "$arg" ] || named=yes
done
if [ -z "$named" ]; then
	where=()
	while IFS= read -r dir; do where+=(-C "$dir"); done < <(modules)
	what+=(./...)
fi
exec "$ROOT/bin/tools/testsum" "${where[@]}" -- -timeout "${TEST_TIMEOUT:-20m}" "${what[@]}"
