#!/usr/bin/env bash
# Runs the benchmarks of docs/benchmarks.md and prints their tables.
# Usage: scripts/bench.sh [PART]...
#
# The parts, in order: journey soak guard affected stages drill. Each compares with its floor, and
# with its peers, in the same run: pairs are interleaved, medians are printed.
# ROUNDS (9), RUNS (3): of the journey; TIMES (5): of the others.
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

SCRATCH="$(mktemp -d)"
SERVER=
trap 'stop; rm -rf "$SCRATCH"' EXIT

stop() {
	[ -z "$SERVER" ] || { kill -INT "$SERVER" 2>/dev/null && wait "$SERVER"; } || true
	SERVER=
}

machine() {
	say "$(uname -sm), $(getconf _NPROCESSORS_ONLN) processors, $(go env GOVERSION), commit $(git rev-parse --short HEAD), $(date -u +%F)"
	say "load average $(cut -d ' ' -f 1-3 /proc/loadavg 2>/dev/null || uptime)"
}

# peers installs what the journey is compared with and prints its directory.
peers() {
	if ! have npm || ! have node; then
		warn "npm or node is missing: the journey is NOT compared with its peers (playwright-core, @puppeteer/replay)"
		return 0
	fi
	(cd bench/peers && npm ci --silent >/dev/null) || die "the peers cannot be installed" "cd bench/peers && npm ci"
	say "node $(node --version), $(sed -n 's/^ *"\(.*\)": "\([0-9.]*\)",*$/\1 \2/p' bench/peers/package.json | paste -sd, -)" >&2
	printf '%s\n' "$ROOT/bench/peers"
}

journey() {
	if [ "$(uname -s)" != Linux ]; then
		warn "the CPU time of a process tree is counted on Linux only: the journey is NOT measured"
		return 0
	fi
	local dir
	dir="$(peers)"
	go build -o "$SCRATCH/journey" ./bench/journey
	"$SCRATCH/journey" -rounds "${ROUNDS:-9}" -runs "${RUNS:-3}" -peers "$dir"
}

# soak plays a thousand small journeys and fails when anything has grown.
soak() {
	if [ "$(uname -s)" != Linux ]; then
		warn "what a process holds is counted on Linux only: the soak is NOT run"
		return 0
	fi
	go build -o "$SCRATCH/journey" ./bench/journey
	"$SCRATCH/journey" -soak "${SOAK:-1000}"
}

# guard passes streams through cat, tee and the guard.
guard() {
	if [ "$(uname -s)" != Linux ]; then
		warn "the guard is measured on Linux only: it is NOT measured"
		return 0
	fi
	"$ROOT/scripts/build.sh"
	go build -o "$SCRATCH/guard" ./bench/guard
	"$SCRATCH/guard" -rounds "${TIMES:-5}" -postflight "$ROOT/bin/postflight" -dir "$SCRATCH"
	say "medians of ${TIMES:-5}; load average $(cut -d ' ' -f 1-3 /proc/loadavg 2>/dev/null || true)"
}

# affected asks for what a commit ships, beside Turborepo on the same workspace.
affected() {
	local dir turbo=
	dir="$(peers)"
	"$ROOT/scripts/build.sh"
	go build -o "$SCRATCH/affected" ./bench/affected
	[ -z "$dir" ] || turbo="$(find "$dir/node_modules" -path '*turbo*/bin/turbo' -type f -size +1M | head -n 1)"
	[ -n "$turbo" ] || warn "turbo is not here: it is NOT compared"
	"$SCRATCH/affected" -rounds "${ROUNDS:-30}" -postflight "$ROOT/bin/postflight" -turbo "$turbo" -dir "$SCRATCH"
	say "load average $(cut -d ' ' -f 1-3 /proc/loadavg 2>/dev/null || true)"
}

# stages runs every Go benchmark of these packages in turn, several times over.
stages() {
	local p i
	export POSTFLIGHT_REQUIRE_POSTGRES=1 POSTFLIGHT_REQUIRE_BROWSER=1
	for p in store check ingest browser; do go test -c -o "$SCRATCH/$p.test" "./internal/$p"; done
	for ((i = 0; i < ${TIMES:-5}; i++)); do
		for p in store check ingest browser; do
			(cd "internal/$p" && "$SCRATCH/$p.test" -test.run '^$' -test.bench . -test.benchmem -test.benchtime 0.5s) >>"$SCRATCH/stages" ||
				die "the benchmarks of internal/$p fail" "go test -run '^$' -bench . ./internal/$p"
		done
	done
	medians <"$SCRATCH/stages"
	say "medians of ${TIMES:-5}; load average $(cut -d ' ' -f 1-3 /proc/loadavg 2>/dev/null || true)"
}

# medians reads what go test prints and makes one row of each benchmark, one
# column of each unit.
medians() {
	awk '
	function median(text,   v, n, i, j, t) {
		n = split(text, v, " ")
		for (i = 2; i <= n; i++) { t = v[i] + 0; for (j = i - 1; j > 0 && v[j] + 0 > t; j--) v[j + 1] = v[j]; v[j + 1] = t }
		return n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
	}
	/^Benchmark/ {
		name = $1; sub(/^Benchmark/, "", name); sub(/-[0-9]+$/, "", name)
		if (!(name in seen)) { seen[name] = 1; names[++count] = name }
		for (i = 3; i < NF; i += 2) { got[name, $(i + 1)] = got[name, $(i + 1)] " " $i; unit[$(i + 1)] = 1 }
	}
	END {
		n = split("ns/op cpu-us/op stories/s reports/s B/op allocs/op", units, " ")
		printf "\n| benchmark |"; for (i = 1; i <= n; i++) printf " %s |", units[i]
		printf "\n|---|"; for (i = 1; i <= n; i++) printf "---|"; print ""
		for (k = 1; k <= count; k++) {
			printf "| %s |", names[k]
			for (i = 1; i <= n; i++) if ((names[k], units[i]) in got) printf " %.0f |", median(got[names[k], units[i]]); else printf " |"
			print ""
		}
		print ""
	}'
}

# drill plays every scenario of the demo on ports of its own.
drill() {
	local at=127.0.0.1:7660
	"$ROOT/scripts/build.sh"
	"$ROOT/bin/postflight" demo --listen "$at" --dir "$SCRATCH/demo" >"$SCRATCH/demo.log" 2>&1 &
	SERVER=$!
	# What is played waits for steady ground by itself; the token is there before that.
	until [ -s "$SCRATCH/demo.log" ] && "$ROOT/bin/postflight" drill list --server "http://$at" --data "$SCRATCH/demo/data" >/dev/null 2>&1; do
		kill -0 "$SERVER" 2>/dev/null || { cat "$SCRATCH/demo.log" >&2 && die "the demo does not start" "see its words above"; }
		sleep 0.5
	done
	"$ROOT/bin/postflight" drill run all -n "${TIMES:-5}" --server "http://$at" --data "$SCRATCH/demo/data" 2>"$SCRATCH/drill.log" ||
		{ tail -n 20 "$SCRATCH/drill.log" >&2 && die "a scenario was missed" "see the score card above"; }
	stop
	say "load average $(cut -d ' ' -f 1-3 /proc/loadavg 2>/dev/null || true)"
}

need_go
"$ROOT/scripts/setup.sh" browser postgres
machine
[ $# -gt 0 ] || set -- journey soak guard affected stages drill
for part in "$@"; do
	say "$part"
	case "$part" in
	journey | soak | guard | affected | stages | drill) "$part" ;;
	*) die "nothing is called $part" "the parts: journey soak guard affected stages drill" ;;
	esac
done
