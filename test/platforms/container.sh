#!/bin/bash
# What docs/install.md says of a container, line by line, with podman: of the host that is a bare Debian root it needs no
# more than the page says.
#   container.sh prepare CHECKOUT   in the root, with the network at hand: what the image is made of
#   container.sh run CHECKOUT       where the systemd of the root runs (boot.sh), with cgroups: the image, and containers
# The base of the image is /root/base.tar, a Debian of mmdebstrap with its nodejs: no registry of images is asked. Beside
# them run the root's snmpd and libvirtd, and a QEMU guest with an interface at a bridge.
set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/expect.sh"
. "$(dirname "${BASH_SOURCE[0]}")/page.sh"

what=$1 checkout=$2
name=libvirt-agentx
cd "$checkout" || exit 70

if [ "$what" = prepare ]; then
  set -e
  (umask 077 && eval "$(block 'A container' 1 | grep -v '^podman')")
  # What the sandbox of the tests may lack: limits above those of this process, and the controllers of cgroups.
  printf '[containers]\npids_limit = 0\ndefault_ulimits = ["nofile=%s:%s", "nproc=%s:%s"]\n' \
    "$(ulimit -Sn)" "$(ulimit -Hn)" "$(ulimit -Su)" "$(ulimit -Hu)" | sed 's/unlimited/-1/g' >/etc/containers/containers.conf
  exit
fi

pid_of() { podman inspect --format '{{.State.Pid}}' $name; }
field() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$(pid_of)/status"; }
is() { [ "$(field "$1")" = "$2" ] || { field "$1"; false; }; }
inside() { podman exec $name "$@"; }
walk() { snmpwalk -v2c -c lab -OqUs -M "-$M/imports:$M" -m LIBVIRT-EXT-MIB:VM-MIB 127.0.0.1 "$@"; }
sees() { walk "$1" | grep -E -- "$2" || { walk "$1"; false; }; }
index() { walk lveDomName | sed -n 's/^lveDomName\.\([0-9]*\) "\{0,1\}web"\{0,1\}$/\1/p'; }
rid() { podman rm --force --time 10 $name >/dev/null; }
# The page's command with other options: first what sed does to it.
run_as_page() { eval "$(block 'A container' 2 | sed -n '/^podman run/,$p' | sed -E "${1:-}")"; }

guest() {
  virsh --quiet create /dev/stdin <<'XML'
<domain type='qemu'><name>web</name><memory unit='MiB'>16</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='pc'>hvm</type></os>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
<interface type='bridge'><source bridge='br0'/><model type='virtio'/></interface></devices></domain>
XML
}

echo "-- $(podman --version), $(node --version) in the image's base: $(sed -n 's/^PRETTY_NAME=//p' /etc/os-release)"
# No polkit here.
sed -i -e '/^auth_unix_r[ow]/d' /etc/libvirt/libvirtd.conf
printf 'auth_unix_ro = "none"\nauth_unix_rw = "none"\n' >>/etc/libvirt/libvirtd.conf
systemctl stop libvirtd.service
systemctl start libvirtd.socket libvirtd-ro.socket
expect 'a bridge' sh -c 'ip link add br0 type bridge && ip link set br0 up'
expect 'a guest of QEMU runs' guest

echo '-- the image'
expect 'a base is imported' podman import /root/base.tar localhost/base
expect "the page's line builds it" eval "$(block 'A container' 1 | grep '^podman' | sed 's/ packages$/ --build-arg BASE=localhost\/base&/')"
[ "$failed" = 0 ] || exit 1
expect 'it is not for root' test "$(podman inspect --format '{{.Config.User}}' $name)" = 65532:65532
expect 'it runs by itself' test "$(podman run --rm $name --version)" = "$(node -p 'require("./package.json").version')"
M=$checkout/mibs

echo '-- the host, as the page has it'
expect 'the user and the directories' eval "$(block 'A container' 2 | sed '/^podman run/,$d')"
mkdir -p -m 755 /etc/snmp/snmpd.conf.d
{ block snmpd | grep -v '^master' && echo 'rocommunity lab 127.0.0.1 -V libvirt'; } >/etc/snmp/snmpd.conf.d/libvirt.conf
chmod 644 /etc/snmp/snmpd.conf.d/libvirt.conf
expect 'snmpd runs' systemctl restart snmpd

