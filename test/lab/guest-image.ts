import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { cacheDirectory } from './cache-directory.ts';
import { guestFiles, guestModules } from './guest-init.ts';
import { unpackKernel } from './kernel-image.ts';
import { collectModules } from './kernel-module.ts';
import { run } from './process.ts';

/** What a Linux guest boots from. */
export interface GuestImage {
  /** ELF kernel: starts fastest, but a guest started from it cannot wake from suspend-to-RAM. */
  readonly kernelPath: string;
  /** The same kernel as the distribution ships it. */
  readonly bzImagePath: string;
  /** BusyBox, modules and the guest agent. */
  readonly initrdPath: string;
}

let made: Promise<GuestImage> | undefined;

/**
 * Makes the kernel and initramfs of Linux guests, or takes them from the cache. The kernel and the guest agent
 * come from Debian's packages, which are downloaded and unpacked but not installed.
 */
export function makeGuestImage(progress: (text: string) => void = () => {}): Promise<GuestImage> {
  made ??= make(progress).catch((error: unknown) => {
    made = undefined;
    throw new Error(
      'no Linux guest image: it needs Debian on amd64, access to the package archive and busybox-static; ' +
        'guests without an operating system work all the same',
      { cause: error },
    );
  });
  return made;
}

async function make(progress: (text: string) => void): Promise<GuestImage> {
  const recipe = createHash('sha256')
    .update(JSON.stringify([guestFiles, guestModules]))
    .digest('hex');
  const cache = cacheDirectory('guest');
  const finished = join(cache, recipe.slice(0, 16));
  if (!existsSync(finished)) {
    const work = await mkdtemp(join(cache, 'new-'));
    try {
      await build(work, progress);
      await rename(join(work, 'out'), finished).catch((error: unknown) => {
        // Another run was faster.
        if (!existsSync(finished)) throw error;
      });
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  }
  return {
    kernelPath: join(finished, 'vmlinux'),
    bzImagePath: join(finished, 'bzImage'),
    initrdPath: join(finished, 'initrd'),
  };
}

async function build(work: string, progress: (text: string) => void): Promise<void> {
  const kernelPackage = (await dependencies('linux-image-amd64', /^linux-image-/))[0];
  if (kernelPackage === undefined) throw new Error('apt-cache knows no linux-image-amd64');
  // Since Debian 14 the kernel and its modules have packages of their own.
  const parts = await dependencies(kernelPackage, /^linux-(binary|modules)-/);
  progress(`downloading ${kernelPackage} and qemu-guest-agent for Linux guests (once)`);
  const unpacked = join(work, 'unpacked');
  await mkdir(unpacked);
  // As another user than root apt's downloader could not write here.
  await run(
    'apt-get',
    ['-q', '-o', 'APT::Sandbox::User=root', 'download', kernelPackage, ...parts, 'qemu-guest-agent'],
    { cwd: work, timeoutMs: 300_000 },
  );
  for (const name of await readdir(work)) {
    if (name.endsWith('.deb')) await run('dpkg-deb', ['-x', join(work, name), unpacked]);
  }
  progress('building the initramfs of Linux guests (once)');
  const out = join(work, 'out');
  await mkdir(out);
  await copyFile(await findKernel(unpacked), join(out, 'bzImage'));
  await unpackKernel(join(out, 'bzImage'), join(out, 'vmlinux'));
  await makeInitramfs(unpacked, join(work, 'root'), join(out, 'initrd'));
}

/** What a package depends on, by name. */
async function dependencies(name: string, wanted: RegExp): Promise<readonly string[]> {
  const lines = (await run('apt-cache', ['depends', name])).split('\n');
  return lines.flatMap((line) => {
    const [, dependency] = /^ *Depends: (\S+)/.exec(line) ?? [];
    return dependency !== undefined && wanted.test(dependency) ? [dependency] : [];
  });
}

/** The kernel as the distribution ships it: in /boot, or beside its modules. */
async function findKernel(unpacked: string): Promise<string> {
  for (const place of ['boot', modulesDirectory(unpacked)]) {
    const path = join(unpacked, place);
    if (!existsSync(path)) continue;
    for (const entry of await readdir(path, { recursive: true })) {
      if (/^vmlinuz(-|$)/.test(basename(entry))) return join(path, entry);
    }
  }
  throw new Error('no kernel in the package');
}

async function makeInitramfs(unpacked: string, root: string, targetPath: string): Promise<void> {
  for (const name of ['bin', 'sbin', 'dev', 'proc', 'sys', 'lib/modules']) {
    await mkdir(join(root, name), { recursive: true });
  }
  await copyFile((await run('which', ['busybox'])).trim(), join(root, 'bin/busybox'));
  for (const applet of (await run('busybox', ['--list'])).trim().split('\n')) {
    await symlink('/bin/busybox', join(root, 'bin', applet)).catch(() => {});
  }
  await symlink('/bin/busybox', join(root, 'init'));
  for (const applet of ['init', 'reboot', 'poweroff', 'halt']) {
    await symlink('/bin/busybox', join(root, 'sbin', applet));
  }
  for (const [path, content] of guestFiles) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
    await chmod(join(root, path), 0o755);
  }
  const [release = ''] = await readdir(join(unpacked, modulesDirectory(unpacked)));
  const order = await collectModules(
    join(unpacked, modulesDirectory(unpacked), release),
    guestModules,
    join(root, 'lib/modules'),
  );
  await writeFile(join(root, 'lib/modules/order'), `${order.join('\n')}\n`);
  await copyProgram(join(unpacked, 'usr/sbin/qemu-ga'), join(root, 'bin/qemu-ga'), root);
  await run('sh', ['-c', 'find . | busybox cpio -o -H newc > "$1"', 'sh', targetPath], { cwd: root });
}

function modulesDirectory(unpacked: string): string {
  return existsSync(join(unpacked, 'lib/modules')) ? 'lib/modules' : 'usr/lib/modules';
}

/** Copies a program and the shared libraries it needs, which are taken from this host. */
async function copyProgram(path: string, target: string, root: string): Promise<void> {
  await copyFile(path, target);
  const libraries = await run('ldd', [path]);
  if (libraries.includes('not found')) throw new Error(`libraries of qemu-ga are missing here: ${libraries}`);
  for (const [, library] of libraries.matchAll(/(\/\S+) \(0x/g)) {
    if (library === undefined) continue;
    await mkdir(dirname(join(root, library)), { recursive: true });
    await copyFile(library, join(root, library));
  }
}
