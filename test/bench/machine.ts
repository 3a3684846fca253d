import { readFile } from 'node:fs/promises';
import { availableParallelism, loadavg, release, totalmem } from 'node:os';
import { runAnyway } from '../lab/process.ts';

/** What the figures were measured on, as a Markdown list. */
export async function describeMachine(quick: boolean, startedAt: Date): Promise<string> {
  const cpuinfo = await readFile('/proc/cpuinfo', 'utf8').catch(() => '');
  const model = /model name\s*:\s*(.*)/.exec(cpuinfo)?.[1] ?? process.arch;
  const isGuest = /\bhypervisor\b/.test(cpuinfo);
  const load = loadavg()[0] ?? 0;
  return [
    `- Date: ${startedAt.toISOString().slice(0, 10)}${quick ? ' (short run: `--quick`)' : ''}`,
    `- CPU: ${model}, ${availableParallelism()} cores${isGuest ? ', virtual machine' : ''}; ${Math.round(totalmem() / 2 ** 30)} GiB`,
    `- Kernel ${release()}, Node.js ${process.versions.node}, net-snmp ${await versionOf('snmpd', ['-v'])}, libvirt ${await versionOf('libvirtd', ['--version'])}`,
    `- Load average at the end: ${load.toFixed(1)}`,
  ].join('\n');
}

async function versionOf(command: string, args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await runAnyway(command, args).catch(() => ({ stdout: '', stderr: '' }));
  return /\d+\.\d+(\.\d+)*/.exec(`${stdout}${stderr}`)?.[0] ?? 'unknown';
}
