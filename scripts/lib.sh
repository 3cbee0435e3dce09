# shellcheck shell=bash
# What every script shares. Sourced, never run.

set -euo pipefail

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
export ROOT
cd "$ROOT"

# A clone may belong to another user (a container, CI), which git refuses.
# Only the program carries the version: nothing else is stamped with it.
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0="$ROOT"
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

# version_of prints the version that go build has stamped into a program.
version_of() { go version -m "$1" | awk '$1 == "mod" { print $3 }'; }

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
