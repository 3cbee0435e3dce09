#!/usr/bin/env bash
# Installs what is missing. Usage: scripts/setup.sh [browser|browsers|postgres|compiler|node]...
#
# On Debian and its kin it calls apt-get, as root or by sudo; elsewhere it says
# what to install. Asking for what is there already does nothing.
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

LOCK_WAIT=300 # seconds to wait while another program holds apt's lock

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

# apt runs apt-get without a question, waiting its turn at apt's locks.
apt() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout="$LOCK_WAIT" \
		-o Dpkg::Use-Pty=0 -o Acquire::Retries=3 "$@" </dev/null
}

# can_install says whether we may install packages here at all.
can_install() { have apt-get && { [ "$(id -u)" -eq 0 ] || have sudo; }; }

# refresh fetches the package lists once, and again while their lock is held:
# apt-get update does not wait for it by itself.
refreshed=
refresh() {
	[ -z "$refreshed" ] || return 0
	local log end
	log="$(mktemp)"
	end=$((SECONDS + LOCK_WAIT))
	until apt update >"$log" 2>&1; do
		if ! grep -qi 'could not get lock\|unable to lock' "$log" || [ "$SECONDS" -ge "$end" ]; then
			cat "$log" >&2
			rm -f "$log"
			die "apt-get update does not work here" "see apt's own message above"
		fi
		sleep 2
	done
	rm -f "$log"
	refreshed=yes
}

# install PACKAGE... installs the packages, or stops with apt's own message.
install() {
	say "installing $* (apt-get)"
	refresh
	local log
	log="$(mktemp)"
	if ! apt install -y --no-install-recommends "$@" >"$log" 2>&1; then
		cat "$log" >&2
		rm -f "$log"
		die "cannot install $*" "see apt's own message above"
	fi
	rm -f "$log"
}

known() { [ -n "$(apt-cache show --no-all-versions "$1" 2>/dev/null)" ]; }

browser_there() {
	local name
	if [ -n "${POSTFLIGHT_BROWSER:-}" ]; then
		have "$POSTFLIGHT_BROWSER" || die "POSTFLIGHT_BROWSER is $POSTFLIGHT_BROWSER, which is not a program" "unset it, or name a Chromium"
		return 0
	fi
	for name in chromium-headless-shell chrome-headless-shell chromium chromium-browser google-chrome google-chrome-stable; do
		if have "$name"; then return 0; fi
	done
	[ -x "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" ] || [ -x "/Applications/Chromium.app/Contents/MacOS/Chromium" ]
}

setup_browser() {
	if browser_there; then return 0; fi
	can_install || die "Chromium is not installed" \
		"Debian and Ubuntu: apt-get install chromium-headless-shell (or chromium), as root; macOS: brew install --cask chromium (or Google Chrome); elsewhere: install Chromium and set POSTFLIGHT_BROWSER to its path"
	refresh
	if known chromium-headless-shell; then
		install chromium-headless-shell fonts-dejavu-core
	elif known chromium; then
		install chromium fonts-dejavu-core
	else
		die "this system's packages have no Chromium" "install Chromium and set POSTFLIGHT_BROWSER to its path"
	fi
	browser_there || die "Chromium is still not found after its installation" "set POSTFLIGHT_BROWSER to its path"
}

# setup_browsers is for the tests: the headless shell and the full Chromium,
# which differ in ways that journeys must not notice.
setup_browsers() {
	setup_browser
	local name
	for name in chromium chromium-browser google-chrome google-chrome-stable; do
		if have "$name"; then return 0; fi
	done
	[ -z "${POSTFLIGHT_BROWSER:-}" ] || return 0
	if can_install && refresh && known chromium; then
		install chromium
	else
		warn "there is no full Chromium: the tests that need it are skipped, by name"
	fi
}

# setup_node is for the tests that run Playwright suites; a machine without it
# skips them, by name.
setup_node() {
	if have node && have npm; then return 0; fi
	if can_install && refresh && known npm; then
		install nodejs npm
	else
		warn "node and npm are missing: the tests of Playwright suites are skipped, by name"
	fi
}

postgres_there() {
	local dir
	for dir in /usr/lib/postgresql/*/bin; do
		if [ -x "$dir/initdb" ]; then return 0; fi
	done
	have initdb
}

setup_postgres() {
	if postgres_there; then return 0; fi
	can_install || die "PostgreSQL is not installed; the tests start a private one" \
		"Debian and Ubuntu: apt-get install postgresql, as root; macOS: brew install postgresql; elsewhere: put initdb and postgres on PATH"
	install postgresql
	postgres_there || die "PostgreSQL is still not found after its installation" "put initdb and postgres on PATH"
}

# setup_compiler is for the race detector, which needs cgo.
setup_compiler() {
	if have "${CC:-cc}" || have gcc || have clang; then return 0; fi
	can_install || die "a C compiler is not installed; the race detector needs one" \
		"Debian and Ubuntu: apt-get install gcc libc6-dev, as root; macOS: xcode-select --install"
	install gcc libc6-dev
}

need_go
for what in "$@"; do
	case "$what" in
	browser) setup_browser ;;
	browsers) setup_browsers ;;
	node) setup_node ;;
	postgres) setup_postgres ;;
	compiler) setup_compiler ;;
	*) die "nothing is called $what" "scripts/setup.sh [browser|browsers|postgres|compiler|node]..." ;;
	esac
done
