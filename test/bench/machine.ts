import { readFile } from 'node:fs/promises';
import { availableParallelism, release, totalmem } from 'node:os';
import { runAnyway } from '../lab/process.ts';

/** What the figures were measured on, as a sentence without its full stop. */
export async function describeMachine(quick: boolean, startedAt: Date): Promise<string> {
  const cpuinfo = await readFile('/proc/cpuinfo', 'utf8').catch(() => '');
  const model = /model name\s*:\s*(.*)/.exec(cpuinfo)?.[1] ?? process.arch;
  const isGuest = /\bhypervisor\b/.test(cpuinfo);
  return [
    `Measured on ${startedAt.toISOString().slice(0, 10)}${quick ? ' in a short run (`--quick`)' : ''}`,
    `${isGuest ? 'virtual machine, ' : ''}${availableParallelism()} cores of ${model}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    `Linux ${release().split('-')[0]}, Node.js ${process.versions.node}, net-snmp ${await versionOf('snmpd', ['-v'])}, libvirt ${await versionOf('libvirtd', ['--version'])}`,
  ].join('; ');
}

async function versionOf(command: string, args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await runAnyway(command, args).catch(() => ({ stdout: '', stderr: '' }));
  return /\d+\.\d+(\.\d+)*/.exec(`${stdout}${stderr}`)?.[0] ?? 'unknown';
}
