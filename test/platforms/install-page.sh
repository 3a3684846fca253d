#!/bin/bash
# Inside a bare Debian root: does what docs/install.md says, line by line, in a shell with umask 077.
#   install-page.sh install CHECKOUT   the lines for npm, with the network at hand
#   install-page.sh run CHECKOUT       in a network namespace of its own: snmpd, libvirtd, the service, a user for managers
# No systemd runs here: a function of its name does what the page asks it for.
set -euo pipefail
umask 077

what=$1 checkout=$2
. "$(dirname "${BASH_SOURCE[0]}")/page.sh"
uri='test+unix:///default?socket=/run/libvirt/libvirt-sock-ro'
pids=()
trap 'for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done' EXIT

until_true() {
  local nth
  for nth in $(seq 150); do
    "$@" >/dev/null 2>&1 && return
    sleep 0.2
  done
  "$@"
}

systemctl() {
  case $* in
    'daemon-reload') ;;
    'enable --now libvirt-agentx') touch /tmp/enabled ;;
    'restart libvirt-agentx') touch /tmp/restarted ;;
    'disable --now libvirt-agentx') kill "$agent" && wait "$agent" || true ;;
    'stop snmpd')
      kill "$snmpd" && wait "$snmpd" || true
      ;;
    'start snmpd')
      (umask 022 && exec snmpd -f -Lf /tmp/snmpd.log -u Debian-snmp -g Debian-snmp -I -smux,mteTrigger,mteTriggerConf) &
      snmpd=$!
      pids+=("$snmpd")
      until_true test -S /var/agentx/master
      ;;
    *)
      echo "the page asks for: systemctl $*" >&2
      return 1
      ;;
  esac
}

case $what in
  install)
    cd "$checkout"
    eval "$(block npm)"
    test -e /tmp/enabled
    # The page's words for an upgrade.
    cd "$checkout"
    npm ci && npm pack && npm install --global --omit=dev ./libvirt-agentx-*.tgz && systemctl restart libvirt-agentx
    test -e /tmp/restarted
    ;;
  run)
    ip link set lo up
    mkdir -p -m 755 /run/libvirt
    getent passwd libvirt-qemu >/dev/null || useradd --system --user-group libvirt-qemu
    printf 'auth_unix_ro = "none"\nunix_sock_ro_perms = "0777"\nunix_sock_group = "root"\n' >/tmp/libvirtd.conf
    (umask 022 && exec libvirtd -f /tmp/libvirtd.conf >/tmp/libvirtd.log 2>&1) &
    pids+=($!)
    # The page's own lines for snmpd; Debian's file has the first already.
    mkdir -p -m 755 /etc/snmp/snmpd.conf.d
    block snmpd | grep -v '^master' >/etc/snmp/snmpd.conf.d/libvirt.conf
    chmod 644 /etc/snmp/snmpd.conf.d/libvirt.conf
    systemctl start snmpd
    until_true test -S /run/libvirt/libvirt-sock-ro
    # As the unit does: its user, its state directory, its umask.
    install -d -o libvirt-agentx -g libvirt-agentx -m 750 /var/lib/libvirt-agentx
    # shellcheck disable=SC2046
    LIBVIRT_AGENTX_LIBVIRT_URI=$uri setpriv --reuid libvirt-agentx --regid libvirt-agentx --clear-groups --no-new-privs -- \
      $(sed -n 's/^ExecStart=//p' /etc/systemd/system/libvirt-agentx.service) >/tmp/agent.log 2>&1 &
    agent=$!
    pids+=("$agent")
    sleep 3
    export LIBVIRT_AGENTX_LIBVIRT_URI=$uri
    commands=$(block 'A user for managers')
    # What the page ends with is the proof. The agent may still be on its way to its first answer.
    eval "$(sed '/^libvirt-agentx check/,$d' <<<"$commands")"
    prove() { eval "$(sed -n '/^libvirt-agentx check/,$p' <<<"$commands")"; }
    until_true prove || {
      cat /tmp/agent.log /tmp/snmpd.log /tmp/libvirtd.log
      exit 1
    }
    prove
    M=$(libvirt-agentx mib --dir)
    snmptable -v3 -u monitor -l authPriv -a SHA-256 -A change-this-authentication -x AES -X change-this-encryption \
      -M "-$M/imports:$M" -m LIBVIRT-EXT-MIB:VM-MIB -Ci 127.0.0.1 VM-MIB::vmTable | grep -w test
    ! grep -iE "snmpd.conf.d/|can't identify" /tmp/snmpd.log
    # The page's lines for removal.
    (umask 022 && cd / && eval "$(block npm 2)")
    hash -r
    left=$(find / -xdev -path /root -prune -o -path /tmp -prune -o -iname '*libvirt*agentx*' -print)
    if [ -n "$left" ] || getent passwd libvirt-agentx; then
      echo "what is left after the removal: $left" >&2
      exit 1
    fi
    ;;
esac
