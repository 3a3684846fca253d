import { describe, expect, test } from 'vitest';
import { checkBindings } from '../../../src/mib/check-bindings.ts';
import { definitions } from '../../../src/mib/definitions.ts';
import { MibError } from '../../../src/mib/mib-error.ts';
import { tables } from '../../../src/mib/objects.gen.ts';
import { ServedMib } from '../../../src/mib/served-mib.ts';
import { scalarBindings, tableBindings } from '../../../src/mib/tables/index.ts';
import { formatOid } from '../../../src/tree/oid.ts';
import { indexOfRow } from '../../../src/tree/row-layout.ts';
import type { MibTree, ReadContext, WireValue } from '../../../src/tree/tree.ts';
import {
  SAMPLE_NOW,
  sampleDisk,
  sampleDomain,
  sampleEmptySnapshot,
  sampleHost,
  sampleInactiveDomain,
  sampleSnapshot,
} from '../../support/sample-snapshot.ts';

const root = [1, 3, 6, 1, 4, 1, 8072, 9999, 9999, 16514];
const served = new ServedMib({ vmMib: true });

const noRows = { length: 0, subIds: new Uint32Array(0), offsets: new Uint32Array(1) };

const context: ReadContext = { now: SAMPLE_NOW, masterStartedAt: SAMPLE_NOW - 86_400_000 };

function read(tree: MibTree, name: string, instance: string): WireValue | undefined {
  const column = tree.columns.find((candidate) => candidate.name === name);
  if (column === undefined) throw new Error(`${name} is not served`);
  for (let row = 0; row < column.rows.length; row++) {
    if (formatOid(indexOfRow(column.rows, row)) === instance) return column.read(row, context);
  }
  throw new Error(`${name} has no row ${instance}`);
}

describe('what is served', () => {
  const tree = served.buildTree(sampleSnapshot());

  test('each readable object has one column', () => {
    const readable = Object.entries(definitions)
      .filter(([, { access }]) => access.startsWith('read'))
      .map(([name]) => name);
    expect(tree.columns.map((column) => column.name).toSorted()).toEqual(readable.toSorted());
  });

  test('every row of a domain names its owner and itself, and no two of a table alike', () => {
    const ofDomains = Object.entries(tables).filter(
      ([name, { module, index }]) =>
        module === 'LIBVIRT-EXT-MIB' && index[0] === 'lveDomIndex' && name !== 'lveDomTable',
    );
    expect(ofDomains.length).toBeGreaterThan(15);
    for (const [name, { columns }] of ofDomains) {
      const naming = columns.filter((column) => definitions[column]?.type === 'LveRowName');
      expect(naming, name).toHaveLength(1);
      const column = tree.columns.find((one) => one.name === naming[0]);
      const names = Array.from({ length: column?.rows.length ?? 0 }, (_, row) => {
        const owner = read(tree, 'lveDomName', String(indexOfRow(column?.rows ?? noRows, row)[0]));
        const text = column?.read(row, context);
        expect(`${String(text)}:`, name).toContain(`${String(owner)}:`);
        return text;
      });
      expect(names.length, name).toBeGreaterThan(0);
      expect(new Set(names).size, name).toBe(names.length);
    }
  });

  test('without VM-MIB, only LIBVIRT-EXT-MIB', () => {
    const alone = new ServedMib({ vmMib: false });
    expect(alone.modules).toEqual([{ name: 'LIBVIRT-EXT-MIB', oid: root }]);
    const names = alone.buildTree(sampleSnapshot()).columns.map((column) => column.name);
    expect(names).toContain('lveDomName');
    expect(names.filter((name) => !name.startsWith('lve'))).toEqual([]);
  });

  test('LIBVIRT-MIB only if it is asked for, and not where the root is in its way', () => {
    expect(served.modules.map(({ name }) => name)).toEqual(['LIBVIRT-EXT-MIB', 'VM-MIB']);
    expect(tree.columns.filter(({ name }) => name.startsWith('libvirt'))).toEqual([]);
    const options = { vmMib: false, libvirtMib: true };
    expect(new ServedMib(options).modules).toContainEqual({
      name: 'LIBVIRT-MIB',
      oid: [1, 3, 6, 1, 4, 1, 36_957],
    });
    for (const inTheWay of [
      [1, 3, 6, 1, 4, 1],
      [1, 3, 6, 1, 4, 1, 36_957],
      [1, 3, 6, 1, 4, 1, 36_957, 1, 1],
    ]) {
      expect(() => new ServedMib({ ...options, root: inTheWay })).toThrow(/overlap.*mib\.libvirt_mib/);
    }
  });

  test('another root moves LIBVIRT-EXT-MIB only', () => {
    const moved = new ServedMib({ vmMib: true, root: [1, 3, 6, 1, 4, 1, 99_999, 1] });
    const movedTree = moved.buildTree(sampleSnapshot());
    const oidOf = (name: string): string =>
      formatOid(movedTree.columns.find((c) => c.name === name)?.oid ?? []);
    expect(oidOf('lveDomName')).toBe('1.3.6.1.4.1.99999.1.1.3.1.1.2');
    expect(oidOf('vmName')).toBe('1.3.6.1.2.1.236.1.4.1.2');
    expect(read(movedTree, 'lveAgentMibRoot', '0')).toEqual([1, 3, 6, 1, 4, 1, 99_999, 1]);
  });

  test('an instance OID never exceeds 128 sub-identifiers, however deep the root and long the name', () => {
    const deep = Array.from({ length: 70 }, (_, i) => (i === 0 ? 1 : 3));
    const snapshot = sampleEmptySnapshot({
      domains: [sampleDomain({ stats: [{ name: 'x'.repeat(96), type: 'int', value: 1, text: '1' }] })],
    });
    const column = new ServedMib({ vmMib: false, root: deep })
      .buildTree(snapshot)
      .columns.find(({ name }) => name === 'lveStatText');
    if (column === undefined) throw new Error('lveStatText is not served');
    expect(column.oid.length + indexOfRow(column.rows, 0).length).toBe(128);
  });

  test('a root that leaves no room is refused with every table it hurts', () => {
    const tooDeep = Array.from({ length: 110 }, () => 1);
    expect(() => new ServedMib({ vmMib: false, root: tooDeep })).toThrow(MibError);
    expect(() => new ServedMib({ vmMib: false, root: tooDeep })).toThrow(/lveJobStatTable.*lveStatTable/);
  });
});

