import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Increments } from '../../../src/expose/increments.ts';
import { influxLine, nativeLines, pulseLines } from '../../../src/expose/influx.ts';
import { DogStatsd, VadvisorStatsd } from '../../../src/expose/statsd.ts';
import { servedFamilies } from '../../../src/families/served.ts';
import type { Domain } from '../../../src/model/domain.ts';
import { SampleImage } from '../../support/sample-image.ts';
import {
  SAMPLE_NOW,
  sampleCpu,
  sampleDisk,
  sampleDomain,
  sampleEmptySnapshot,
  sampleInactiveDomain,
  sampleMemory,
  sampleNic,
  sampleSnapshot,
  sampleUuid,
  sampleVcpu,
} from '../../support/sample-snapshot.ts';

const families = servedFamilies({ sets: ['libvirt'], exclude: [], labelRules: [] });
const round = { host: 'qemu:///system', hypervisor: '', at: SAMPLE_NOW, hasHostStats: true };

function domain(step: number): Domain {
  return sampleDomain({
    index: 1,
    name: 'vm 1,a=b',
    cpu: sampleCpu({ timeUs: 1_000_000 * step, userUs: 0, systemUs: 0 }),
    memory: sampleMemory({ currentBytes: 2 ** 31 }),
    vcpus: [sampleVcpu({ number: 0, timeUs: 5000 * step })],
    disks: [sampleDisk({ readBytes: 10 * step })],
    nics: [sampleNic({ rxBytes: 100 * step })],
  });
}

const imageOf = (...domains: readonly Domain[]): SampleImage =>
  new SampleImage(sampleEmptySnapshot({ domains }));

describe('StatsD', () => {
  test('has what counters grew by, under the names of vAdvisor', () => {
    const image = imageOf(domain(1), sampleInactiveDomain({ index: 2, name: 'off' }));
    const encoder = new VadvisorStatsd(image.tree);
    const vm = `vm.${sampleUuid(1)}`;
    expect(encoder.round()).toEqual([`${vm}.up:1|g`, `${vm}.memory.bytes:2147483648|g`]);
    image.show(sampleEmptySnapshot({ domains: [domain(3)] }));
    expect(encoder.round().slice(2)).toEqual([
      `${vm}.cpu.total:2000|c`,
      `${vm}.vnet0.network.receive.bytes.total:200|c`,
      `${vm}.vda.disk.read.bytes.total:20|c`,
      `${vm}.0.vcpu.total:10|c`,
    ]);
    // The machine was started anew: its counters fell.
    image.show(sampleEmptySnapshot({ domains: [domain(1)] }));
    expect(encoder.round()).toContain(`${vm}.cpu.total:1000|c`);
  });

  test('has the names of /metrics with labels as tags', () => {
    const image = imageOf(domain(1));
    const encoder = new DogStatsd(image.tree, families, {});
    expect(encoder.round()).toContain('libvirt_domain_up:1|g|#domain:vm 1_a=b');
    image.show(sampleEmptySnapshot({ domains: [domain(2)] }));
    const lines = encoder.round();
    expect(lines).toContain(
      'libvirt_domain_block_stats_read_bytes_total:10|c|#domain:vm 1_a=b,target_device:vda',
    );
    expect(lines.some((line) => /_info:/.test(line))).toBe(false);
  });

  test('adds up to what a counter is, wherever it begins and however often it falls', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { minLength: 1, maxLength: 30 }), (steps) => {
        const increments = new Increments();
        let sum = 0;
        let expected = 0;
        let before: number | undefined;
        for (const value of steps) {
          sum += increments.of('a', value) ?? 0;
          if (before !== undefined) expected += value < before ? value : value - before;
          before = value;
          increments.endRound();
        }
        expect(sum).toBe(expected);
      }),
    );
  });

  test('forgets a counter that is gone', () => {
    const increments = new Increments();
    increments.of('a', 5);
    increments.endRound();
    increments.endRound();
    expect(increments.of('a', 7)).toBeUndefined();
  });

  test('any name leaves one key and one line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 20 }), (target) => {
        fc.pre(!target.includes('\0') && target !== '');
        const disks = (step: number) => [sampleDisk({ target, readBytes: step })];
        const image = imageOf(sampleDomain({ index: 1, disks: disks(1) }));
        const encoder = new VadvisorStatsd(image.tree);
        encoder.round();
        image.show(sampleEmptySnapshot({ domains: [sampleDomain({ index: 1, disks: disks(2) })] }));
        for (const line of encoder.round()) expect(line).toMatch(/^vm(\.[\w-]*)+:\d+\|[cg]$/);
      }),
      { numRuns: 50 },
    );
  });
});

