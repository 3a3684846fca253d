import { writeFile } from 'node:fs/promises';
import type { LabDirectory } from './lab-directory.ts';
import { type RunningProcess, run, runAnyway, startProcess } from './process.ts';
import { findChildPid } from './process-table.ts';
import { waitUntil } from './wait.ts';

/** A node of the lab: own mount, network, host name and process namespaces. */
export interface NodeNamespaces {
  /** Process id of the namespaces' first process, as seen from outside. */
  readonly initPid: number;
  readonly bridge: string | undefined;
  /** Command line prefix that runs a program inside. */
  readonly enter: readonly string[];
  /** The file as seen from outside that is `path` inside. */
  outside(path: string): string;
  readonly exec: (command: string, ...args: readonly string[]) => Promise<string>;
  /** Sees to it that the users are those of the lab: a mount on a file ends when the host replaces the file. */
  keepUsers(): Promise<void>;
  /** Ends every process inside and with them all mounts and links. */
  stop(): Promise<void>;
}

/**
 * Inside, libvirt's directories are bind mounts from the lab's directory, so nothing of the host's libvirt is
 * seen or touched. /run is empty: libvirtd must not find the host's D-Bus, systemd or firewalld. A sysfs of the
 * new network namespace replaces the host's, which also hides the cgroups: libvirt then places its guests
 * in none and leaves none behind. The user libvirt-qemu has to exist for libvirtd to start.
 * The last loop is the first process (it reaps what QEMU leaves): when our end of its input closes, however
 * we die, it ends and the kernel kills everything inside.
 */
const initScript = String.raw`
set -eu
lab=$1 name=$2
hostname "$name"
for db in passwd group; do
  cp "/etc/$db" "$lab/etc-$db"
  if ! grep -q '^libvirt-qemu:' "/etc/$db"; then
    case $db in
      passwd) echo 'libvirt-qemu:x:64055:64055::/nonexistent:/usr/sbin/nologin' ;;
      group) echo 'libvirt-qemu:x:64055:' ;;
    esac >> "$lab/etc-$db"
  fi
  mount --bind "$lab/etc-$db" "/etc/$db"
done
printf '127.0.0.1 localhost\n127.0.1.1 %s\n' "$name" > "$lab/etc-hosts"
mount --bind "$lab/etc-hosts" /etc/hosts
place() {
  if [ ! -d "$2" ]; then
    mount -t tmpfs -o mode=755 tmpfs "$(dirname "$2")"
    mkdir "$2"
  fi
  mount --bind "$1" "$2"
}
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/libvirt /run/lock
place "$lab/etc" /etc/libvirt
place "$lab/lib" /var/lib/libvirt
place "$lab/cache" /var/cache/libvirt
place "$lab/log" /var/log/libvirt
umount -R -l /sys/fs/cgroup 2>/dev/null || true
mount -t sysfs sysfs /sys || mount -t tmpfs tmpfs /sys/fs/cgroup || true
ip link set lo up
if [ -c /dev/net/tun ] && ip link add lab0 type bridge 2>/dev/null; then
  ip link set lab0 up
  echo BRIDGE
fi
echo READY
while read -r line; do :; done
`;

const usersScript = `
set -eu
for db in passwd group; do
  grep -q '^libvirt-qemu:' "/etc/$db" || mount --bind "$1/etc-$db" "/etc/$db"
done
`;

/** Creates the namespaces; libvirt's directories are `etc`, `lib`, `cache` and `log` of the lab's directory. */
export async function makeNodeNamespaces(directory: LabDirectory, hostname: string): Promise<NodeNamespaces> {
  await requirePrivileges();
  for (const name of ['etc', 'lib', 'cache', 'log']) directory.directory(name);
  const scriptPath = directory.file('init.sh');
  await writeFile(scriptPath, initScript);
  const holder: RunningProcess = await startProcess({
    name: 'lab namespaces',
    command: 'unshare',
    args: [
      '--mount',
      '--net',
      '--uts',
      '--pid',
      '--fork',
      '--mount-proc',
      '--kill-child',
      'bash',
      scriptPath,
      directory.path,
      hostname,
    ],
    stdin: true,
    ready: (output) => output.includes('READY'),
  });
  const initPid = await waitUntil(() => findChildPid(holder.pid), { what: 'the first process of the lab' });
  const enter = [
    'nsenter',
    '--target',
    String(initPid),
    '--mount',
    '--net',
    '--uts',
    '--pid',
    '--root',
    '--',
  ];
  const exec = (command: string, ...args: readonly string[]) =>
    run('nsenter', [...enter.slice(1), command, ...args]);
  return {
    initPid,
    bridge: holder.output().includes('BRIDGE') ? 'lab0' : undefined,
    enter,
    outside: (path) => `/proc/${initPid}/root${path}`,
    exec,
    async keepUsers() {
      await exec('bash', '-c', usersScript, 'users', directory.path);
    },
    async stop() {
      holder.stdin?.end();
      await holder.exited;
    },
  };
}

async function requirePrivileges(): Promise<void> {
  const attempt = await runAnyway('unshare', ['--mount', '--net', '--uts', '--pid', '--fork', 'true']);
  if (attempt.code === 0) return;
  throw new Error(
    'The lab needs namespaces of its own for libvirtd and this user may not create them ' +
      `(${attempt.stderr.trim()}). Run as root; inside a container add --privileged.`,
  );
}
