import { describe, expect, it } from 'vitest';
import type { DomainRecord } from '../../../../src/collect/records/domain-record.ts';
import { provisionedIn } from '../../../../src/collect/sources/storage-pools.ts';
import { parseDomainXml } from '../../../../src/definition/domain-definition.ts';
import { activeRecord } from '../collector-pass.ts';
import { sampleOf } from '../params.ts';

function record(
  name: string,
  disks: readonly (readonly [xml: string, capacity: number | bigint])[],
): DomainRecord {
  const made = activeRecord(name);
  const xml = disks.map(([disk], i) => disk.replace('TARGET', `<target dev='vd${i}'/>`)).join('');
  const definition = parseDomainXml(`<domain><devices>${xml}</devices></domain>`);
  made.definition = {
    spec: { ...definition.spec, hash: undefined, lastChangeAt: undefined, pendingChange: undefined },
    disks: definition.disks,
    nics: [],
    nova: undefined,
    labels: [],
    xmlChunks: [],
    agentChannel: undefined,
  };
  made.runtime.sample = sampleOf(
    disks.flatMap(([, capacity], i) => [
      [`block.${i}.name`, 'string', `vd${i}`],
      [`block.${i}.capacity`, 'ullong', String(capacity)],
    ]),
  );
  return made;
}

const file = (path: string): string => `<disk type='file'><source file='${path}'/>TARGET</disk>`;
const rbd = (name: string): string =>
  `<disk type='network'><source protocol='rbd' name='${name}'/>TARGET</disk>`;
const volume = (pool: string): string =>
  `<disk type='volume'><source pool='${pool}' volume='v'/>TARGET</disk>`;

describe('provisionedIn', () => {
  it('adds up the disks in a directory and counts a shared image once', () => {
    const records = [
      record('a', [
        [file('/images/a.qcow2'), 10],
        [file('/images-other/a.qcow2'), 100],
        [file('/images/shared.raw'), 5],
      ]),
      record('b', [
        [file('/images/shared.raw'), 5],
        [file('/images/sub/b.raw'), 2n ** 60n],
      ]),
    ];
    const sum = provisionedIn({ name: 'p', type: 'dir', path: '/images' }, records);
    expect(sum).toBe(2n ** 60n + 15n);
  });

  it('knows Ceph pools by their source and volumes by the name of the pool', () => {
    const records = [
      record('a', [
        [rbd('vms/a'), 7],
        [rbd('vms-2/a'), 70],
        [volume('p'), 3],
        [volume('p2'), 30],
      ]),
    ];
    expect(provisionedIn({ name: 'x', type: 'rbd', path: 'vms' }, records)).toBe(7);
    expect(provisionedIn({ name: 'p', type: 'dir', path: undefined }, records)).toBe(3);
  });
});
