#!/bin/bash
# Inside a bare Debian root, in a network namespace of its own: installs a package of libvirt-agentx beside the release's
# snmpd and libvirtd, runs it as its user, upgrades it, purges it. package.sh FILE.deb
set -euo pipefail

package=$1
export DEBIAN_FRONTEND=noninteractive
pids=()
stop() {
  local pid
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
}
trap stop EXIT
. "$(dirname "${BASH_SOURCE[0]}")/expect.sh"
files() { find / -xdev -path /proc -prune -o -path /sys -prune -o -path /tmp -prune -o -path /var/cache -prune -o -path /var/lib/apt -prune -o -path /var/log -prune -o -print | sort; }
traces() { find / -xdev -path /proc -prune -o -path /root -prune -o -path /tmp -prune -o -iname '*libvirt*agentx*' -print; }

ip link set lo up
files >/tmp/before

echo "-- install"
install_package "$package"
expect 'the user and its group exist' sh -c 'getent passwd libvirt-agentx && getent group libvirt-agentx'
expect 'the unit is enabled' test -L /etc/systemd/system/multi-user.target.wants/libvirt-agentx.service
expect "snmpd's directory can be entered" test "$(stat -c %a /var/agentx 2>/dev/null)" = 755
expect 'the configuration is a conffile' grep -q /etc/libvirt-agentx.toml /var/lib/dpkg/info/libvirt-agentx.conffiles
expect 'the program starts' libvirt-agentx --version
expect 'the configuration is valid' libvirt-agentx config
expect 'completion loads' bash -c 'COMP_WORDS=(libvirt-agentx m) COMP_CWORD=1; . /usr/share/bash-completion/completions/libvirt-agentx; _libvirt_agentx; [ "${COMPREPLY[*]}" = mib ]'
for page in man8/libvirt-agentx.8 man5/libvirt-agentx.toml.5; do expect "$page is there" test -s "/usr/share/man/$page.gz"; done
for module in LIBVIRT-EXT-MIB::lveDomName VM-MIB::vmName; do
  M=$(libvirt-agentx mib --dir)
  expect "$module is known" snmptranslate -M "-$M/imports:$M" -m LIBVIRT-EXT-MIB:VM-MIB "$module"
  expect "$module is known where net-snmp looks" snmptranslate -M "-$M/imports" -m LIBVIRT-EXT-MIB:VM-MIB "$module"
done

echo "-- run, as its user"
mkdir -p /run/libvirt /run/agentx /etc/libvirt
# As the first lines of the daemon's own unit have it.
printf 'auth_unix_ro = "none"\nauth_unix_rw = "none"\nunix_sock_ro_perms = "0777"\nunix_sock_group = "root"\n' \
  >/tmp/libvirtd.conf
# The driver for QEMU looks for it, whatever the configuration says; it belongs to a package that is not needed here.
getent passwd libvirt-qemu >/dev/null || useradd --system --user-group libvirt-qemu
libvirtd -f /tmp/libvirtd.conf >/tmp/libvirtd.log 2>&1 &
pids+=($!)
echo 'rocommunity lab 127.0.0.1 -V libvirt' >/etc/snmp/snmpd.conf.d/lab.conf
snmpd -f -Lf /tmp/snmpd.log -u Debian-snmp -g Debian-snmp -I -smux,mteTrigger,mteTriggerConf &
pids+=($!)
expect 'libvirtd listens' until_true test -S /run/libvirt/libvirt-sock-ro
[ -S /run/libvirt/libvirt-sock-ro ] || cat /tmp/libvirtd.log
expect 'snmpd listens' until_true test -S /var/agentx/master
# What the unit's StateDirectory= does.
install -d -o libvirt-agentx -g libvirt-agentx -m 750 /var/lib/libvirt-agentx
exec_start=$(sed -n 's/^ExecStart=//p' /lib/systemd/system/libvirt-agentx.service)
as_user() { setpriv --reuid libvirt-agentx --regid libvirt-agentx --clear-groups --no-new-privs -- "$@"; }
# The test driver has a domain, and needs no hypervisor.
(umask 077 && LIBVIRT_AGENTX_LIBVIRT_URI='test+unix:///default?socket=/run/libvirt/libvirt-sock-ro' exec setpriv --reuid libvirt-agentx \
  --regid libvirt-agentx --clear-groups --no-new-privs -- $exec_start) >/tmp/agent.log 2>&1 &
pids+=($!)
table() { snmptable -v2c -c lab -M "-$M/imports:$M" -m LIBVIRT-EXT-MIB:VM-MIB -Ci 127.0.0.1 VM-MIB::vmTable | grep -w test; }
expect "snmpd shows libvirt's domain" until_true table
expect 'check finds nothing that fails' as_user env LIBVIRT_AGENTX_LIBVIRT_URI='test+unix:///default?socket=/run/libvirt/libvirt-sock-ro' \
  libvirt-agentx check --snmp 127.0.0.1:161 --community lab --set state.directory=/tmp/check-state
expect 'the agent has logged no error' sh -c '! grep -E "\"level\":\"(error|fatal)\"" /tmp/agent.log'
expect 'snmpd has understood our lines' sh -c "! grep -iE \"libvirt-agentx|can't identify\" /tmp/snmpd.log"
stop
wait 2>/dev/null || true
pids=()

echo "-- upgrade"
echo '# mine' >>/etc/libvirt-agentx.toml
rm -rf /tmp/next && dpkg-deb -R "$package" /tmp/next
sed -i 's/^Version: .*/&+next/' /tmp/next/DEBIAN/control
echo '# a new default' >>/tmp/next/etc/libvirt-agentx.toml
dpkg-deb -b /tmp/next /tmp/next.deb >/dev/null
touch /var/lib/libvirt-agentx/indexes.json
expect 'an upgrade goes well' install_package -o Dpkg::Options::=--force-confold /tmp/next.deb
expect 'a changed configuration is kept' grep -q '^# mine' /etc/libvirt-agentx.toml
expect 'so are the index numbers' test -e /var/lib/libvirt-agentx/indexes.json

echo "-- purge"
rm -f /etc/snmp/snmpd.conf.d/lab.conf
expect 'removing keeps the configuration' sh -c 'apt-get -qq remove -y libvirt-agentx && test -e /etc/libvirt-agentx.toml'
expect 'purging goes well' apt-get -qq purge -y libvirt-agentx
expect 'nothing is left' sh -c "[ -z \"\$(find / -xdev -path /proc -prune -o -path /root -prune -o -path /tmp -prune -o -iname '*libvirt*agentx*' -print)\" ] || { find / -xdev -path /root -prune -o -path /tmp -prune -o -iname '*libvirt*agentx*' -print; false; }"
expect 'nor a user' sh -c '! getent passwd libvirt-agentx && ! getent group libvirt-agentx'
files >/tmp/after
echo "-- files that are new (snmpd's own state aside):"
comm -13 /tmp/before /tmp/after | grep -vE '^/(var/lib/(snmp|dpkg|libvirt|systemd)|run|var/agentx|dev|etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$|etc/libvirt|var/cache)' || true
exit $failed
