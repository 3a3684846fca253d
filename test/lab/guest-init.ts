/** Files of the guest's root file system: BusyBox does everything but the guest agent. */

/** Modules to load; what they depend on follows by itself. */
export const guestModules = [
  'virtio_pci',
  'virtio_blk',
  'virtio_console',
  'virtio_net',
  'virtio_balloon',
  'virtio_rng',
  'crc32c_generic',
  'libcrc32c',
  'ext4',
  'pvpanic_mmio',
  'pvpanic',
  'i6300esb',
  'evdev',
  'button',
] as const;

/** First line of the console once the guest has started up. */
export const guestReadyText = 'LAB-GUEST-READY';

const inittab = `::sysinit:/etc/rc
::respawn:/bin/lab-agent
::respawn:/bin/lab-load
::respawn:/bin/acpid -f -l /dev/null -c /etc/acpi
::ctrlaltdel:/sbin/reboot -f
`;

/**
 * Words of the kernel's command line: `lab.agent` runs the guest agent, `lab.fs=vda` formats that disk and mounts it on
 * /mnt, `lab.write=vdb` writes to that disk over and over, `lab.read=vdb` reads it, `lab.busy` keeps
 * one CPU busy, `lab.ip=10.0.0.2/24` is eth0's address.
 */
const rc = `#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mkdir -p /run /var /tmp /mnt /dev/virtio-ports
ln -s /run /var/run
while read -r module; do insmod "/lib/modules/$module" 2>/dev/null; done < /lib/modules/order
for port in /sys/class/virtio-ports/*; do
  [ -f "$port/name" ] && name=$(cat "$port/name") && [ -n "$name" ] && ln -s "/dev/\${port##*/}" "/dev/virtio-ports/$name"
done
hostname lab-guest
ip link set lo up
ip link set eth0 up 2>/dev/null
for word in $(cat /proc/cmdline); do
  case $word in
    lab.ip=*) ip addr add "\${word#*=}" dev eth0 ;;
    lab.fs=*) mke2fs -F "/dev/\${word#*=}" >/dev/null 2>&1 && mount -t ext4 "/dev/\${word#*=}" /mnt ;;
  esac
done
echo ${guestReadyText} > /dev/console
`;

const agent = `#!/bin/sh
if grep -q lab.agent /proc/cmdline; then
  exec qemu-ga -m virtio-serial -p /dev/virtio-ports/org.qemu.guest_agent.0 -t /run -f /run/qemu-ga.pid
fi
exec sleep 100000
`;

const load = `#!/bin/sh
for word in $(cat /proc/cmdline); do
  case $word in
    lab.write=*) while :; do dd if=/dev/zero of="/dev/\${word#*=}" bs=64k conv=notrunc 2>/dev/null; sleep 1; done & ;;
    lab.read=*) while :; do dd if="/dev/\${word#*=}" of=/dev/null bs=64k iflag=direct 2>/dev/null; sleep 1; done & ;;
    lab.busy) while :; do :; done & ;;
  esac
done
wait
exec sleep 100000
`;

const shutdown = `#!/bin/sh
case " $* " in
  *" -r "*) exec reboot -f ;;
  *) exec poweroff -f ;;
esac
`;

/** Path, content; all executable. */
export const guestFiles: ReadonlyArray<readonly [string, string]> = [
  ['etc/inittab', inittab],
  ['etc/rc', rc],
  ['etc/passwd', 'root:x:0:0:root:/:/bin/sh\n'],
  ['etc/group', 'root:x:0:\n'],
  ['etc/os-release', 'ID=lab\nNAME="Lab guest"\nPRETTY_NAME="Lab guest 1"\nVERSION_ID="1"\n'],
  ['bin/lab-agent', agent],
  ['bin/lab-load', load],
  ['sbin/shutdown', shutdown],
  ['etc/acpi/PWRF/00000080', '#!/bin/sh\nexec poweroff -f\n'],
];
