import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDirectory } from './cache-directory.ts';
import type { Libvirtd } from './libvirtd.ts';
import { run } from './process.ts';

/** libvirt's driver for containers. */
export interface LxcDriver {
  /** For LIBVIRT_DRIVER_DIR of a libvirtd: the drivers of this host, and this one. */
  readonly driverDirectory: string;
  /** The program that holds a container. */
  readonly emulatorPath: string;
}

const packageName = 'libvirt-daemon-driver-lxc';
const controllers = ['cpu', 'cpuacct', 'memory', 'devices', 'freezer', 'cpuset', 'blkio'];

/** Unpacks the driver from Debian's package, or takes it from the cache. Nothing is installed: other labs go without. */
export async function unpackLxcDriver(): Promise<LxcDriver> {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a placeholder of dpkg-query
  const version = (await run('dpkg-query', ['-W', '-f', '${Version}', 'libvirt-daemon'])).trim();
  const cache = cacheDirectory('lxc');
  const finished = join(cache, encodeURIComponent(version));
  if (!existsSync(finished)) {
    const work = await mkdtemp(join(cache, 'new-'));
    try {
      await unpack(version, work);
      // Another run may have been faster.
      if (!existsSync(finished)) await rename(work, finished);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }
  return {
    driverDirectory: join(finished, 'drivers'),
    emulatorPath: join(finished, 'root/usr/lib/libvirt/libvirt_lxc'),
  };
}

async function unpack(version: string, work: string): Promise<void> {
  await run('apt-get', ['-q', '-o', 'APT::Sandbox::User=root', 'download', `${packageName}=${version}`], {
    cwd: work,
    timeoutMs: 120_000,
  });
  for (const name of await readdir(work)) {
    if (name.endsWith('.deb')) await run('dpkg-deb', ['-x', join(work, name), join(work, 'root')]);
  }
  const installed = await driversIn('/usr/lib');
  const own = await driversIn(join(work, 'root/usr/lib'));
  await mkdir(join(work, 'drivers'));
  for (const path of installed.filter((one) => !one.includes('driver_lxc'))) {
    await symlink(path, join(work, 'drivers', path.slice(path.lastIndexOf('/') + 1)));
  }
  for (const path of own) {
    await copyFile(path, join(work, 'drivers', path.slice(path.lastIndexOf('/') + 1)));
  }
}

async function driversIn(path: string): Promise<readonly string[]> {
  const found = await run('find', [path, '-path', '*/libvirt/connection-driver/*.so']);
  return found.split('\n').filter((one) => one !== '');
}

/** Mounts what libvirt puts containers into; its namespaces have none. To be followed by a restart of libvirtd. */
export async function mountControlGroups({ namespaces }: Libvirtd): Promise<void> {
  const script = `set -e
mount -t tmpfs cgroup /sys/fs/cgroup
for one in "$@"; do mkdir "/sys/fs/cgroup/$one"; mount -t cgroup -o "$one" cgroup "/sys/fs/cgroup/$one"; done`;
  await namespaces.exec('sh', '-c', script, 'sh', ...controllers);
}

/** Makes a container that does nothing, and returns its definition. */
export async function sleepingContainer(
  libvirtd: Libvirtd,
  name: string,
  { emulatorPath }: LxcDriver,
): Promise<string> {
  const root = libvirtd.directory.directory('images', name);
  for (const path of ['bin', 'dev', 'proc', 'sys', 'etc']) await mkdir(join(root, path));
  await copyFile((await run('which', ['busybox'])).trim(), join(root, 'bin/busybox'));
  await symlink('busybox', join(root, 'bin/sleep'));
  const path = libvirtd.directory.file('xml', `${name}.xml`);
  await writeFile(
    path,
    `<domain type='lxc'><name>${name}</name><memory unit='MiB'>64</memory><vcpu>2</vcpu>
  <cputune><shares>512</shares></cputune>
  <os><type arch='x86_64'>exe</type><init>/bin/sleep</init><initarg>100000</initarg></os>
  <devices><emulator>${emulatorPath}</emulator>
    <filesystem type='mount'><source dir='${root}'/><target dir='/'/></filesystem><console type='pty'/></devices>
</domain>`,
  );
  return path;
}
