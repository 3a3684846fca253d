import { expect, test } from 'vitest';
import { PrometheusExposition } from '../../../src/expose/prometheus.ts';
import { servedFamilies } from '../../../src/families/served.ts';
import { familySets } from '../../../src/families/sets.ts';
import { SampleImage } from '../../support/sample-image.ts';
import {
  sampleCpu,
  sampleDomain,
  sampleEmptySnapshot,
  sampleGoneDomain,
  sampleInactiveDomain,
  sampleMemory,
  sampleNic,
  sampleUuid,
} from '../../support/sample-snapshot.ts';

test('all sets together give each name once', () => {
  const names = servedFamilies({ sets: familySets, exclude: [], labelRules: [] }).map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

test('a set has the names and units of its exporter', () => {
  const domains = [
    sampleDomain({
      index: 1,
      name: 'a',
      cpu: sampleCpu({ timeUs: 2_500 }),
      memory: sampleMemory({ currentBytes: 4096, swapInBytes: 7, usedPercent: 5050 }),
      nics: [sampleNic({ txDrops: 5, rxDrops: 3 })],
    }),
    sampleInactiveDomain({ index: 2, name: 'off' }),
    sampleGoneDomain({ index: 3, name: 'gone' }),
  ];
  const { tree } = new SampleImage(sampleEmptySnapshot({ domains }));
  const families = servedFamilies({ sets: ['vadvisor', 'inovex'], exclude: [], labelRules: [] });
  const lines = new PrometheusExposition(tree, { families, domainLabels: {} })
    .body('text')
    .toString()
    .split('\n');
  for (const expected of [
    `vm_up{uuid="${sampleUuid(1)}"} 1`,
    `vm_up{uuid="${sampleUuid(2)}"} 0`,
    `vm_up{uuid="${sampleUuid(3)}"} 0`,
    `vm_cpu_milliseconds_total{uuid="${sampleUuid(1)}"} 2.5`,
    `vm_memory_bytes{uuid="${sampleUuid(1)}"} 4096`,
    `vm_network_transmit_dropped_packets_total{uuid="${sampleUuid(1)}",interface="vnet0"} 5`,
    'libvirt_domain_memory_stats_swap_in_bytes{domain="a"} 7',
    'libvirt_domain_memory_stats_used_percent{domain="a"} 50.5',
  ]) {
    expect(lines).toContain(expected);
  }
  expect(lines.some((line) => line.startsWith('libvirt_up'))).toBe(false);
});