describe('rows and values', () => {
  const tree = served.buildTree(sampleSnapshot());

  test('a domain that is shut off keeps its rows and uses 0 percent', () => {
    expect(read(tree, 'lveDomState', '4')).toBe(5);
    expect(read(tree, 'lveDomUp', '4')).toBe(0);
    expect(read(tree, 'lveDomUptime', '4')).toBe(0);
    expect(read(tree, 'lveDomStatsAge', '4')).toBe(0);
    expect(read(tree, 'lveDomCpuPercent', '4')).toBe(0);
    expect(read(tree, 'lveDomCpuUserTime', '4')).toBeUndefined();
    expect(read(tree, 'vmUpTime', '4')).toBe(0);
    expect(read(tree, 'vmOperState', '4')).toBe(11);
  });

  test('a domain that is gone has the columns up to lveDomStateChanges and its last event', () => {
    const present = tree.columns
      .filter(
        (column) => column.name.startsWith('lveDom') && definitionOf(column.name)?.table === 'lveDomTable',
      )
      .filter((column) => read(tree, column.name, '7') !== undefined)
      .map((column) => column.oid.at(-1));
    expect(present.filter((id) => id !== undefined && id > 15)).toEqual([30]);
    expect(read(tree, 'lveDomPresence', '7')).toBe(2);
    expect(read(tree, 'lveDomLastEventSeq', '7')).toBe(43);
    expect(() => read(tree, 'vmName', '7')).toThrow(/no row/);
    expect(() => read(tree, 'lveDomCpuPercent', '7')).toThrow(/no row/);
  });

  test('ages are those of the moment of reading', () => {
    const column = tree.columns.find(({ name }) => name === 'lveDomStateAge');
    const later = { ...context, now: SAMPLE_NOW + 5000 };
    expect(column?.read(0, later)).toBe(3605);
  });

  test('every event is found under its type and under type 0', () => {
    const at = Math.floor((SAMPLE_NOW - 120_000) / 1000);
    const expected =
      'stopped/migrated|okay|job-runner-17|00000000-0000-4000-8000-000000000007|The domain moved to hv2.';
    expect(read(tree, 'lveEventFindSummary', `0.${at}.43`)).toBe(expected);
    expect(read(tree, 'lveEventFindSummary', `6.${at}.43`)).toBe(expected);
  });

  test('the events come in the order type, time, number', () => {
    const column = tree.columns.find(({ name }) => name === 'lveEventFindSummary');
    const types = Array.from(
      { length: column?.rows.length ?? 0 },
      (_, row) => column && indexOfRow(column.rows, row)[0],
    );
    expect(types).toEqual([0, 0, 0, 3, 6, 102]);
  });

  test('VM-MIB has its own words for what is not known', () => {
    expect(read(tree, 'vmAutoStart', '2')).toBe(1);
    expect(read(tree, 'vmMinMem', '1')).toBe(-1);
    expect(read(tree, 'vmStorageDefinedSize', '1.3')).toBe(-1);
    expect(read(tree, 'vmStorageAccess', '1.3')).toBe(3);
    expect(read(tree, 'vmStorageMediaType', '1.3')).toBe(4);
    expect(read(tree, 'vmNetworkIfIndex', '1.2')).toBe(0);
  });

  test('sizes of VM-MIB are in their unit, and equal for a block device', () => {
    expect(read(tree, 'vmMemUnit', '2')).toBe(1_048_576);
    expect(read(tree, 'vmMaxMem', '2')).toBe(3 * 1024 * 1024);
    expect(read(tree, 'vmStorageSizeUnit', '1.2')).toBe(1_048_576);
    expect(read(tree, 'vmStorageDefinedSize', '1.2')).toBe(3 * 1024 * 1024);
    expect(read(tree, 'vmStorageAllocatedSize', '4.1')).toBe(read(tree, 'vmStorageDefinedSize', '4.1'));
  });

  test('without a connection, states of VM-MIB are unknown and other values stay', () => {
    const snapshot = sampleSnapshot();
    const lost = served.buildTree(
      { ...snapshot, agent: { ...snapshot.agent, connState: 'disconnected' } },
      tree,
    );
    expect(read(lost, 'vmOperState', '1')).toBe(1);
    expect(read(lost, 'vmName', '1')).toBe('web-01');
    expect(read(lost, 'lveDomState', '1')).toBe(1);
  });

  test('vmTableLastChange is in the terms of vmHvUpTime', () => {
    expect(read(tree, 'vmHvUpTime', '0')).toBe(10 * 8_640_000);
    expect(read(tree, 'vmTableLastChange', '0')).toBe(10 * 8_640_000 - 12_000);
    const remote = served.buildTree({ ...sampleSnapshot(), host: sampleHost({ bootedAt: undefined }) });
    expect(read(remote, 'vmHvUpTime', '0')).toBeUndefined();
    expect(read(remote, 'vmTableLastChange', '0')).toBe(720_000 - 12_000);
  });

  test('the counts of domains leave out those that are gone', () => {
    const counts = ['Active', 'Inactive', 'Gone', 'Okay', 'Warning', 'Failure', 'Blocked'].map((name) =>
      read(tree, `lveDomains${name}`, '0'),
    );
    expect(counts).toEqual([2, 1, 1, 2, 0, 1, 1]);
    expect(read(tree, 'vmNumber', '0')).toBe(3);
  });
});

