#!/usr/bin/env bash
# Makes an RPM of this checkout: packaging/build-rpm.sh [DIRECTORY]
# The package ends up in DIRECTORY (default: packages/). Needs `npm ci` and rpmbuild.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
mkdir -p "${1:-packages}"
target=$(cd "${1:-packages}" && pwd)
command -v rpmbuild >/dev/null || {
  echo 'rpmbuild is missing: dnf install rpm-build systemd-rpm-macros (Debian: apt-get install rpm)' >&2
  exit 69
}
version=$(node -p 'require("./package.json").version')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 022
mkdir -p "$work/SOURCES"
npx tsx tools/stage.ts "$work/stage"
tar -C "$work" --owner=0 --group=0 -czf "$work/SOURCES/libvirt-agentx-$version-stage.tar.gz" stage
macros=()
homepage=$(node -p 'require("./package.json").homepage ?? ""')
[ -z "$homepage" ] || macros+=(--define "agentx_url $homepage")
# Debian's rpm knows neither systemd's macros nor its directories.
if ! rpm --eval '%{?_unitdir}' | grep -q .; then
  macros+=(--nodeps
    --define '_unitdir /usr/lib/systemd/system' --define '_sysusersdir /usr/lib/sysusers.d'
    --define '_tmpfilesdir /usr/lib/tmpfiles.d' --define 'tmpfiles_create() %{nil}'
    --define 'systemd_post() %{nil}' --define 'systemd_preun() %{nil}'
    --define 'systemd_postun_with_restart() %{nil}'
    # A script of bash that Debian has sh run: manual pages stayed as they were.
    --define '__brp_compress bash /usr/lib/rpm/brp-compress /usr')
fi
rpmbuild --quiet -bb --define "_topdir $work" --define "agentx_version $version" "${macros[@]}" \
  packaging/libvirt-agentx.spec
cp "$work"/RPMS/noarch/*.rpm "$target/"
ls "$target"/*.rpm
