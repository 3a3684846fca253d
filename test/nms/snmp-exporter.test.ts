import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generatorFile } from '../../tools/prometheus/generator-file.ts';
import { namesScript } from '../../tools/prometheus/names-script.ts';
import { snmpFamilies } from '../../tools/prometheus/snmp-metric.ts';
import { snmpModules } from '../../tools/prometheus/snmp-module.ts';
import { repositoryPath } from '../lab/mib-path.ts';
import { waitUntil } from '../lab/wait.ts';
import { type MonitoredLab, startMonitoredLab } from './monitored-lab.ts';
import { type SnmpExporter, startSnmpExporter } from './snmp-exporter.ts';
import { generateSnmpConfig, type SnmpExporterRelease, snmpExporterReleases } from './snmp-exporter-root.ts';

const releases = Object.keys(snmpExporterReleases) as SnmpExporterRelease[];

/** Labels that snmp_exporter has beside those of /metrics. */
const extra = /^(?:uuid|mac_address|text|collector_id|\w+_index)$/;

/** Values by name and labels, without labels that only SNMP has. */
function samplesOf(text: string): ReadonlyMap<string, number> {
  const samples = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [, name = '', labels = '', value = ''] = /^(libvirt_\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (name === '') continue;
    const own = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)]
      .filter(([, label = '', text = '']) => !extra.test(label) && text !== '')
      .map(([written]) => written)
      .sort();
    samples.set(`${name}{${own.join(',')}}`, Number(value));
  }
  return samples;
}

const nameOf = (key: string): string => key.slice(0, key.indexOf('{'));

/** SNMP has numbers where /metrics has words, in labels of these. */
const otherLabels = /^libvirt_(?:warning_|domain_job_)/;

let lab: MonitoredLab;

beforeAll(async () => {
  lab = await startMonitoredLab();
}, 600_000);

afterAll(() => lab?.stop());

describe.each(releases)('snmp_exporter %s', (release) => {
  const { config, format } = snmpExporterReleases[release];
  let exporter: SnmpExporter;

  beforeAll(async () => {
    exporter = await startSnmpExporter(release);
  }, 300_000);

  afterAll(() => exporter?.stop());

  it("has a file that its generator makes (else run 'npm run snmp-yml')", () => {
    const made = generateSnmpConfig(release, generatorFile(format), namesScript());
    expect(readFileSync(`${repositoryPath}/contrib/prometheus/${config}`, 'utf8')).toBe(made);
  });

  const metrics = async (): Promise<ReadonlyMap<string, number>> =>
    samplesOf(await (await fetch(`http://${lab.metricsTarget}/metrics`)).text());

  /** One look at both: what is not the same although /metrics had it before and after, and how much was. */
  const compare = async (): Promise<{ readonly unlike: ReadonlySet<string>; readonly same: number }> => {
    const shared = snmpFamilies();
    const before = await metrics();
    const bySnmp = new Map<string, number>();
    for (const { name } of snmpModules) {
      const text = await exporter.scrape(name, lab.snmpd.address);
      for (const [key, value] of samplesOf(text)) bySnmp.set(key, value);
    }
    const after = await metrics();
    const unlike = new Set<string>();
    let same = 0;
    for (const [key, value] of before) {
      const name = nameOf(key);
      if (!shared.has(name) || otherLabels.test(name) || after.get(key) !== value) continue;
      const other = bySnmp.get(key);
      // Moments are whole seconds there.
      const precision = name.endsWith('_seconds') ? 1 : Math.abs(value) * 1e-6;
      if (other === undefined ? canCollect(name) : Math.abs(other - value) > precision) unlike.add(key);
      else same += 1;
    }
    const served = new Set([...before.keys(), ...after.keys()].map(nameOf));
    for (const key of bySnmp.keys()) {
      const isKnown = before.has(key) || after.has(key);
      if (!isKnown && served.has(nameOf(key)) && !otherLabels.test(nameOf(key))) unlike.add(key);
    }
    return { unlike, same };
  };

  it('collects what /metrics has, under the same names, with the same labels and values', async () => {
    // What differs each time differs; what moved in between does not.
    let always: ReadonlySet<string> | undefined;
    let most = 0;
    await waitUntil(
      async () => {
        const { unlike, same } = await compare();
        always = new Set([...unlike].filter((key) => always?.has(key) ?? true));
        most = Math.max(most, same);
        return always.size === 0 && most > 150;
      },
      {
        what: 'the same from both',
        timeoutMs: 180_000,
        intervalMs: 2000,
        context: () => `${most} are the same, never: ${[...(always ?? [])].join('\n')}`,
      },
    );
    expect(most).toBeGreaterThan(150);
  });

  const canCollect = (name: string): boolean =>
    !(format === '0.21' && name === 'libvirt_domain_memory_stats_dirty_bytes_per_second');
});