describe('the next tree', () => {
  test('takes over columns whose source has not changed', () => {
    const snapshot = sampleSnapshot();
    const first = served.buildTree(snapshot);
    const second = served.buildTree({ ...snapshot, generation: 2, pools: [] }, first);
    const column = (tree: MibTree, name: string): unknown => tree.columns.find((c) => c.name === name);
    expect(column(second, 'lveDomName')).toBe(column(first, 'lveDomName'));
    expect(column(second, 'lvePoolName')).not.toBe(column(first, 'lvePoolName'));
    expect(second.columns.find((c) => c.name === 'lvePoolName')?.rows.length).toBe(0);
  });

  test('shows new values of the same rows without a new row set', () => {
    const first = served.buildTree(sampleEmptySnapshot({ domains: [sampleDomain({ name: 'before' })] }));
    expect(read(first, 'vmName', '1')).toBe('before');
    const second = served.buildTree(
      sampleEmptySnapshot({ domains: [sampleDomain({ name: 'after' })] }),
      first,
    );
    expect(read(second, 'vmName', '1')).toBe('after');
    expect(read(first, 'vmName', '1')).toBe('before');
    const rows = (tree: MibTree): unknown => tree.columns.find((c) => c.name === 'vmName')?.rows;
    expect(rows(second)).toBe(rows(first));
  });

  test('shows each snapshot as it was, in whichever order it is asked', () => {
    const first = served.buildTree(sampleEmptySnapshot({ domains: [sampleDomain({ name: 'before' })] }));
    const second = served.buildTree(
      sampleEmptySnapshot({ domains: [sampleDomain({ name: 'after' })] }),
      first,
    );
    expect(read(second, 'vmName', '1')).toBe('after');
    expect(read(first, 'vmName', '1')).toBe('before');
  });

  test('tells nothing of a state that was never read, and it is down only if it is gone', () => {
    const unread = {
      stateKnown: false,
      state: 'nostate',
      stateText: 'no state',
      operState: 'unknown',
    } as const;
    const tree = served.buildTree(
      sampleEmptySnapshot({
        domains: [
          sampleDomain({ index: 1, ...unread }),
          sampleDomain({ index: 2, ...unread, presence: 'gone', active: false }),
        ],
      }),
    );
    const ofState = ['State', 'Reason', 'StateText', 'Severity', 'StateSince', 'StateAge'];
    for (const name of [...ofState, 'Up']) expect(read(tree, `lveDom${name}`, '1'), name).toBeUndefined();
    for (const name of ofState) expect(read(tree, `lveDom${name}`, '2'), name).toBeUndefined();
    expect(read(tree, 'lveDomUp', '2')).toBe(0);
    expect(read(tree, 'vmOperState', '1')).toBe(1);
    expect(read(tree, 'lveDomainsOkay', '0')).toBe(0);
    expect(read(tree, 'lveDomName', '1')).toBe('domain-1');
  });

  test('adds and removes rows', () => {
    const off = sampleInactiveDomain({ index: 2, disks: [sampleDisk()] });
    const first = served.buildTree(sampleEmptySnapshot({ domains: [sampleDomain()] }));
    const second = served.buildTree(sampleEmptySnapshot({ domains: [sampleDomain(), off] }), first);
    const third = served.buildTree(sampleEmptySnapshot({ domains: [off] }), second);
    expect(read(second, 'lveDiskTarget', '2.1')).toBe('vda');
    expect(() => read(third, 'vmName', '1')).toThrow(/no row/);
    expect(read(third, 'vmName', '2')).toBe('domain-2');
  });
});