echo '-- beside snmpd'
expect "the page's line runs it" run_as_page
expect "snmpd shows the guest" until_true sees vmName '"?web"?$'
expect 'it has no rights' is CapEff 0000000000000000
expect 'nor can it get any' is CapBnd 0000000000000000
expect 'nor by a program that has some' is NoNewPrivs 1
expect "it is the host's user" test "$(stat -c %U "/proc/$(pid_of)")" = libvirt-agentx
expect 'its root is read-only, for root as well' sh -c "! podman exec --user 0 $name touch /usr/file"
expect 'the interface of the guest is that of the host' until_true \
  sees vmNetworkIfIndex " $(cat /sys/class/net/vnet0/ifindex)\$"
expect "the guest's start time is that of its process" until_true sees lveDomStartSource ' process$'
expect "the name of the host is the host's" sees lveHostName "$(uname -n)"
expect 'check finds nothing that fails' inside $name check --snmp 127.0.0.1:161 --community lab
number=$(index)
expect 'the index number is kept on the host' grep -q . /var/lib/libvirt-agentx/indexes.json

echo '-- peers that start anew'
expect 'libvirtd' systemctl restart libvirtd
expect 'it is found again' until_true sees lveConnState 'connected'
expect 'with its guest' until_true sees lveDomStateText 'running'
expect 'snmpd' systemctl restart snmpd
expect 'the guest is back' until_true sees vmName '"?web"?$'
expect 'the container never ended' test "$(podman inspect --format '{{.State.Running}} {{.RestartCount}}' $name)" = 'true 0'

echo '-- an end, and another container'
expect 'it ends at once when it is told to' podman stop --time 10 $name
expect 'with 0' test "$(podman inspect --format '{{.State.ExitCode}}' $name)" = 0
rid
expect 'another one runs' run_as_page
expect 'the guest is there again' until_true sees vmName '"?web"?$'
expect 'with the same number' test "$(index)" = "$number"
rid

echo '-- without the network and the processes of the host'
# Nothing is remembered of what the first one saw.
rm -rf /var/lib/libvirt-agentx/*
expect 'it runs' run_as_page 's/--network host --pid host/--network none/'
expect 'the guest is there' until_true sees vmName '"?web"?$'
expect 'its octets are there' until_true sees lveNicRxBytes '[0-9]'
expect 'the ifIndex of its interface is not known' sees vmNetworkIfIndex ' 0$'
expect 'its start time is when it was first seen' sees lveDomStartSource ' firstSeen$'
expect "the name of the host is the host's" sees lveHostName "$(uname -n)"
rid

echo '-- with the read-only socket alone'
expect 'it runs' run_as_page 's#-v /run/libvirt:/run/libvirt#-v /run/libvirt/libvirt-sock-ro:/run/libvirt/libvirt-sock-ro#'
expect 'no other socket is in it' test "$(podman exec $name ls /run/libvirt)" = libvirt-sock-ro
expect 'the guest is there' until_true sees vmName '"?web"?$'
expect 'libvirtd starts anew' systemctl restart libvirtd
expect 'and is found again' until_true sees lveConnState 'connected'
rid

echo '-- with a master over TCP'
echo 'agentXSocket /var/agentx/master,tcp:127.0.0.1:705' >>/etc/snmp/snmpd.conf.d/libvirt.conf
expect 'snmpd listens there' systemctl restart snmpd
expect 'it runs' run_as_page 's#-v /var/agentx:/var/agentx#-e LIBVIRT_AGENTX_AGENTX_ADDRESS=tcp:127.0.0.1:705#'
expect 'the guest is there' until_true sees vmName '"?web"?$'
rid

echo '-- HTTP alone'
expect "the page's line runs it" eval "$(block 'A container' 3)"
expect '/metrics has the guest' until_true sh -c 'curl -sf http://127.0.0.1:9177/metrics | grep "^libvirt_domain_up.*web.* 1$"'
rid

echo '-- a user that the host does not know'
podman run --rm --read-only --cap-drop all --network host --pid host -v /run/libvirt:/run/libvirt -v /var/agentx:/var/agentx \
  $name check >/tmp/check.log 2>&1
expect 'check ends with 69' test $? = 69
expect 'and says what to do' grep -E '^fail libvirt: .*65532.*To do: Create that user on the host' /tmp/check.log
cat /tmp/check.log

virsh --quiet destroy web
exit "$failed"
