import { copyFileSync, rmSync } from 'node:fs';
import { freeTcpPort } from '../lab/free-port.ts';
import { repositoryPath } from '../lab/mib-path.ts';
import { startProcess } from '../lab/process.ts';
import { type SnmpExporterRelease, snmpExporterReleases, snmpExporterRoot } from './snmp-exporter-root.ts';

/** A real snmp_exporter of a Debian release, with the file that contrib/prometheus/ has for it. */
export interface SnmpExporter {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  /** What a module collects from a target, in the text format of Prometheus. Throws with its words if it fails. */
  scrape(module: string, target: string): Promise<string>;
  output(): string;
  stop(): Promise<void>;
}

export async function startSnmpExporter(release: SnmpExporterRelease): Promise<SnmpExporter> {
  const root = snmpExporterRoot(release);
  const address = `127.0.0.1:${await freeTcpPort()}`;
  const config = `/tmp/snmp-${address.split(':')[1]}.yml`;
  copyFileSync(
    `${repositoryPath}/contrib/prometheus/${snmpExporterReleases[release].config}`,
    `${root}${config}`,
  );
  const running = await startProcess({
    name: `snmp_exporter ${release}`,
    command: 'chroot',
    args: [root, 'prometheus-snmp-exporter', `--config.file=${config}`, `--web.listen-address=${address}`],
    ready: async () => (await fetch(`http://${address}/`)).ok,
    readyTimeoutMs: 60_000,
  });
  return {
    address,
    async scrape(module, target) {
      const query = new URLSearchParams({ auth: 'libvirt_v2', module, target });
      const answer = await fetch(`http://${address}/snmp?${query.toString()}`);
      const text = await answer.text();
      if (!answer.ok) throw new Error(`snmp_exporter ${release}, ${module}: ${answer.status} ${text}`);
      return text;
    },
    output: () => running.output(),
    async stop() {
      await running.stop();
      rmSync(`${root}${config}`, { force: true });
    },
  };
}