test('only the three switches can be written', () => {
  expect(
    served.slots
      .filter(({ writable }) => writable)
      .map(({ name }) => name)
      .toSorted(),
  ).toEqual(['lveNotifyEnable', 'vmBulkNotificationsEnabled', 'vmPerVMNotificationsEnabled']);
});

describe('notifications', () => {
  test('carry their objects in the order of the MIB, whatever the order they were given in', () => {
    const notification = served.notification('lveDomainStateChange', {
      lveDomSeverity: { value: 'failure', index: [7] },
      lveDomStateText: { value: 'paused (I/O error)', index: [7] },
      lveDomReason: { value: 5, index: [7] },
      lveDomState: { value: 'paused', index: [7] },
      lveNotifyOldState: { value: 'running' },
      lveDomUuid: { value: '00000000-0000-4000-8000-000000000007', index: [7] },
      lveDomName: { value: 'größe', index: [7] },
    });
    const base = formatOid(root);
    expect(formatOid(notification.trapOid)).toBe(`${base}.0.1`);
    expect(notification.varbinds.map(({ oid, syntax, value }) => [formatOid(oid), syntax, value])).toEqual([
      [`${base}.1.3.1.1.2.7`, 'OctetString', 'größe'],
      [`${base}.1.3.1.1.3.7`, 'OctetString', '00000000-0000-4000-8000-000000000007'],
      [`${base}.1.14.6.0`, 'Integer32', 1],
      [`${base}.1.3.1.1.6.7`, 'Integer32', 3],
      [`${base}.1.3.1.1.7.7`, 'Gauge32', 5],
      [`${base}.1.3.1.1.8.7`, 'OctetString', 'paused (I/O error)'],
      [`${base}.1.3.1.1.9.7`, 'Integer32', 3],
    ]);
  });

  // Receivers hand a notification to their handlers line by line.
  test('have no text of more than one line, whoever wrote it', () => {
    const index = [9] as const;
    const { varbinds } = served.notification('lveDomainEvent', {
      lveEventDomName: { value: 'web\u0000\u001b[31m\u0085', index },
      lveEventDomUuid: { value: '', index },
      lveEventType: { value: 'ioError', index },
      lveEventDetail: { value: 1, index },
      lveEventName: { value: 'ioError', index },
      lveEventText: { value: 'x\r\nLIBVIRT-EXT-MIB::lveEventSeverity.9 okay\n', index },
      lveEventSeverity: { value: 'failure', index },
    });
    const texts = varbinds.map(({ value }) => value).filter((value) => typeof value === 'string');
    expect(texts).toEqual(['web [31m ', '', 'ioError', 'x LIBVIRT-EXT-MIB::lveEventSeverity.9 okay ']);
  });

  test('of VM-MIB carry octets', () => {
    const affected = Uint8Array.of(0b1000_0000);
    const notification = served.notification('vmBulkRunning', { vmAffectedVMs: { value: affected } });
    expect(formatOid(notification.trapOid)).toBe('1.3.6.1.2.1.236.0.11');
    expect(notification.varbinds).toEqual([
      { oid: [1, 3, 6, 1, 2, 1, 236, 1, 11, 0], syntax: 'OctetString', value: affected },
    ]);
  });

  test('are built even where VM-MIB is not served', () => {
    const alone = new ServedMib({ vmMib: false });
    const { varbinds } = alone.notification('lveDomainDiskError', {
      lveDomName: { value: 'web', index: [3] },
      lveDomUuid: { value: '00000000-0000-4000-8000-000000000003', index: [3] },
      lveDiskErrTarget: { value: 'vdb', index: [3, 2] },
      lveDiskErrCode: { value: 'noSpace', index: [3, 2] },
    });
    expect(formatOid(varbinds[3]?.oid ?? [])).toBe(`${formatOid(root)}.1.6.2.1.1.3.2`);
  });

  // RFC 2578 section 8.1: the objects are contained within every instance of the notification.
  test('refuse to lack an object, wherever they come from', () => {
    for (const missing of ['lvePoolName', 'lvePoolState', 'lvePoolAvailable', 'lvePoolCapacity']) {
      const index = [1];
      const values = {
        lvePoolName: { value: 'images', index },
        lvePoolState: { value: 'running', index },
        lvePoolAvailable: { value: 1, index },
        lvePoolCapacity: { value: 2, index },
      };
      const some = Object.fromEntries(Object.entries(values).filter(([name]) => name !== missing));
      expect(() => served.encode({ name: 'lvePoolStateChange', values: some }, {})).toThrow(
        `${missing} has no value`,
      );
      expect(served.encode({ name: 'lvePoolStateChange', values }, {}).varbinds).toHaveLength(4);
    }
  });

  test('refuse a value that cannot be sent', () => {
    expect(() =>
      served.notification('lveDomainGuestAgentChange', {
        lveDomName: { value: '', index: [3] },
        lveDomUuid: { value: '00000000-0000-4000-8000-000000000003', index: [3] },
        lveGuestAgentState: { value: 'connected', index: [3] },
      }),
    ).toThrow(/lveDomName has no value/);
  });
});

