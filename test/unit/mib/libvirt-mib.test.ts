import { describe, expect, test } from 'vitest';
import { toJson, walkLines } from '../../../src/mib/print.ts';
import { ServedMib } from '../../../src/mib/served-mib.ts';
import type { Domain } from '../../../src/model/domain.ts';
import { formatOid } from '../../../src/tree/oid.ts';
import { indexOfRow } from '../../../src/tree/row-layout.ts';
import type { WireValue } from '../../../src/tree/tree.ts';
import {
  SAMPLE_NOW,
  sampleCpu,
  sampleDomain,
  sampleEmptySnapshot,
  sampleInactiveDomain,
  sampleMemory,
} from '../../support/sample-snapshot.ts';

const served = new ServedMib({ vmMib: true, libvirtMib: true });
const context = { now: SAMPLE_NOW, masterStartedAt: SAMPLE_NOW - 86_400_000 };
const root = '1.3.6.1.4.1.36957';

/** Every instance of LIBVIRT-MIB by its OID below the entry, in the order of a walk. */
function walk(domains: readonly Domain[], connState: 'connected' | 'disconnected' = 'connected') {
  const empty = sampleEmptySnapshot();
  const tree = served.buildTree({ ...empty, agent: { ...empty.agent, connState }, domains });
  const instances: [string, WireValue][] = [];
  for (const column of tree.columns) {
    if (!formatOid(column.oid).startsWith(`${root}.`)) continue;
    for (let row = 0; row < column.rows.length; row++) {
      const value = column.read(row, context);
      if (value === undefined) continue;
      instances.push([formatOid([...column.oid, ...indexOfRow(column.rows, row)]), value]);
    }
  }
  return { instances, byOid: new Map(instances), tree };
}

function withUuid(domain: Domain, uuid: string): Domain {
  return { ...domain, facts: { ...domain.facts, uuid } };
}

const late = withUuid(
  sampleDomain({ index: 1, cpu: sampleCpu(), memory: sampleMemory() }),
  'ff000000-0000-4000-8000-000000000001',
);
const early = withUuid(
  sampleInactiveDomain({ index: 2, cpu: sampleCpu({}, false), memory: sampleMemory({}, false) }),
  '0a000000-0000-4000-8000-000000000002',
);
const lateIndex = '255.0.0.0.0.0.64.0.128.0.0.0.0.0.0.1';
const earlyIndex = '10.0.0.0.0.0.64.0.128.0.0.0.0.0.0.2';

