import { expect, test } from 'vitest';
import { PrometheusExposition } from '../../../src/expose/prometheus.ts';
import { servedFamilies } from '../../../src/families/served.ts';
import { type FamilySet, familySets } from '../../../src/families/set-names.ts';
import type { Snapshot } from '../../../src/model/snapshot.ts';
import { SampleImage } from '../../support/sample-image.ts';
import {
  sampleCpu,
  sampleDomain,
  sampleEmptySnapshot,
  sampleGoneDomain,
  sampleInactiveDomain,
  sampleJob,
  sampleMemory,
  sampleNic,
  sampleSnapshot,
  sampleUuid,
} from '../../support/sample-snapshot.ts';

test('all sets together give each name once', () => {
  const names = servedFamilies({ sets: familySets, exclude: [], labelRules: [] }).map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

function rendered(sets: readonly FamilySet[], snapshot: Snapshot): readonly string[] {
  const { tree } = new SampleImage(snapshot);
  const families = servedFamilies({ sets, exclude: [], labelRules: [] });
  return new PrometheusExposition([{ name: '', tree }], { families, domainLabels: {} })
    .body('text')
    .toString()
    .split('\n');
}

test('a name of ours that a set has as well is served as the set has it', () => {
  const domains = [sampleDomain({ name: 'a' })];
  const lines = rendered(['inovex', 'libvirt'], sampleEmptySnapshot({ domains }));
  expect(lines.filter((line) => line.startsWith('libvirt_domain_info_state{'))).toEqual([
    'libvirt_domain_info_state{domain="a",state_desc="the domain is running"} 1',
  ]);
});

test('jobs are those that run, under the names of inovex', () => {
  const stats = [
    { name: 'memory_total', type: 'ullong', value: 4096, text: '4096' },
    { name: 'disk_remaining', type: 'ullong', value: 7, text: '7' },
  ] as const;
  const jobs = [
    { ...sampleJob, elapsedMs: 4200, stats },
    { ...sampleJob, kind: 'completed', stats: [{ ...stats[0], value: 1 }] },
  ] as const;
  const lines = rendered(['inovex'], sampleEmptySnapshot({ domains: [sampleDomain({ name: 'a', jobs })] }));
  expect(lines.filter((line) => /^libvirt_domain_job_info_(time_el|mem|file)/.test(line))).toEqual([
    'libvirt_domain_job_info_time_elapsed_seconds{domain="a"} 4.2',
    'libvirt_domain_job_info_memory_total_bytes{domain="a"} 4096',
    'libvirt_domain_job_info_file_remaining_bytes{domain="a"} 7',
  ]);
});

test('tinkoff and nova have their names, labels and units', () => {
  const lines = rendered(['tinkoff', 'nova'], sampleSnapshot());
  for (const expected of [
    /^libvirt_versions_info\{hypervisor_running="[^"]+",libvirtd_running="[^"]+"\} 1$/,
    /^libvirt_pool_info_capacity_bytes\{pool="[^"]+"\} \d+$/,
    /^libvirt_domain_info_meta\{domain="web-01",uuid="[^"]+",instance_name="[^"]+",flavor="[^"]+",.*root_type="image",root_uuid="[^"]+"\} 1$/,
    /^libvirt_domain_info_vstate\{domain="web-01"\} 1$/,
    /^libvirt_domain_block_meta\{domain="web-01",target_device="vda",source_file="[^"]+",.*bus="virtio"/,
    /^libvirt_domain_block_stats_limit_burst_length_read_requests_seconds\{domain="web-01",target_device="vda"\} \d+$/,
    /^libvirt_domain_interface_meta\{domain="web-01",target_device="vnet0",source_bridge="[^"]+"/,
  ]) {
    expect(lines).toContainEqual(expect.stringMatching(expected));
  }
  // irate(…) / 1e9 are the CPUs in use.
  const { cpu, memory } = sampleSnapshot().domains[0] ?? {};
  const ns = lines.find((line) =>
    line.startsWith('libvirt_nova_instance_cpu_time_total{libvirtname="web-01"'),
  );
  expect(ns).toContain('novaname="');
  expect(ns).toContain('novaproject="');
  expect(Number(ns?.split(' ').at(-1))).toBe(Number(cpu?.timeUs) * 1000);
  const used = lines.find((line) =>
    line.startsWith('libvirt_nova_instance_memory_used_kb{libvirtname="web-01"'),
  );
  expect(Number(used?.split(' ').at(-1))).toBe(
    (Number(memory?.availableBytes) - Number(memory?.usableBytes)) / 1024,
  );
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
  const lines = rendered(['vadvisor', 'inovex'], sampleEmptySnapshot({ domains }));
  for (const expected of [
    `vm_up{uuid="${sampleUuid(1)}"} 1`,
    `vm_up{uuid="${sampleUuid(2)}"} 0`,
    `vm_up{uuid="${sampleUuid(3)}"} 0`,
    `vm_cpu_milliseconds_total{uuid="${sampleUuid(1)}"} 2.5`,
    `vm_memory_bytes{uuid="${sampleUuid(1)}"} 4096`,
    `vm_network_transmit_dropped_packets_total{uuid="${sampleUuid(1)}",interface="vnet0"} 5`,
    'libvirt_domain_memory_stats_swap_in_bytes{domain="a"} 7',
    'libvirt_domain_memory_stats_used_percent{domain="a"} 50.5',
    // All domains that are there, as virConnectListAllDomains counts them.
    'libvirt_domains 2',
    'libvirt_domain_timed_out{domain="a"} 0',
  ]) {
    expect(lines).toContain(expected);
  }
  expect(lines.some((line) => line.startsWith('libvirt_up'))).toBe(false);
});
