#!/usr/bin/env bash
# Holds the code to its rules: scripts/check.sh [PART]...
#
# The parts, in order: format vet staticcheck generated architecture race extra.
# "fastrace" is race without the packages whose tests drive a browser. Every
# part runs even when one before it has failed; the last line says which did.
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# The packages that fastrace leaves to race: minutes each under the detector.
SLOW_UNDER_RACE='/(browser|player|recorder|suite|demo|web|app|cli|postflight)$'

format() {
	local list
	list="$("$(tool mvdan.cc/gofumpt)" -l .)"
	[ -z "$list" ] || { printf 'not formatted (gofumpt -w):\n%s\n' "$list" && return 1; }
}

vet() {
	local dir
	for dir in $(modules); do go -C "$dir" vet ./... || return 1; done
}

static_check() {
	local dir bin
	bin="$(tool honnef.co/go/tools/cmd/staticcheck)" || return 1
	for dir in $(modules); do (cd "$dir" && "$bin" ./...) || return 1; done
}

# fingerprint lists what could be generated, with its checksums.
fingerprint() {
	find . \( -path ./.git -o -path ./bin -o -path ./dist -o -path ./data -o -path ./demo \) -prune -o -type f \
		\( -name '*_templ.go' -o -path './docs/*' -o -path './schema/*' -o -name 'schema.json' \) -exec cksum {} + | sort -k 3
}

# generated makes everything anew and fails when that changed a file.
generated() {
	local before after
	before="$(fingerprint)"
	"$ROOT/scripts/generate.sh" || return 1
	after="$(fingerprint)"
	if [ "$before" != "$after" ]; then
		printf 'generated files were not up to date; they are now:\n'
		diff <(printf '%s\n' "$before") <(printf '%s\n' "$after") | awk '/^>/ {print $4}'
		return 1
	fi
	go -C tools run ./demo-build -check
}

architecture() { go test -count=1 ./internal/archtest; }

race() { "$ROOT/scripts/test.sh" -race; }

fastrace() {
	local packages
	packages="$(go list ./... | grep -Ev "$SLOW_UNDER_RACE")" || return 1
	# shellcheck disable=SC2086 # one word for each package
	"$ROOT/scripts/test.sh" -race $packages
}

# extra runs what may be installed, and says what is not.
extra() {
	if have golangci-lint; then
		golangci-lint run ./... || return 1
	else
		say "golangci-lint is not on PATH: not run"
	fi
	if have govulncheck; then
		govulncheck ./... || return 1
	else
		say "govulncheck is not on PATH: not run"
	fi
}

need_go
[ $# -gt 0 ] || set -- format vet staticcheck generated architecture race extra
broken=()
for part in "$@"; do
	say "$part"
	case "$part" in
	staticcheck) static_check || broken+=("$part") ;;
	race | fastrace)
		"$ROOT/scripts/setup.sh" browser postgres compiler
		CGO_ENABLED=1 "$part" || broken+=("$part")
		;;
	format | vet | generated | architecture | extra) "$part" || broken+=("$part") ;;
	*) die "nothing is called $part" "the parts: format vet staticcheck generated architecture race fastrace extra" ;;
	esac
done
[ ${#broken[@]} -eq 0 ] || die "not clean: ${broken[*]}"
say "clean: $*"
