import { open, rm } from 'node:fs/promises';
import { guestSpawn } from './guest-agent.ts';
import type { Libvirtd } from './libvirtd.ts';
import { startProcess } from './process.ts';
import { waitUntil } from './wait.ts';

/** Ways to bring a real guest into trouble. */

/** SIGSTOP to a guest's QEMU: its monitor no longer answers, as with a hung hypervisor. */
export async function freezeMonitor(
  libvirtd: Libvirtd,
  name: string,
): Promise<{ readonly pid: number; readonly thaw: () => void }> {
  const pid = await libvirtd.qemuPid(name);
  process.kill(pid, 'SIGSTOP');
  return { pid, thaw: () => void process.kill(pid, 'SIGCONT') };
}

/** Kills a guest's QEMU: the domain is then shut off with the reason "crashed". */
export async function crashQemu(libvirtd: Libvirtd, name: string): Promise<void> {
  process.kill(await libvirtd.qemuPid(name), 'SIGSEGV');
}

/** Stops the guest agent for a time: the channel stays connected, nobody answers. Resolves when it is silent. */
export async function freezeGuestAgent(libvirtd: Libvirtd, name: string, durationSec: number): Promise<void> {
  await guestSpawn(
    libvirtd,
    name,
    `sleep 0.3; p=$(pidof qemu-ga); kill -STOP $p; sleep ${durationSec}; kill -CONT $p`,
  );
  const ping = ['qemu-agent-command', '--timeout', '1', '--domain', name, '{"execute":"guest-ping"}'];
  await waitUntil(
    () =>
      libvirtd.virsh(...ping).then(
        () => undefined,
        () => true,
      ),
    // Another client's call to the agent may be in the way until it has timed out.
    { what: 'the agent to be silent', timeoutMs: (durationSec + 10) * 1000 },
  );
}

/**
 * Answers the greeting that libvirt begins each conversation with, and nothing else. Until libvirt has connected to its
 * side there is nothing to read: one that ended then would be started and lost for ever on a busy host.
 */
const muteAgent = `#!/bin/sh
exec 3<>/dev/virtio-ports/org.qemu.guest_agent.0
while :; do
  read -r line <&3 || { sleep 0.1; continue; }
  case $line in
    *guest-sync*) echo "{\\"return\\":$(echo "\${line##*id}" | tr -cd 0-9)}" >&3 ;;
  esac
done
`;

/**
 * Replaces the guest agent by a fake that takes every question and answers none: libvirt then waits for ever, while a
 * stopped agent fails after 5 s. Resolves when it has taken over.
 */
export async function muteGuestAgent(libvirtd: Libvirtd, name: string): Promise<void> {
  const script = Buffer.from(muteAgent).toString('base64');
  await guestSpawn(libvirtd, name, `echo ${script} | base64 -d > /bin/lab-agent; sleep 0.3; killall qemu-ga`);
  const ping = ['qemu-agent-command', '--timeout', '1', '--domain', name, '{"execute":"guest-ping"}'];
  await waitUntil(
    () =>
      libvirtd.virsh(...ping).then(
        () => undefined,
        // Not connected, or no greeting, is said in other words.
        (error: unknown) => (/agent response|guest-ping/i.test(String(error)) ? true : undefined),
      ),
    { what: `a mute agent in ${name}`, timeoutMs: 30_000, intervalMs: 300 },
  );
}

/** Makes the guest's kernel panic; with `panicDevice` libvirt hears of it. */
export async function panicGuest(libvirtd: Libvirtd, name: string): Promise<void> {
  await guestSpawn(libvirtd, name, 'sleep 0.3; echo c > /proc/sysrq-trigger');
}

/** Opens the watchdog in the guest and stops feeding it: it fires some seconds later. */
export async function starveWatchdog(libvirtd: Libvirtd, name: string): Promise<void> {
  await guestSpawn(libvirtd, name, 'watchdog -T 2 -t 1 /dev/watchdog; sleep 0.5; killall -9 watchdog');
}

export interface FullDisk {
  /** A 32 MiB sparse raw image on a file system of 3 MiB, visible to libvirtd only. Use it with `errorPolicy: 'stop'`. */
  readonly path: string;
  /** Enlarges the file system; a paused guest can then be resumed. */
  makeRoom(): Promise<void>;
}

/** A disk that runs full as soon as the guest writes more than 3 MiB: ENOSPC. */
export async function makeFullDisk(libvirtd: Libvirtd): Promise<FullDisk> {
  const mountPath = libvirtd.directory.directory('images', 'tiny');
  await libvirtd.namespaces.exec('mount', '-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', mountPath);
  await libvirtd.namespaces.exec('truncate', '-s', '32M', `${mountPath}/full.raw`);
  return {
    path: `${mountPath}/full.raw`,
    async makeRoom() {
      await libvirtd.namespaces.exec('mount', '-o', 'remount,size=64m', mountPath);
    },
  };
}

