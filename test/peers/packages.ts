import { existsSync } from 'node:fs';
import { cacheDirectory } from '../lab/cache-directory.ts';
import { run } from '../lab/process.ts';
import { debianRoot, npmFile } from './fetched-packages.ts';

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
  /** A VictoriaMetrics that receives OTLP, in protobuf; that of Debian 12 does not. */
  readonly victoriaMetricsOtlp: string;
  /** The module of Elastic's receiver for tests, which takes JSON that is not compressed. */
  readonly otlpReceiver: string;
}

/** Of Debian's testing release, which has the only receiver of OTLP in Debian: its Prometheus is built without. */
const testing = 'forky';

/** apt with lists of its own, so that those of the host stay what they are. */
const fetchFromTesting = `set -e; cd "$1"; mkdir -p apt/lists/partial apt/cache/archives/partial
uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep '/debian/$' | head -n 1)
echo "deb \${uri:?no Debian archive among the sources of apt} ${testing} main" > apt/sources.list
set -- -qq -o Dir::Etc::sourcelist="$PWD/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null \
  -o Dir::State::lists="$PWD/apt/lists" -o Dir::Cache="$PWD/apt/cache" \
  -o Acquire::Check-Valid-Until=false -o Acquire::Languages=none
apt-get "$@" update
mkdir -p testing.part/debs; cd testing.part/debs
apt-get "$@" download victoria-metrics
for file in *.deb; do dpkg -x "$file" ..; done`;

const debian = ['prometheus', 'python3-prometheus-client', 'influxdb', 'victoria-metrics'];

/** Downloads what is not there yet. */
export async function unpackPeers(): Promise<Peers> {
  const directory = cacheDirectory('peers');
  const root = await debianRoot('peers', debian);
  const statsd = await npmFile('peers', 'statsd@0.9.0', 'stats.js');
  if (!existsSync(`${directory}/testing`)) {
    await run('rm', ['-rf', `${directory}/testing.part`]);
    await run('sh', ['-c', fetchFromTesting, 'sh', directory]);
    await run('mv', [`${directory}/testing.part`, `${directory}/testing`]);
  }
  const otlpReceiver = await npmFile('peers', '@elastic/mockotlpserver@0.10.0', 'lib/index.js');
  return {
    victoriaMetricsOtlp: `${directory}/testing/usr/bin/victoria-metrics`,
    otlpReceiver,
    prometheus: `${root}/usr/bin/prometheus`,
    promtool: `${root}/usr/bin/promtool`,
    influxd: `${root}/usr/bin/influxd`,
    victoriaMetrics: `${root}/usr/bin/victoria-metrics`,
    python: `${root}/usr/lib/python3/dist-packages`,
    statsd,
  };
}