describe('checkBindings', () => {
  const scalars = scalarBindings(root);

  test('is content with ours', () => {
    expect(checkBindings(tableBindings, scalars, root)).toEqual([]);
  });

  test('lists every problem', () => {
    const [first] = tableBindings;
    if (first === undefined) throw new Error('no tables');
    const issues = checkBindings([first, first], [], [1]);
    expect(issues).toContain('the root 1 is not an object identifier');
    expect(issues).toContain('lveCollectorAge is bound 2 times');
    expect(issues).toContain('lveDomName is bound 0 times');
    expect(issues).toContain('lveConnUri is bound 0 times');
  });

  test('notices a column in the wrong table and one that cannot be read', () => {
    const wrong = tableBindings.map((binding) =>
      binding.table === 'lveNetTable'
        ? { ...binding, columns: { ...binding.columns, lveNetIndex: () => 1, lvePoolName: () => 'x' } }
        : binding,
    );
    expect(checkBindings(wrong, scalars, root).toSorted()).toEqual([
      'lveNetIndex cannot be read, but is bound',
      'lvePoolName is bound 2 times',
      'lvePoolName is not a column of lveNetTable',
    ]);
  });
});

function definitionOf(name: string): (typeof definitions)[keyof typeof definitions] | undefined {
  return definitions[name as keyof typeof definitions];
}