/**
 * Serves an 8 MiB disk whose first sector cannot be read (EIO), over NBD. Use it with `nbdSocketPath` and
 * `readErrorPolicy: 'stop'`: even a guest without an operating system stops, because its BIOS reads that sector.
 */
export async function startUnreadableDisk(
  libvirtd: Libvirtd,
): Promise<{ readonly nbdSocketPath: string; stop(): Promise<void> }> {
  const imagePath = libvirtd.directory.file('images', 'unreadable.raw');
  const nbdSocketPath = libvirtd.directory.file('sock', 'nbd');
  // The data have to be there: holes are not read from the file and cannot fail.
  await using file = await open(imagePath, 'w');
  await file.writeFile(Buffer.alloc(8 * 1024 * 1024, 1));
  const server = await startProcess({
    name: 'qemu-nbd',
    command: 'qemu-nbd',
    args: [
      '--persistent',
      '--socket',
      nbdSocketPath,
      '--shared',
      '8',
      '--image-opts',
      `driver=raw,file.driver=blkdebug,file.image.driver=file,file.image.filename=${imagePath},` +
        'file.inject-error.0.event=none,file.inject-error.0.iotype=read,file.inject-error.0.sector=0,file.inject-error.0.errno=5',
    ],
  });
  await waitUntil(async () => (await libvirtd.namespaces.exec('test', '-S', nbdSocketPath)) === '', {
    what: 'qemu-nbd',
    context: () => server.output(),
  });
  return { nbdSocketPath, stop: () => server.stop() };
}

export interface RunningJob {
  /** Lets the job come to its end. */
  finish(): Promise<void>;
  /** `virsh domjobabort`; QEMU cannot abort a dump. */
  abort(): Promise<void>;
}

/**
 * Starts to save (or to dump) a guest's memory into a FIFO that nobody reads: a job that is active for as long as
 * wanted. A save leaves out pages of zeros and therefore lasts only if the guest has an operating system. The guest
 * is paused meanwhile: libvirt 12.8 no longer dumps one that runs.
 */
export async function startEndlessJob(
  libvirtd: Libvirtd,
  name: string,
  kind: 'save' | 'dump',
): Promise<RunningJob> {
  const path = libvirtd.directory.file('images', `${kind}-${Date.now()}.fifo`);
  await libvirtd.namespaces.exec('mkfifo', path);
  const options = kind === 'dump' ? ['--memory-only'] : [];
  const job = libvirtd.virsh(kind, ...options, '--domain', name, '--file', path).then(
    () => undefined,
    (error: unknown) => error,
  );
  // Opening blocks until there is a writer.
  const reader = await open(path, 'r');
  await waitUntil(async () => !(await libvirtd.virsh('domjobinfo', name)).includes('None'), {
    what: 'the job',
  });
  return {
    async finish() {
      for await (const _chunk of reader.createReadStream()) {
        // Read and forget.
      }
      const error = await job;
      if (error !== undefined) throw error;
    },
    async abort() {
      await libvirtd.virsh('domjobabort', '--domain', name);
      // The save returns when what QEMU had written before is gone, one way or the other.
      await reader.close();
      await job;
    },
  };
}

export interface UnreadInterface {
  /** An `<interface>` for `extraDevices` of a guest without an operating system, which takes nothing from it. */
  readonly xml: string;
  /** Sends frames to it for as long as wanted: once its queue is full, the host counts each as an error of reception. */
  flood(): Promise<{ stop(): Promise<void> }>;
}

/**
 * An interface that counts errors: a macvtap device, whose lower end is one of a pair of the lab's. Tap devices count
 * what they drop, but no errors.
 */
export async function makeUnreadInterface(libvirtd: Libvirtd): Promise<UnreadInterface> {
  const mac = '52:54:00:aa:bb:01';
  const address = '10.9.0.2';
  const { exec, enter } = libvirtd.namespaces;
  await exec('ip', 'link', 'add', 'low0', 'type', 'veth', 'peer', 'name', 'far0');
  for (const device of ['low0', 'far0']) await exec('ip', 'link', 'set', device, 'up');
  await exec('ip', 'address', 'add', '10.9.0.1/24', 'dev', 'far0');
  await exec('ip', 'neighbour', 'add', address, 'lladdr', mac, 'dev', 'far0');
  return {
    xml: `<interface type='direct'><mac address='${mac}'/><source dev='low0' mode='bridge'/><model type='virtio'/></interface>`,
    async flood() {
      const [command = '', ...prefix] = enter;
      // Ending the first process would not end what it runs inside.
      const flag = libvirtd.directory.file('images', 'flood');
      await exec('touch', flag);
      const sending = `while [ -e "$0" ]; do for at in {1..20}; do echo x > /dev/udp/${address}/9; done; sleep 0.5; done`;
      const args = [...prefix, 'bash', '-c', sending, flag];
      const sender = await startProcess({ name: 'flood', command, args });
      return {
        async stop() {
          await rm(flag, { force: true });
          await sender.exited;
        },
      };
    },
  };
}
