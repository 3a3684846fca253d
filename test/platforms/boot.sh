#!/bin/bash
# Boots the systemd of a root as process 1 of namespaces of its own, with a cgroup2 tree of its own, runs a command beside
# it, and shuts it down: boot.sh ROOT COMMAND... It has no network but a loopback, and no D-Bus unless the root has.
# The controllers are those that the host has not given to cgroup v1, often none: limits are not kept then.
set -euo pipefail

root=$1
shift
tree=$(findmnt --noheadings --first-only --types cgroup2 --output TARGET) || {
  echo 'no cgroup2 is mounted here: mount -t cgroup2 none /sys/fs/cgroup' >&2
  exit 69
}
group=$tree/libvirt-agentx-$$
log=$root/tmp/boot.log
mkdir "$group"

# shellcheck disable=SC2016
(
  echo "$BASHPID" >"$group/cgroup.procs"
  exec unshare --mount --propagation private --cgroup --pid --ipc --uts --net --fork --kill-child -- bash -c '
    set -eu
    root=$1
    mount --bind "$root" "$root"
    mount -t proc proc "$root/proc"
    mount -t sysfs -o ro sysfs "$root/sys"
    mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
    mount -t tmpfs -o mode=0755 tmpfs "$root/dev"
    mount -t tmpfs -o mode=0755 tmpfs "$root/run"
    for node in null zero full random urandom tty; do
      touch "$root/dev/$node"
      mount --bind "/dev/$node" "$root/dev/$node"
    done
    mkdir "$root/dev/pts" "$root/dev/shm" "$root/dev/net"
    if [ -c /dev/net/tun ]; then
      touch "$root/dev/net/tun"
      mount --bind /dev/net/tun "$root/dev/net/tun"
    fi
    mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts "$root/dev/pts"
    ln -s pts/ptmx "$root/dev/ptmx"
    ln -s /proc/self/fd "$root/dev/fd"
    mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
    # Before any service: snmpd wants an address.
    ip link set lo up
    cd "$root"
    # Pivoted, so that no mount of the host is to be seen, nor in the way of the sandboxes of services.
    mkdir -p run/host
    pivot_root . run/host
    umount -l /run/host
    # As systemd does on a host: credentials of a service are mounted in another namespace and must get through.
    mount --make-rshared /
    exec env -i container=libvirt-agentx PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd
  ' boot "$root"
) >"$log" 2>&1 </dev/null &
outer=$!
inner=
shut_down() {
  local nth
  if [ -n "$inner" ]; then
    # Ask for an orderly end (SIGRTMIN+4: power off), but do not wait for ever.
    kill -s RTMIN+4 "$inner" 2>/dev/null || true
    for nth in $(seq 150); do
      kill -0 "$inner" 2>/dev/null || break
      sleep 0.2
    done
    kill -KILL "$inner" 2>/dev/null || true
  fi
  kill -KILL "$outer" 2>/dev/null || true
  wait "$outer" 2>/dev/null || true
  find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
}
trap shut_down EXIT
trap 'exit 143' INT TERM HUP

inside() {
  nsenter --target "$inner" --mount --pid --ipc --uts --net --cgroup --root --wd -- \
    env -i HOME=/root TERM=dumb LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}
is_booted() {
  local children
  children=$(cat "/proc/$outer/task/$outer/children" 2>/dev/null) || return 1
  inner=${children%% *}
  [ -n "$inner" ] && [ "$(cat "/proc/$inner/comm" 2>/dev/null)" = systemd ] || return 1
  # "degraded" will do: units of the host's hardware have no hardware here.
  case $(inside systemctl is-system-running 2>/dev/null) in running | degraded) ;; *) return 1 ;; esac
}
end=$((SECONDS + 180))
until is_booted; do
  if [ $SECONDS -ge $end ] || ! kill -0 "$outer" 2>/dev/null; then
    echo 'systemd does not boot:' >&2
    tail -n 40 "$log" >&2
    exit 70
  fi
  sleep 0.5
done
inside "$@"
