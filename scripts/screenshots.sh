#!/usr/bin/env bash
# Takes the pictures in docs/screenshots anew: starts the demo in a directory of
# its own, plays one bad release, and visits the pages in a real browser.
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

"$ROOT/scripts/setup.sh" browser
"$ROOT/scripts/build.sh"
go build -o bin/screenshots ./scripts/screenshots

dir="$(mktemp -d)"
pid=
stop() {
	if [ -n "$pid" ]; then
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	fi
	rm -rf "$dir"
}
trap stop EXIT

unset POSTFLIGHT_LISTEN POSTFLIGHT_DATA POSTFLIGHT_PUBLIC_URL POSTFLIGHT_STORE POSTFLIGHT_SERVER POSTFLIGHT_TOKEN
bin/postflight demo --dir "$dir/demo" --listen 127.0.0.1:0 >"$dir/out" 2>"$dir/err" &
pid=$!
say "waiting for the demo"
for _ in $(seq 120); do
	link="$(grep -Eo 'http://[^[:space:]]+/sign-in[^[:space:]]*' "$dir/out" | head -n 1 || true)"
	[ -z "$link" ] || break
	kill -0 "$pid" 2>/dev/null || break
	sleep 0.5
done
if [ -z "$link" ]; then
	cat "$dir/out" "$dir/err" >&2
	die "the demo printed no sign-in link"
fi

say "playing ${SCENARIO:=incompatible-page}"
bin/postflight drill run "$SCENARIO" --data "$dir/demo/data"
bin/screenshots -link "$link" -out docs/screenshots
