import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { freeTcpPort } from '../lab/free-port.ts';
import { repositoryPath } from '../lab/mib-path.ts';
import { startProcess } from '../lab/process.ts';
import { type SnmpExporterRelease, snmpExporterReleases, snmpExporterRoot } from './snmp-exporter-root.ts';

/** A real snmp_exporter of a Debian release, with the file that contrib/prometheus/ has for it. */
export interface SnmpExporter {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  /**
   * What a module collects from a target, in the text format of Prometheus. `query` has further parameters of the URL.
   * Throws with its words if it fails.
   */
  scrape(module: string, target: string, query?: Readonly<Record<string, string>>): Promise<string>;
  output(): string;
  stop(): Promise<void>;
}

export interface SnmpExporterOptions {
  /** A second file of its configuration. */
  readonly more?: string;
  /** For a shell in a directory with the file of the release: makes `snmp.yml` of it, which is used instead. */
  readonly script?: string;
}

export async function startSnmpExporter(
  release: SnmpExporterRelease,
  options: SnmpExporterOptions = {},
): Promise<SnmpExporter> {
  const root = snmpExporterRoot(release);
  const { config } = snmpExporterReleases[release];
  const address = `127.0.0.1:${await freeTcpPort()}`;
  const directory = mkdtempSync(`${root}/tmp/snmp-exporter-`);
  copyFileSync(`${repositoryPath}/contrib/prometheus/${config}`, `${directory}/${config}`);
  if (options.script !== undefined) {
    const made = spawnSync('sh', ['-ec', options.script], { cwd: directory, encoding: 'utf8' });
    if (made.status !== 0) throw new Error(made.stderr);
  }
  if (options.more !== undefined) writeFileSync(`${directory}/more.yml`, options.more);
  const files = [
    options.script === undefined ? config : 'snmp.yml',
    ...(options.more === undefined ? [] : ['more.yml']),
  ];
  const running = await startProcess({
    name: `snmp_exporter ${release}`,
    command: 'chroot',
    args: [
      ...[root, 'prometheus-snmp-exporter', `--web.listen-address=${address}`],
      ...files.map((file) => `--config.file=${directory.slice(root.length)}/${file}`),
    ],
    ready: async () => (await fetch(`http://${address}/`)).ok,
    readyTimeoutMs: 60_000,
  });
  return {
    address,
    async scrape(module, target, more = {}) {
      const query = new URLSearchParams({ auth: 'libvirt_v2', module, target, ...more });
      const answer = await fetch(`http://${address}/snmp?${query.toString()}`);
      const text = await answer.text();
      if (!answer.ok) throw new Error(`snmp_exporter ${release}, ${module}: ${answer.status} ${text}`);
      return text;
    },
    output: () => running.output(),
    async stop() {
      await running.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
