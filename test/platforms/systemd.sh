#!/bin/bash
# Inside a root whose systemd runs (boot.sh): installs a package of libvirt-agentx beside the release's snmpd and libvirtd,
# and sees its service do what the unit says: ready, status, reload, watchdog, priorities of the journal, credentials,
# stop, start limit. systemd.sh FILE.deb
set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/expect.sh"

package=$1
unit=libvirt-agentx
export SYSTEMD_PAGER=cat SYSTEMD_COLORS=0

property() { systemctl show --property "$1" --value $unit; }
is() { [ "$(property "$1")" = "$2" ] || { systemctl show --property "$1" $unit; false; }; }
matches() { property "$1" | grep -E -- "$2" || { systemctl show --property "$1" $unit; false; }; }
# What the service has logged since a cursor that `now` returned. --sync: journald has read all that was written before.
now() { journalctl --sync && journalctl --lines 0 --show-cursor --quiet | sed -n 's/^-- cursor: //p'; }
logged() { journalctl --sync && journalctl --unit $unit --output cat --quiet --after-cursor "$@"; }
said() { logged "$1" | grep -F -- "$2"; }
drop_in() {
  mkdir -p /etc/systemd/system/$unit.service.d
  cat >"/etc/systemd/system/$unit.service.d/$1.conf"
  systemctl daemon-reload
}
without_drop_ins() {
  rm -rf /etc/systemd/system/$unit.service.d
  systemctl daemon-reload
  systemctl reset-failed $unit 2>/dev/null || true
}

echo "-- $(systemctl --version | head -n 1)"
# The test driver has a domain, and needs no hypervisor.
echo "LIBVIRT_AGENTX_LIBVIRT_URI=test+unix:///default?socket=/run/libvirt/libvirt-sock-ro" >/etc/default/$unit
echo 'rocommunity lab 127.0.0.1 -V libvirt' >/etc/snmp/snmpd.conf.d/lab.conf
# No polkit here.
sed -i -e '/^auth_unix_r[ow]/d' /etc/libvirt/libvirtd.conf
printf 'auth_unix_ro = "none"\nauth_unix_rw = "none"\n' >>/etc/libvirt/libvirtd.conf
systemctl stop libvirtd.service libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket
systemctl start libvirtd.socket libvirtd-ro.socket
systemctl restart snmpd
start=$(now)
expect 'the package installs where systemd runs' install_package "$package"

echo '-- ready and status'
expect 'the service is enabled' systemctl is-enabled $unit
expect 'the service has said that it is ready' until_true systemctl is-active $unit
expect 'systemd waits for it' is Type notify
expect 'and watches it' is WatchdogUSec 1min
expect 'its status tells of its peers' until_true matches StatusText '^libvirt is connected; 1 of 1 domains run; snmpd is connected$'
expect 'systemctl status shows it' sh -c "systemctl status $unit | grep -F 'Status: \"libvirt is connected'"
M=$(libvirt-agentx mib --dir)
table() { snmptable -v2c -c lab -M "-$M/imports:$M" -m LIBVIRT-EXT-MIB:VM-MIB -Ci 127.0.0.1 VM-MIB::vmTable | grep -w test; }
expect "snmpd shows libvirt's domain" until_true table
expect 'it runs as its user' test "$(stat -c %U "/proc/$(property MainPID)")" = libvirt-agentx
expect 'no error was logged' sh -c "[ -z \"\$(journalctl -u $unit -p err -q)\" ] || { journalctl -u $unit -p err -q; false; }"

echo '-- peers that are not there'
systemctl stop snmpd libvirtd.service libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket
expect 'the status says so' until_true matches StatusText 'libvirt is not connected.*snmpd is not connected'
expect 'it starts without them' systemctl restart $unit
expect 'and is ready' is ActiveState active
systemctl start libvirtd.socket libvirtd-ro.socket snmpd
expect 'it finds them' until_true matches StatusText '^libvirt is connected; 1 of 1 domains run; snmpd is connected$'

echo '-- journal'
journalctl --sync
journalctl -u $unit _TRANSPORT=stdout -o cat -q | grep '^{' >/tmp/all.jsonl
journalctl -u $unit _TRANSPORT=stdout -o cat -q -p warning | grep '^{' >/tmp/warnings.jsonl
expect 'lines have lost their prefix' sh -c "! grep -E '^<[0-9]>' /tmp/all.jsonl"
expect 'there are warnings' test -s /tmp/warnings.jsonl
expect 'journalctl -p warning has the warnings and errors' \
  cmp /tmp/warnings.jsonl <(grep -E '"level":"(warn|error)"' /tmp/all.jsonl)
expect 'and there is more' grep '"level":"info"' /tmp/all.jsonl