describe('InfluxDB lines', () => {
  test('are those of cs-pulse-sensor', () => {
    const lines = pulseLines(imageOf(domain(2), sampleInactiveDomain({ index: 2 })).tree, round);
    const tags = String.raw`vmHost=qemu:///system,vmId=vm\ 1\,a\=b,vmUuid=${sampleUuid(1)}`;
    const at = `${SAMPLE_NOW}000000`;
    expect(lines.slice(1)).toEqual([
      `cpuTime,${tags} cpuTime=2,cpus=2i ${at}`,
      `rss,${tags} rss=1572864i,mem=2097152i,maxmem=4194304i ${at}`,
      `networkInterface,${tags},mac=52:54:00:12:34:56 readBytes=200i,readPackets=456789i,readErrors=0i,readDrops=3i,writeBytes=98765432i,writePackets=345678i,writeErrors=0i,writeDrops=0i ${at}`,
      `disk,${tags},pool=default,image=web-01.qcow2 readIOPS=1200i,writeIOPS=3400i,readBytes=20i,writeBytes=96000000i,ioErrors=0i,totalSpace=20i,allocatedSpace=5i,onDiskSpace=5i ${at}`,
    ]);
    expect(lines[0]).toMatch(/^nodeInfo,vmHost=qemu:\/\/\/system .*totalMem=\d+i/);
  });

  test('are the tables of the MIB, a field with the same type for ever', () => {
    const image = new SampleImage(sampleSnapshot());
    const lines = nativeLines(image.tree, round, { now: SAMPLE_NOW, masterStartedAt: undefined });
    expect(
      lines.some((line) =>
        line.startsWith('lveDiskTable,vmHost=qemu:///system,domain=web-01,lveDomIndex=1,lveDiskIndex=1 '),
      ),
    ).toBe(true);
    expect(lines.some((line) => line.startsWith('lveEventTable'))).toBe(false);
    // 2^63 + 1, which InfluxDB does not hold.
    expect(lines.some((line) => line.includes('vmCpuCoreTime=9223372036854775807i'))).toBe(true);
    const kinds = new Map<string, string>();
    for (const line of lines) {
      const [measurement = ''] = line.split(',', 1);
      for (const [, field = '', value = ''] of line.matchAll(
        /[ ,](\w+)=("(?:[^"\\]|\\.)*"|[^, ]+)(?=,| \d+$)/g,
      )) {
        if (line.indexOf(`${field}=`) < line.search(/(?<!\\) /)) continue;
        const kind = value.startsWith('"') ? 'text' : /^(true|false)$/.test(value) ? 'flag' : 'integer';
        const key = `${measurement}.${field}`;
        expect(kinds.get(key) ?? kind, key).toBe(kind);
        kinds.set(key, kind);
      }
    }
    expect(kinds.size).toBeGreaterThan(200);
  });

  test('keep any text apart from what surrounds it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (name, other) => {
        const line = influxLine('m', { a: name, b: other }, { f: '1i' }, '0') ?? '';
        expect(line).not.toMatch(/\p{Cc}/u);
        // As a server reads it: an unescaped blank ends the tags.
        const tags = /^m((?:,[ab]=(?:\\[,= ]|\\(?![,= ])|[^,= \\])+)*) f=1i 0$/u.exec(line);
        expect(tags, line).not.toBeNull();
      }),
    );
  });
});
