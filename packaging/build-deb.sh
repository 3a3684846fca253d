#!/usr/bin/env bash
# Makes a Debian package of this checkout with Debian's own tools: packaging/build-deb.sh [DIRECTORY]
# The package and lintian's verdict end up in DIRECTORY (default: packages/). Needs `npm ci`, and of Debian: dpkg-dev,
# debhelper, fakeroot, lintian. Its maintainer is who makes it: DEBFULLNAME and DEBEMAIL, else who made the last commit.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
mkdir -p "${1:-packages}"
target=$(cd "${1:-packages}" && pwd)
for tool in dpkg-buildpackage dh lintian; do
  command -v "$tool" >/dev/null || {
    echo "$tool is missing: apt-get install dpkg-dev debhelper fakeroot lintian" >&2
    exit 69
  }
done

maintainer=$(git log -1 --format='%an <%ae>' 2>/dev/null || true)
[ -z "${DEBEMAIL:-}" ] || maintainer="${DEBFULLNAME:-$DEBEMAIL} <$DEBEMAIL>"
if [ -z "$maintainer" ]; then
  echo 'who makes this package? Not a checkout of git: set DEBFULLNAME and DEBEMAIL' >&2
  exit 64
fi
version=$(node -p 'require("./package.json").version')
homepage=$(node -p 'require("./package.json").homepage ?? ""')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/libvirt-agentx-$version
mkdir -p "$tree"
umask 022
cp -r packaging/debian "$tree/"
chmod 755 "$tree/debian/rules"
MAINTAINER=$maintainer HOMEPAGE=$homepage perl -pi -e 's/\@MAINTAINER@/$ENV{MAINTAINER}/;
  $_ .= "Homepage: $ENV{HOMEPAGE}\n" if /^Rules-Requires-Root/ && $ENV{HOMEPAGE} ne ""' "$tree/debian/control"
npx tsx tools/stage.ts "$tree/stage"
# debhelper makes what enables, starts and removes them.
cp contrib/systemd/libvirt-agentx.service "$tree/debian/"
cp contrib/sysusers.d/libvirt-agentx.conf "$tree/debian/libvirt-agentx.sysusers"
cp contrib/tmpfiles.d/libvirt-agentx.conf "$tree/debian/libvirt-agentx.tmpfiles"
# The clock of the last commit: the same checkout gives the same package.
epoch=$(git log -1 --format=%ct 2>/dev/null || date +%s)
cat >"$tree/debian/changelog" <<CHANGELOG
libvirt-agentx ($version) unstable; urgency=medium

  * See /usr/share/doc/libvirt-agentx/docs/CHANGELOG.md.

 -- $maintainer  $(date -R -u -d "@$epoch")
CHANGELOG
(cd "$tree" && SOURCE_DATE_EPOCH=$epoch dpkg-buildpackage --no-sign --build=binary --no-check-builddeps) >"$work/log" 2>&1 || {
  cat "$work/log" >&2
  exit 1
}
cp "$work"/*.deb "$target/"
lintian --allow-root --fail-on warning,error --tag-display-limit 0 "$target/libvirt-agentx_${version}_all.deb"
echo "$target/libvirt-agentx_${version}_all.deb"
