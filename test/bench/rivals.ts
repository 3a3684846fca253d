import { cacheDirectory } from '../lab/cache-directory.ts';
import { repositoryPath } from '../lab/mib-path.ts';
import { run } from '../lab/process.ts';
import { debianRoot, npmFile } from '../peers/fetched-packages.ts';

const sources = `${repositoryPath}/test/bench/rivals`;

/** Compiles a rival on net-snmp's libraries and returns the path of the program. */
export async function buildSnmpRival(name: 'c-subagent' | 'multibulk'): Promise<string> {
  const kind = name === 'multibulk' ? '--libs' : '--agent-libs';
  const libraries = (await run('net-snmp-config', [kind])).trim().split(/\s+/);
  return await build(name, ['-DSTANDALONE', ...libraries]);
}

/** Compiles a rival on libvirt's client library, whose headers it does without. */
export async function buildLibvirtRival(name: 'domstats'): Promise<string> {
  return await build(name, ['-l:libvirt.so.0']);
}

/** The module of prom-client, the library that exporters in Node.js are made with. */
export function promClient(): Promise<string> {
  return npmFile('bench', 'prom-client@15.1.3', 'index.js');
}

/** Debian's exporter for libvirt. */
export async function libvirtExporter(): Promise<string> {
  const root = await debianRoot('bench', ['prometheus-libvirt-exporter']);
  return `${root}/usr/bin/prometheus-libvirt-exporter`;
}

async function build(name: string, args: readonly string[]): Promise<string> {
  const program = `${cacheDirectory('bench')}/${name}`;
  await run('gcc', ['-O2', '-w', '-o', program, `${sources}/${name}.c`, ...args]);
  return program;
}
