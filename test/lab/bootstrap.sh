#!/usr/bin/env bash
# Brings a bare Debian-like host to where `npm run quickstart`, `npm test` and `npm run bench` can do their work:
#   bootstrap.sh quickstart|test|bench|nms|faults|soak|fuzz|life [--] [ARGUMENT...]
# Installs what is missing (Debian packages, npm packages), builds, then runs the command. Safe to repeat.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# Users other than root often lack the directories of system programs.
export PATH="$PATH:/usr/sbin:/sbin"

node_minimum=20.11

say() { printf '[%3ds] %s\n' "$SECONDS" "$*" >&2; }
die() {
  printf '%s\n' "$@" >&2
  exit 1
}

command_name=${1:-}
shift || true
[ "${1:-}" = -- ] && shift
case $command_name in
  quickstart | test | bench | nms | faults | soak | fuzz | life) ;;
  *) die "usage: ${BASH_SOURCE[0]} quickstart|test|bench|nms|faults|soak|fuzz|life [--] [ARGUMENT...]" ;;
esac

has() { command -v "$1" >/dev/null 2>&1; }

check_node() {
  has node || die "Node.js $node_minimum or later is needed and there is no \`node\` here: see https://nodejs.org/"
  local version
  version=$(node -p process.versions.node)
  if [ "$(printf '%s\n' "$node_minimum" "$version" | sort -V | head -n 1)" != "$node_minimum" ]; then
    die "Node.js $node_minimum or later is needed; this is $version ($(command -v node)): see https://nodejs.org/" \
      '(The packages, once made, run on 18.19: Debian 12 and Ubuntu 24.04 have it.)'
  fi
}

# Whether the command starts a libvirtd of its own; quickstart prefers the host's.
needs_private_libvirtd() {
  case $command_name in
    quickstart) ;;
    soak | fuzz) return 1 ;;
    *) return 0 ;;
  esac
  local argument
  for argument in "$@"; do
    [ "$argument" = --private ] && return 0
  done
  [ -n "${LIBVIRT_DEFAULT_URI:-}" ] && return 1
  local socket
  for socket in /var/run/libvirt/virtqemud-sock-ro /var/run/libvirt/libvirt-sock-ro; do
    [ -S "$socket" ] && return 1
  done
  return 0
}

# Drivers of libvirtd, by name. Newer Debian releases have a package for each of them.
has_driver() {
  compgen -G "/usr/lib*/libvirt/connection-driver/libvirt_driver_$1.so" >/dev/null ||
    compgen -G "/usr/lib/*/libvirt/connection-driver/libvirt_driver_$1.so" >/dev/null
}

# Plug-ins of Cyrus SASL, by name.
has_sasl_plugin() { compgen -G "/usr/lib/*/sasl2/lib$1.so.2" >/dev/null; }

has_perl_module() { perl "-M$1" -e 1 2>/dev/null; }

has_static_busybox() { has busybox && ! ldd "$(command -v busybox)" >/dev/null 2>&1; }

missing=()
# want PACKAGE REASON TEST...
want() {
  local package=$1 reason=$2
  shift 2
  "$@" && return
  missing+=("$package")
  say "missing: $package ($reason)"
}

# The same for a package that not every release has.
if_known=()
want_if_known() {
  want "$@"
  if_known+=("$1")
}

