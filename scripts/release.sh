#!/usr/bin/env bash
# Builds the release archives into dist/: Linux and macOS, amd64 and arm64.
#
# The version is the commit's tag, else Go's pseudo-version. The same commit
# gives the same bytes: no path, time or user of this machine goes in. Each
# archive carries the licences of all that is linked into it.
# shellcheck source=scripts/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need_go
TAR=tar
if have gtar; then TAR=gtar; fi
"$TAR" --version 2>/dev/null | grep -q GNU || die "GNU tar is not installed" "macOS: brew install gnu-tar"

export CGO_ENABLED=0 LC_ALL=C TZ=UTC
EPOCH="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}"

# licences DIRECTORY copies the licence files of every linked module there.
licences() {
	local path dir file found modules
	modules="$(go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Dir}}{{end}}{{end}}' ./cmd/postflight | sort -u)"
	while read -r path dir; do
		found=
		for file in "$dir"/LICEN[CS]E* "$dir"/COPYING* "$dir"/NOTICE*; do
			[ -f "$file" ] || continue
			mkdir -p "$1/$path"
			cp "$file" "$1/$path/"
			found=yes
		done
		[ -n "$found" ] || die "module $path has no licence file" "find its licence before this is released"
	done <<<"$modules"
	mkdir -p "$1/go"
	cp "$(go env GOROOT)/LICENSE" "$1/go/"
}

rm -rf dist
mkdir -p dist
stage="$(mktemp -d)"
trap 'rm -rf "$stage"' EXIT
version=
for target in linux/amd64 linux/arm64 darwin/amd64 darwin/arm64; do
	os="${target%/*}" arch="${target#*/}"
	GOOS="$os" GOARCH="$arch" go build -trimpath -buildvcs=true -ldflags "-s -w" -o "$stage/postflight" ./cmd/postflight
	if [ -z "$version" ]; then
		version="$(version_of "$stage/postflight")"
		case "$version" in
		'' | '(devel)') die "go build has stamped no version" "release from a git clone" ;;
		*+dirty) warn "there are uncommitted changes: $version" ;;
		esac
	fi
	name="postflight_${version#v}_${os}_${arch}"
	say "$name.tar.gz"
	dir="$stage/$name"
	mkdir "$dir"
	mv "$stage/postflight" "$dir/"
	cp LICENSE NOTICE README.md CHANGELOG.md "$dir/"
	GOOS="$os" GOARCH="$arch" licences "$dir/licences"
	chmod -R u=rwX,go=rX "$dir"
	"$TAR" --sort=name --format=gnu --mtime="@$EPOCH" --owner=0 --group=0 --numeric-owner \
		-C "$stage" -cf - "$name" | gzip -n -9 >"dist/$name.tar.gz"
done
if have sha256sum; then
	(cd dist && sha256sum -- *.tar.gz >SHA256SUMS)
else
	(cd dist && shasum -a 256 -- *.tar.gz >SHA256SUMS)
fi
cat dist/SHA256SUMS