echo '-- reload'
mark=$(now)
printf '[log]\nlevel = "debug"\n' >/etc/libvirt-agentx.toml
pid=$(property MainPID)
expect 'systemctl reload' systemctl reload $unit
expect 'the configuration is read again' until_true said "$mark" 'configuration reloaded'
expect 'it is ready again' until_true is ActiveState active
expect 'the process is the same' is MainPID "$pid"
mark=$(now)
printf '[log]\nlevel = "nonsense"\n' >/etc/libvirt-agentx.toml
expect 'systemctl reload, with a configuration that is not valid' systemctl reload $unit
expect 'the old one stays in force' until_true said "$mark" 'the old one stays in force'
expect 'which is an error in the journal' sh -c "journalctl -u $unit -p err -o cat -q | grep 'log.level'"
expect 'it goes on' until_true is ActiveState active
printf '' >/etc/libvirt-agentx.toml
if [ "$(systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p')" -ge 253 ]; then
  printf '[Service]\nType=notify-reload\nExecReload=\n' | drop_in reload
  systemctl restart $unit
  for nth in 1 2 3; do
    mark=$(now)
    expect "with Type=notify-reload systemctl waits ($nth)" systemctl reload $unit
    expect 'it is done when that returns' said "$mark" 'configuration reloaded'
  done
  without_drop_ins
else
  echo 'this systemd has no Type=notify-reload'
fi

echo '-- watchdog'
printf '[Service]\nWatchdogSec=6\n' | drop_in watchdog
systemctl restart $unit
restarts=$(property NRestarts)
pid=$(property MainPID)
sleep 20
expect 'one that is alive is left alone' is MainPID "$pid"
mark=$(now)
kill -STOP "$pid"
expect 'one that is stopped is noticed' until_true sh -c "journalctl -u $unit -q | grep -i 'watchdog timeout'"
another() { is ActiveState active && [ "$(property MainPID)" != "$pid" ] && [ "$(property NRestarts)" -gt "$restarts" ]; }
expect 'and started again' until_true another
expect 'which serves' until_true table
without_drop_ins

echo '-- credentials'
mkdir -p -m 755 /etc/libvirt-agentx
(umask 077 && libvirt-agentx credential --token probe >/etc/libvirt-agentx/http-tokens 2>/tmp/token)
{
  cat /usr/share/libvirt-agentx/contrib/systemd/libvirt-agentx.service.d/network.conf.example
  cat /usr/share/libvirt-agentx/contrib/systemd/libvirt-agentx.service.d/credentials.conf.example
} | drop_in credentials
printf '[http]\naddress = "127.0.0.1:9177"\n' >/etc/libvirt-agentx.toml
mark=$(now)
expect 'the service starts' systemctl restart $unit
expect 'its user cannot read the file itself' sh -c '! setpriv --reuid libvirt-agentx --regid libvirt-agentx --clear-groups cat /etc/libvirt-agentx/http-tokens'
expect 'it may start as many processes as its drop-in says' is TasksMax 2624
status() { curl -s -o /dev/null -w '%{http_code}' "$@" http://127.0.0.1:9177/metrics; }
code() { [ "$(status "${@:2}")" = "$1" ] || { echo "$(status "${@:2}"), not $1"; false; }; }
expect 'the token opens the door' until_true code 200 -H "Authorization: Bearer $(cat /tmp/token)"
expect 'none does not' code 401
expect 'nothing is said against the file' sh -c "! journalctl -u $unit -q --after-cursor '$mark' | grep -i token"
printf '' >/etc/libvirt-agentx.toml
without_drop_ins

echo '-- stop'
systemctl restart $unit
expect "snmpd shows libvirt's domain" until_true table
mark=$(now)
expect 'it stops' systemctl stop $unit
expect 'in order' is Result success
expect 'with 0' is ExecMainStatus 0
expect 'saying so' said "$mark" '"msg":"stopped"'
expect 'and snmpd has nothing left of it' sh -c '! snmpwalk -v2c -c lab -On 127.0.0.1 1.3.6.1.2.1.236 | grep -v "No Such"'

echo '-- what does not start'
printf '[log]\nlevel = "nonsense"\n' >/etc/libvirt-agentx.toml
expect 'a configuration that is not valid is a failure' sh -c "! systemctl start $unit"
expect 'of which systemctl tells the exit code' is ExecMainStatus 78
sleep 7
expect 'it is not tried again' is NRestarts 0
# One that runs, as above, writes JSON.
expect 'the journal has the reason as an error' sh -c "journalctl -u $unit -p err -o cat -q | grep '^libvirt-agentx: .*log[.]level'"
printf '' >/etc/libvirt-agentx.toml
systemctl reset-failed $unit
systemctl start $unit
killed=0
end=$((SECONDS + 180))
while [ $SECONDS -lt $end ] && ! is ActiveState failed >/dev/null; do
  if systemctl -q is-active $unit; then
    kill -KILL "$(property MainPID)" 2>/dev/null && killed=$((killed + 1))
  fi
  sleep 0.2
done
expect "one that fails all the time ends as failed (after $killed)" is ActiveState failed
expect 'because of the limit' sh -c "journalctl -u $unit -q | grep -i 'repeated too quickly'"
systemctl reset-failed $unit
systemctl start $unit
expect 'until somebody starts it' until_true table

echo '-- the unit'
file=$(property FragmentPath)
expect 'systemd-analyze verify has no complaint' sh -c "out=\$(systemd-analyze verify $file 2>&1 | grep -F libvirt-agentx); echo \"\$out\"; [ -z \"\$out\" ]"
systemd-analyze security $unit | grep -E '^✗|Overall'
expect 'its exposure is 1.0 at most' systemd-analyze security --threshold=10 $unit

echo '-- purge'
expect 'purging goes well' apt-get -qq purge -y $unit
expect 'nothing of it runs' sh -c "! systemctl is-active $unit && ! grep -l '[l]ibvirt-agentx.js' /proc/[0-9]*/cmdline"
exit $failed