describe('libvirtGuestTable', () => {
  test('is sorted by the octets of the UUID, without their number, and has no column 1 and 8', () => {
    const { instances } = walk([late, early]);
    expect(instances.map(([oid]) => oid)).toEqual(
      [2, 3, 4, 5, 6, 7, 9].flatMap((column) =>
        [earlyIndex, lateIndex].map((index) => `${root}.1.1.1.${column}.${index}`),
      ),
    );
  });

  test('has MiB and nanoseconds, and zero nanoseconds for a domain that is off', () => {
    const memory = { ...late.memory, currentBytes: 1_610_612_735, maximumBytes: 2 ** 33 };
    const running = { ...late, memory, cpu: { ...late.cpu, timeUs: 9_007_199_254_740_993n } } as Domain;
    const { byOid } = walk([running, early]);
    expect(byOid.get(`${root}.1.1.1.5.${lateIndex}`)).toBe(1535);
    expect(byOid.get(`${root}.1.1.1.6.${lateIndex}`)).toBe(8192);
    expect(byOid.get(`${root}.1.1.1.7.${lateIndex}`)).toBe(9_007_199_254_740_993_000n);
    expect(byOid.get(`${root}.1.1.1.7.${earlyIndex}`)).toBe(0);
    expect(byOid.get(`${root}.1.1.1.9.${earlyIndex}`)).toBe(1);
  });

  test("has libvirt's own number of the state, and none that it does not know", () => {
    const inState = (state: Domain['facts']['state']): WireValue | undefined =>
      walk([{ ...late, facts: { ...late.facts, state } }]).byOid.get(`${root}.1.1.1.3.${lateIndex}`);
    expect(inState('running')).toBe(1);
    expect(inState('shutoff')).toBe(5);
    expect(inState('pmsuspended')).toBe(7);
    expect(inState('other')).toBeUndefined();
    const unread = { ...late, facts: { ...late.facts, stateKnown: false, state: 'nostate' as const } };
    expect(walk([unread]).byOid.get(`${root}.1.1.1.3.${lateIndex}`)).toBeUndefined();
  });

  test('says no state while libvirt is away; what else was known stays', () => {
    const { byOid } = walk([late], 'disconnected');
    expect(byOid.has(`${root}.1.1.1.3.${lateIndex}`)).toBe(false);
    expect(byOid.get(`${root}.1.1.1.2.${lateIndex}`)).toBe(late.facts.name);
  });

  test('has no row for a domain that is gone, nor figures that are not known', () => {
    const gone = withUuid(sampleDomain({ index: 3 }), '0b000000-0000-4000-8000-000000000003');
    const unread = { ...late, cpu: undefined, memory: undefined };
    const { instances } = walk([unread, { ...gone, facts: { ...gone.facts, presence: 'gone' } }]);
    expect(instances.map(([oid]) => oid)).toEqual(
      [2, 3, 9].map((column) => `${root}.1.1.1.${column}.${lateIndex}`),
    );
  });

  test('keeps its rows while the domains are the same', () => {
    const empty = sampleEmptySnapshot();
    const first = served.buildTree({ ...empty, domains: [late, early] });
    const rowsOf = (tree: typeof first) => tree.columns.find(({ name }) => name === 'libvirtGuestName')?.rows;
    const rows = rowsOf(first);
    expect(rows?.length).toBe(2);
    expect(rowsOf(served.buildTree({ ...empty, domains: [{ ...late }, early] }, first))).toBe(rows);
    expect(rowsOf(served.buildTree({ ...empty, domains: [late] }, first))?.length).toBe(1);
  });

  test('is printed with the UUID as its index', () => {
    const { tree } = walk([late]);
    expect([...walkLines(tree, context)]).toContain(
      `LIBVIRT-MIB::libvirtGuestState.${late.facts.uuid} = INTEGER: running(1)`,
    );
    expect(toJson(tree, context).tables['libvirtGuestTable']?.[0]).toMatchObject({
      libvirtGuestUUID: late.facts.uuid,
      libvirtGuestRowStatus: 'active',
    });
  });
});

describe('libvirtGuestNotif', () => {
  const values = {
    libvirtGuestName: { value: 'web-1' },
    libvirtGuestUUID: { value: Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15) },
    libvirtGuestState: { value: 'shutoff' },
    libvirtGuestRowStatus: { value: 'notInService' },
  } as const;

  // As libvirt-snmp sends it: RFC 2578 would have the index of the row there.
  test('has its objects with the instance 0', () => {
    const { trapOid, varbinds } = served.notification('libvirtGuestNotif', values);
    expect(formatOid(trapOid)).toBe(`${root}.0.1`);
    expect(varbinds.map(({ oid, value }) => [formatOid(oid), value])).toEqual([
      [`${root}.1.1.1.2.0`, 'web-1'],
      [`${root}.1.1.1.1.0`, values.libvirtGuestUUID.value],
      [`${root}.1.1.1.3.0`, 5],
      [`${root}.1.1.1.9.0`, 2],
    ]);
  });

  test('cannot be sent where LIBVIRT-MIB is not served', () => {
    const other = new ServedMib({ vmMib: true });
    expect(() => other.notification('libvirtGuestNotif', values)).toThrow(/no notification that is served/);
  });
});
