import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDirectory } from './cache-directory.ts';

/** `type` of libvirt's domain element. */
export type DomainType = 'kvm' | 'qemu';

/**
 * What KVM does on this machine. `slow` = guests run, but many times slower than with emulation. `software` = the
 * processor has no virtualisation, and what stands behind /dev/kvm runs some guests and kills others.
 */
export type KvmQuality = 'good' | 'slow' | 'software' | 'absent';

/** With working hardware support this takes about 0.3 s; where KVM emulates real mode in software, 12 s. */
const biosMaximumMs = 3_000;

let answer: Promise<KvmQuality> | undefined;

/** What guests of this lab should run on. `LAB_ACCELERATION=qemu` (or `kvm`) decides instead. */
export async function domainType(): Promise<DomainType> {
  const wanted = process.env['LAB_ACCELERATION'];
  if (wanted === 'kvm' || wanted === 'qemu') return wanted;
  return (await kvmQuality()) === 'good' ? 'kvm' : 'qemu';
}

/**
 * Found out by letting a BIOS come to "No bootable device" under KVM, because a /dev/kvm that can be opened is
 * no promise: nested virtualisation may be missing or crawl. Remembered until the machine is booted again.
 */
export function kvmQuality(): Promise<KvmQuality> {
  answer ??= remembered();
  return answer;
}

async function remembered(): Promise<KvmQuality> {
  if (!(await hasHardwareSupport())) return 'software';
  const path = join(cacheDirectory(), 'kvm-quality');
  const bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')).trim();
  const key = `${bootId} ${process.getuid?.() ?? 0} `;
  const known = await readFile(path, 'utf8').catch(() => '');
  if (known.startsWith(key)) {
    const quality = known.slice(key.length);
    if (quality === 'good' || quality === 'slow' || quality === 'absent') return quality;
  }
  const quality = await probe();
  await writeFile(path, `${key}${quality}`);
  return quality;
}

/** Whether the processor tells of virtualisation: VMX (Intel) or SVM (AMD). */
async function hasHardwareSupport(): Promise<boolean> {
  return /^flags\s*:.* (vmx|svm)\b/m.test(await readFile('/proc/cpuinfo', 'utf8'));
}

function probe(): Promise<KvmQuality> {
  const child = spawn(
    'qemu-system-x86_64',
    [
      '-accel',
      'kvm',
      '-machine',
      'pc',
      '-m',
      '16',
      '-display',
      'none',
      '-nodefaults',
      '-chardev',
      'stdio,id=debug',
      '-device',
      'isa-debugcon,iobase=0x402,chardev=debug',
    ],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  return new Promise((resolve) => {
    let text = '';
    const timer = setTimeout(() => child.kill('SIGKILL'), biosMaximumMs);
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('No bootable device')) child.kill('SIGKILL');
    });
    child.once('error', () => {
      clearTimeout(timer);
      resolve('absent');
    });
    child.once('close', (_code, signal) => {
      clearTimeout(timer);
      if (text.includes('No bootable device')) resolve('good');
      else resolve(signal === 'SIGKILL' ? 'slow' : 'absent');
    });
  });
}
