# shellcheck shell=bash
# What every script shares. Sourced, never run.

set -euo pipefail

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
export ROOT
cd "$ROOT"

# A clone may belong to another user (a container, CI): the version is then
# read by us, below, and not by go build, which would refuse.
export GOFLAGS="${GOFLAGS:+$GOFLAGS }-buildvcs=false"

say() { printf '==> %s\n' "$*"; }
warn() { printf 'postflight: warning: %s\n' "$*" >&2; }

die() {
	printf 'postflight: error: %s\n' "$1" >&2
	[ $# -lt 2 ] || printf 'postflight: hint: %s\n' "$2" >&2
	exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# need_go stops early when Go is missing or older than go.mod asks.
need_go() {
	have go || die "Go is not installed" "install Go $(sed -n 's/^go //p' go.mod) or newer: https://go.dev/dl/"
	local want got
	want="$(sed -n 's/^go //p' go.mod)"
	got="$(go env GOVERSION)" || die "Go does not start" "go env GOVERSION must work"
	got="${got#go}"
	[ "$(printf '%s\n%s\n' "$want" "${got%%[- ]*}" | sort -V | head -n 1)" = "$want" ] ||
		die "Go $got is too old" "install Go $want or newer: https://go.dev/dl/"
}

# version names what is built: the tag, or the last commit and its day.
version() {
	if [ -n "${VERSION:-}" ]; then
		printf '%s\n' "$VERSION"
	else
		git -c safe.directory="$ROOT" describe --tags --always --dirty --match 'v[0-9]*' 2>/dev/null || printf 'dev\n'
	fi
}

# modules lists the directories of every Go module of this repository.
modules() {
	find . -name go.mod -not -path './dist/*' -not -path './bin/*' -not -path '*/testdata/*' -not -path './.git/*' \
		-exec dirname {} \; | sort
}

# tool builds a tool pinned in tools/go.mod, and prints where it is.
tool() {
	go -C tools build -o "$ROOT/bin/tools/" "$1"
	printf '%s/bin/tools/%s\n' "$ROOT" "${1##*/}"
}