find_missing() {
  want snmpd 'the AgentX master' has snmpd
  want snmp 'snmptable, snmpget, snmpwalk' has snmpget
  if needs_private_libvirtd "$@"; then
    want libvirt-daemon 'a private libvirtd' has libvirtd
    want libvirt-daemon-driver-qemu 'its QEMU driver' has_driver qemu
    # Part of libvirt-daemon in Debian 12 and before.
    local driver
    for driver in storage network nodedev interface; do
      want_if_known "libvirt-daemon-driver-$driver" "its driver $driver" has_driver "$driver"
    done
    want libvirt-clients 'virsh drives the lab' has virsh
    want qemu-system-x86 'guests' has qemu-system-x86_64
    want qemu-utils 'disk images, faulty disks' has qemu-nbd
    want iproute2 'a bridge for the guests' has ip
    want util-linux 'namespaces' has nsenter
    want mount 'mounts in the namespaces' has mount
  fi
  if [ "$command_name" = soak ] || [ "$command_name" = faults ]; then
    want snmptrapd 'receives notifications' has snmptrapd
  fi
  if [ "$command_name" = bench ]; then
    want gcc 'compiles the rivals' has gcc
    want libc6-dev 'compiles the rivals' test -e /usr/include/stdio.h
    want libsnmp-dev 'a C subagent as rival' has net-snmp-config
  fi
  if [ "$command_name" = nms ]; then
    want mmdebstrap 'roots with Zabbix' has mmdebstrap
    want prometheus 'answers the queries of the dashboards' has prometheus
    want chromium 'looks at the live page' has chromium
    want fonts-dejavu-core 'letters of the live page' test -e /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf
    want busybox-static 'what Linux guests run' has_static_busybox
    want xz-utils 'unpacks the guest kernel' has xz
    want zstd 'unpacks the modules of newer guest kernels' has zstd
    want snmptrapd 'receives notifications' has snmptrapd
  fi
  if [ "$command_name" = test ] || [ "$command_name" = life ]; then
    want busybox-static 'what Linux guests run' has_static_busybox
    want snmptrapd 'receives notifications' has snmptrapd
    want xz-utils 'unpacks the guest kernel' has xz
    want zstd 'unpacks the modules of newer guest kernels' has zstd
    want procps 'looks at processes' has ps
    want e2fsprogs 'file systems of guests' has mkfs.ext4
    want openssl 'certificates for HTTPS and libvirt over TLS' has openssl
    want curl 'asks over HTTP' has curl
  fi
  if [ "$command_name" = test ]; then
    want smitools 'smilint and smidump check the MIB modules' has smilint
    want python3-pysmi 'compiles the MIB modules as pysnmp does' has mibdump
    want snmptt 'converts the MIB modules, receives notifications' has snmpttconvertmib
    want libsnmp-perl 'translates numbers for snmptt' has_perl_module SNMP
    want prometheus 'promtool tests the alerts' has promtool
    want prometheus-snmp-exporter 'its generator makes snmp.yml' has prometheus-snmp-generator
    want sasl2-bin 'users of libvirt with SASL' has saslpasswd2
    want libsasl2-modules 'mechanisms of SASL' has_sasl_plugin scram
    want libsasl2-modules-gssapi-mit 'Kerberos for libvirt' has_sasl_plugin gssapiv2
    want openssh-server 'libvirt over ssh' test -x /usr/sbin/sshd
    want openssh-client 'libvirt over ssh' has ssh
    want netcat-openbsd 'libvirt over ssh without its helper' has nc
  fi
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

can_be_root() { [ "$(id -u)" = 0 ] || { has sudo && { sudo -n true 2>/dev/null || [ -t 0 ]; }; }; }

update_package_lists() {
  [ "${lists_updated:-}" = yes ] && return
  say 'apt-get update'
  as_root apt-get -qq update
  lists_updated=yes
}

install_missing() {
  [ ${#missing[@]} = 0 ] && return
  local line="apt-get update && apt-get install --no-install-recommends ${missing[*]}"
  has apt-get || die "Not a Debian-like system: please install what provides ${missing[*]}."
  can_be_root || die "Neither root nor sudo is at hand. Please run, as root:" "  $line"
  update_package_lists
  # New packages must not start their services: neither snmpd nor libvirtd of this host is ours to run. This file is
  # Debian's way to say so; one that is there already stays as it is.
  local policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ]; then
    say "services of newly installed packages are kept from starting ($policy, removed afterwards)"
    as_root sh -c "printf '#!/bin/sh\nexit 101\n' > $policy && chmod 755 $policy"
    trap 'as_root rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  local package known=()
  for package in "${missing[@]}"; do
    case " ${if_known[*]} " in
      *" $package "*) apt-cache show "$package" >/dev/null 2>&1 || continue ;;
    esac
    known+=("$package")
  done
  missing=("${known[@]}")
  [ ${#missing[@]} = 0 ] && return
  say "installing ${missing[*]}"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 install -y \
    --no-install-recommends "${missing[@]}" >&2
  if [ -n "$(trap -p EXIT)" ]; then
    as_root rm -f $policy
    trap - EXIT
  fi
}

install_modules() {
  local npm_log
  npm_log=$(mktemp)
  if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
    say 'npm ci'
    npm ci --include=dev --no-audit --no-fund --loglevel=error >"$npm_log" 2>&1 ||
      die "$(cat "$npm_log")" 'npm could not install the packages.'
    touch node_modules/.package-lock.json
  fi
  rm -f "$npm_log"
}

build_if_needed() {
  if [ ! -e dist/cli.js ] || [ -n "$(find src package.json tsconfig.json -newer dist/cli.js -print -quit)" ]; then
    say 'building'
    npm run --silent build >&2
    touch dist/cli.js
  fi
}

# Only root may create the namespaces of the lab.
in_lab() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif can_be_root; then
    sudo -E env "PATH=$PATH" "$@"
  else
    die 'The lab starts a libvirtd in namespaces of its own, which takes root. Please run this again as root.'
  fi
}

run_quickstart() {
  build_if_needed
  if needs_private_libvirtd "$@"; then
    in_lab node --import tsx test/lab/quickstart.ts "$@"
  else
    node --import tsx test/lab/quickstart.ts "$@"
  fi
}

run_bench() {
  build_if_needed
  in_lab node --import tsx test/bench/main.ts "$@"
}

# Against real monitoring systems: some minutes, and more than a gigabyte for their roots at the first run.
run_nms() {
  build_if_needed
  in_lab node_modules/.bin/vitest run --project nms "$@"
}

# Real peers and files do what goes wrong in years: half an hour.
run_faults() {
  build_if_needed
  in_lab node_modules/.bin/vitest run --project faults "$@"
}

run_soak() {
  build_if_needed
  node --import tsx test/soak/main.ts "$@"
}

run_fuzz() {
  build_if_needed
  node --import tsx test/fuzz/main.ts "$@"
}

# The integration tests. A file that failed runs once more: its peers are many processes on a machine that others may
# use, and one late answer in a quarter of an hour should not hide what the rest has shown. What passes only then is
# named at the end, as something to mend.
run_integration() {
  local results=$1
  shift
  local vitest=(node_modules/.bin/vitest run --project integration --reporter=default --reporter=json --passWithNoTests)
  # Failures of an earlier run are none of this one.
  rm -f "$results/integration.json"
  in_lab "${vitest[@]}" "--outputFile.json=$results/integration.json" "$@" && return
  local files=()
  mapfile -t files < <(node --import tsx test/lab/failed-files.ts "$results/integration.json")
  [ ${#files[@]} = 0 ] && return 1
  say "once more: ${files[*]}"
  in_lab "${vitest[@]}" "--outputFile.json=$results/integration-again.json" "${files[@]}"
}

# What a user sees of the program from its start to its end, with real peers: the program as packages have it, run by
# each of these Node.js binaries, which may be older than the one that runs the tests.
life_files=(program core-metrics every-object good-guest lifecycle notifications http modular-daemons)
run_life() {
  local stage node files results
  files=("${life_files[@]/#/test/integration/}")
  know_kernel
  stage=$(mktemp -d) results=$(mktemp -d)
  chmod 755 "$stage"
  node --import tsx tools/stage.ts "$stage"
  [ $# -gt 0 ] || set -- "$(command -v node)"
  for node in "$@"; do
    LVX_LAB_PROGRAM=$stage/usr/share/libvirt-agentx/lib/bundle/libvirt-agentx.js \
      LVX_LAB_NODE=$node \
      step "Node.js $("$node" --version)${LVX_LAB_DAEMONS:+, $LVX_LAB_DAEMONS daemons}" \
      run_integration "$results" "${files[@]/%/.test.ts}"
  done
  rm -rf "$stage" "$results"
  [ ${#failed_steps[@]} = 0 ] || {
    printf 'failed: %s\n' "${failed_steps[@]}"
    return 1
  }
}

failed_steps=()
step() {
  local name=$1
  shift
  say "$name"
  if ! "$@"; then failed_steps+=("$name"); fi
}

# Linux guests boot Debian's kernel, which is downloaded and not installed.
know_kernel() {
  if ! apt-cache show linux-image-amd64 >/dev/null 2>&1 && has apt-get && can_be_root; then
    update_package_lists
  fi
}

run_test() {
  local results
  results=$(mktemp -d)
  know_kernel
  step check npm run --silent check
  step build npm run --silent build
  local project
  for project in unit mib; do
    local coverage=()
    # Of all unit tests; some of them cannot reach the floor.
    [ "$project" = unit ] && [ $# = 0 ] && coverage=(--coverage)
    step "$project tests" node_modules/.bin/vitest run --project "$project" \
      --reporter=default --reporter=json "--outputFile.json=$results/$project.json" \
      --passWithNoTests "${coverage[@]}" "$@"
  done
  step 'integration tests' run_integration "$results" "$@"
  [ ${#failed_steps[@]} = 0 ] || printf 'failed: %s\n' "${failed_steps[@]}"
  node --import tsx test/lab/test-totals.ts "$results"/{unit,mib,integration}.json ||
    failed_steps+=(totals)
  rm -rf "$results"
  [ ${#failed_steps[@]} = 0 ]
}

check_node
find_missing "$@"
install_missing
install_modules
"run_$command_name" "$@"
