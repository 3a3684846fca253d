import { existsSync, mkdirSync } from 'node:fs';
import { cacheDirectory } from '../lab/cache-directory.ts';
import { run } from '../lab/process.ts';

/** Where the programs of Debian packages are unpacked; nothing is installed and no service is started. */
export interface Peers {
  readonly prometheus: string;
  readonly promtool: string;
  readonly influxd: string;
  readonly victoriaMetrics: string;
  /** For PYTHONPATH. */
  readonly python: string;
  /** The program of Etsy's statsd. */
  readonly statsd: string;
}

const debian = ['prometheus', 'python3-prometheus-client', 'influxdb', 'victoria-metrics'];

/** Downloads what is not there yet. */
export async function unpackPeers(): Promise<Peers> {
  const directory = `${cacheDirectory()}/peers`;
  const root = `${directory}/root`;
  if (!existsSync(root)) {
    mkdirSync(`${root}.part`, { recursive: true });
    await run('sh', [
      '-c',
      `set -e; cd "$1"; apt-get download ${debian.join(' ')}; for file in *.deb; do dpkg -x "$file" root.part; done`,
      'sh',
      directory,
    ]);
    await run('mv', [`${root}.part`, root]);
  }
  const statsd = `${directory}/node_modules/statsd/stats.js`;
  if (!existsSync(statsd))
    await run('npm', ['install', '--prefix', directory, '--no-audit', '--no-fund', 'statsd@0.9.0']);
  return {
    prometheus: `${root}/usr/bin/prometheus`,
    promtool: `${root}/usr/bin/promtool`,
    influxd: `${root}/usr/bin/influxd`,
    victoriaMetrics: `${root}/usr/bin/victoria-metrics`,
    python: `${root}/usr/lib/python3/dist-packages`,
    statsd,
  };
}
