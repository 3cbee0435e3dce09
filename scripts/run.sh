#!/usr/bin/env bash
# Installs what is missing, builds, and starts the server with the demo product.
# It prints one sign-in link and runs until it is interrupted.
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

"$ROOT/scripts/setup.sh" browser
"$ROOT/scripts/build.sh"
exec "$ROOT/bin/postflight" demo "$@"
