import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { escapeLabel } from '../../../src/expose/label-text.ts';
import { PrometheusExposition } from '../../../src/expose/prometheus.ts';
import { servedFamilies } from '../../../src/families/served.ts';
import type { ReadContext } from '../../../src/tree/tree.ts';
import { SampleImage } from '../../support/sample-image.ts';
import {
  SAMPLE_NOW,
  sampleCpu,
  sampleDisk,
  sampleDomain,
  sampleEmptySnapshot,
  sampleMemory,
  sampleSnapshot,
} from '../../support/sample-snapshot.ts';

const families = servedFamilies({ sets: ['libvirt'], exclude: [], labelRules: [] });
const context: ReadContext = { now: SAMPLE_NOW, masterStartedAt: undefined };
const expositionOf = (image: SampleImage, domainLabels = {}): PrometheusExposition =>
  new PrometheusExposition([{ name: '', tree: image.tree }], { families, domainLabels });

/** Lines without heads. */
const samplesOf = (body: Buffer): readonly string[] =>
  body
    .toString()
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));

describe('the exposition', () => {
  test('has a sample for each value that SNMP has, and no more', () => {
    const image = new SampleImage(sampleSnapshot());
    const samples = samplesOf(expositionOf(image).body('text'));
    for (const { name, type, series } of families) {
      if (type === 'info') continue;
      const expected = series.flatMap(({ object, reading }) => {
        const column = image.bound.columns.find((each) => each.name === object);
        return Array.from({ length: column?.rows.length ?? 0 }, (_, row) =>
          column?.read(row, context),
        ).filter(
          (value) =>
            value !== undefined &&
            (reading?.values === undefined || reading.values.has(Number(value))) &&
            !(reading?.unset === 'zero' && Number(value) === 0) &&
            !(reading?.unset === 'negative' && Number(value) < 0),
        );
      });
      const found = samples.filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
      // An age of nothing, 0 by definition, has no moment.
      const isAge = series.some(({ object = '' }) => /Age$|UpTime$|Uptime$/.test(object));
      if (isAge) expect(found.length, name).toBeLessThanOrEqual(expected.length);
      else expect(found.length, name).toBe(expected.length);
    }
  });

  test('scales to base units, correctly rounded', () => {
    const cpu = sampleCpu({ timeUs: 480_000, userUs: 2 ** 52 + 1, percent: 2550 });
    const memory = sampleMemory({ currentBytes: 2n ** 63n + 1n, dirtyRate: 12 });
    const disks = [sampleDisk({ readTimeUs: 900_001 })];
    const image = new SampleImage(
      sampleEmptySnapshot({ domains: [sampleDomain({ name: 'a', cpu, memory, disks })] }),
    );
    const samples = samplesOf(expositionOf(image).body('text'));
    expect(samples).toContain('libvirt_domain_info_cpu_time_seconds_total{domain="a"} 0.48');
    expect(samples).toContain('libvirt_domain_cpu_user_seconds_total{domain="a"} 4503599627.370497');
    expect(samples).toContain('libvirt_domain_cpu_used_ratio{domain="a"} 0.255');
    expect(samples).toContain('libvirt_domain_info_memory_usage_bytes{domain="a"} 9223372036854775809');
    expect(samples).toContain('libvirt_domain_memory_stats_dirty_bytes_per_second{domain="a"} 12582912');
    expect(samples).toContain(
      'libvirt_domain_block_stats_read_time_seconds_total{domain="a",target_device="vda"} 0.900001',
    );
    expect(samples.filter((line) => line.includes('quota'))).toEqual([]);
  });

  test('gives moments, so that a body depends on the image alone', () => {
    const startedAt = SAMPLE_NOW - 7_654_321;
    const image = new SampleImage(sampleEmptySnapshot({ domains: [sampleDomain({ name: 'a', startedAt })] }));
    const samples = samplesOf(expositionOf(image).body('text'));
    expect(samples).toContain(
      `libvirt_domain_stats_timestamp_seconds{domain="a"} ${(SAMPLE_NOW - 3000) / 1000}`,
    );
    // DateAndTime has tenths of a second.
    const tenths = Math.floor(startedAt / 100) / 10;
    expect(samples).toContain(`libvirt_domain_start_time_seconds{domain="a"} ${tenths}`);
  });

  test('makes again only what has changed', () => {
    const disks = [sampleDisk({ readBytes: 1 })];
    const domain = sampleDomain({ name: 'a', disks, memory: sampleMemory() });
    const image = new SampleImage(sampleEmptySnapshot({ domains: [domain] }));
    const exposition = expositionOf(image);
    const before = exposition.body('text').toString();
    const changed = { ...domain, disks: [sampleDisk({ readBytes: 2 })] };
    image.show(sampleEmptySnapshot({ domains: [changed] }));
    exposition.invalidate();
    const after = exposition.body('text').toString();
    expect(after).toBe(expositionOf(image).body('text').toString());
    const lines = new Set(before.split('\n'));
    expect(after.split('\n').filter((line) => !lines.has(line))).toEqual([
      'libvirt_domain_block_stats_read_bytes_total{domain="a",target_device="vda"} 2',
    ]);
  });

  test('follows names and rows as one made anew does', () => {
    const image = new SampleImage(sampleSnapshot());
    const exposition = expositionOf(image, { owner: { rule: 'owner' }, uuid: 'lveDomUuid' });
    let state = 1;
    const random = (below: number): number => {
      state = (state * 48_271) % 2_147_483_647;
      return state % below;
    };
    for (let step = 0; step < 40; step++) {
      const domains = Array.from({ length: random(4) }, (_, at) =>
        sampleDomain({
          index: at + 1 + random(3) * 10,
          name: `name ${random(3)}`,
          disks: Array.from({ length: random(3) }, (_disk, disk) =>
            sampleDisk({ index: disk + 1, target: `vd${disk}` }),
          ),
          labels: random(2) === 0 ? [] : [{ name: 'owner', value: `owner ${random(2)}` }],
        }),
      );
      const sorted = [...new Map(domains.map((each) => [each.index, each])).values()];
      image.show(sampleEmptySnapshot({ domains: sorted.sort((a, b) => a.index - b.index) }));
      exposition.invalidate();
      // Whatever was asked for before, in either format, in part, or so long ago that nothing is kept.
      const wants = (name: string): boolean => name.startsWith('libvirt_domain_block');
      if (random(4) === 0) exposition.forget();
      for (let asked = 0; asked <= random(4); asked++) {
        const format = random(2) === 0 ? 'text' : 'openmetrics';
        const some = random(2) === 0 ? undefined : wants;
        const anew = expositionOf(image, { owner: { rule: 'owner' }, uuid: 'lveDomUuid' });
        expect(exposition.body(format, some).toString()).toBe(anew.body(format, some).toString());
      }
    }
  });

  test('leaves a body alone that somebody holds, whatever images follow', () => {
    const image = new SampleImage(sampleSnapshot());
    const exposition = expositionOf(image);
    const next = (name: string): void => {
      image.show(sampleEmptySnapshot({ domains: [sampleDomain({ name })] }));
      exposition.invalidate();
    };
    const first = exposition.lend('text');
    const text = Buffer.concat(first.pieces).toString();
    const release = first.hold();
    for (const name of ['a', 'b', 'c', 'd']) {
      next(name);
      expect(exposition.body('text').toString()).toContain(`libvirt_domain_up{domain="${name}"} 1`);
    }
    expect(Buffer.concat(first.pieces).toString()).toBe(text);
    release();
    // As long as nobody holds one, all are in the same memory.
    const used = new Set<unknown>();
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      next(name);
      const { pieces } = exposition.lend('text');
      used.add(pieces.find((piece) => piece.includes('libvirt_domain_up{domain'))?.buffer);
    }
    expect(used.size).toBe(1);
  });

  test('adds labels that are configured to every series of a domain', () => {
    const image = new SampleImage(sampleSnapshot());
    const samples = samplesOf(expositionOf(image, { id: 'lveDomUuid' }).body('text'));
    for (const line of samples.filter((each) => each.includes('domain="web-01"'))) {
      expect(line).toContain('id="00000000-0000-4000-8000-');
    }
  });

  test('differs in the heads only between the formats', () => {
    const exposition = expositionOf(new SampleImage(sampleSnapshot()));
    const text = exposition.body('text');
    const open = exposition.body('openmetrics');
    expect(samplesOf(open)).toEqual(samplesOf(text));
    expect(open.toString().endsWith('\n# EOF\n')).toBe(true);
    expect(open.toString()).toContain('# TYPE libvirt_refreshes counter\n');
    expect(open.toString()).toContain('# UNIT libvirt_domain_info_cpu_time_seconds seconds\n');
    expect(text.toString()).toContain('# TYPE libvirt_refreshes_total counter\n');
  });

  test('speaks of families in its help where they are', () => {
    const served = new Set(families.flatMap(({ series }) => series.map(({ object }) => object)));
    for (const { help } of families) {
      for (const [object] of help.matchAll(/\b(?:lve|vm)[A-Z]\w*/g)) {
        expect([...served], help).not.toContain(object);
      }
      expect(help).not.toMatch(/\btrue\(1\)/);
    }
  });
});

test('any label survives its escapes, but for control characters, which are shown', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (value) => {
      const escaped = escapeLabel(value);
      expect(escaped).not.toMatch(/[\p{Cc}]/u);
      expect(escaped).toMatch(/^(?:[^"\\]|\\["\\n])*$/u);
      const back = escaped.replaceAll(/\\(.)/g, (_, code: string) => (code === 'n' ? '\n' : code));
      const shown = value.replaceAll(
        /(?!\n)\p{Cc}/gu,
        (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
      );
      expect(back).toBe(shown);
    }),
  );
});
