import { runAnyway } from './process.ts';

/** `type` of libvirt's domain element. */
export type DomainType = 'kvm' | 'qemu';

let answer: Promise<DomainType> | undefined;

/**
 * Whether guests of this lab run with KVM or with QEMU's own emulation, found out by starting a virtual machine
 * without an operating system. `LAB_ACCELERATION=qemu` (or `kvm`) decides instead.
 */
export function domainType(): Promise<DomainType> {
  answer ??= probe();
  return answer;
}

async function probe(): Promise<DomainType> {
  const wanted = process.env['LAB_ACCELERATION'];
  if (wanted === 'kvm' || wanted === 'qemu') return wanted;
  const { code } = await runAnyway(
    'qemu-system-x86_64',
    ['-accel', 'kvm', '-machine', 'pc', '-m', '16', '-display', 'none', '-nodefaults', '-monitor', 'stdio'],
    { input: 'info kvm\nquit\n', timeoutMs: 10_000 },
  ).catch(() => ({ code: undefined }));
  return code === 0 ? 'kvm' : 'qemu';
}
