import { describe, expect, test } from 'vitest';
import { definitions } from '../../../src/mib/definitions.ts';
import { toJson, walkLines } from '../../../src/mib/print.ts';
import { ServedMib } from '../../../src/mib/served-mib.ts';
import { displayValue, hinted, jsonValue } from '../../../src/smi/display.ts';
import { SAMPLE_NOW, sampleSnapshot } from '../../support/sample-snapshot.ts';

const snapshot = sampleSnapshot();
const context = { now: SAMPLE_NOW, masterStartedAt: SAMPLE_NOW - 86_400_000 };
const tree = new ServedMib({ vmMib: true }).buildTree(snapshot);

describe('displayValue', () => {
  test.each([
    ['lveDomState', 3, 'INTEGER: paused(3)'],
    ['lveDomState', 99, 'INTEGER: 99'],
    ['lveDomManagedSave', 2, 'INTEGER: false(2)'],
    ['lveGuestTimeOffset', -3600, 'INTEGER: -3600 seconds'],
    ['lveDomUptime', 5, 'Gauge32: 5 seconds'],
    ['lveRefreshCount', 7, 'Counter32: 7'],
    ['vmHvUpTime', 8_640_000 + 360_000 + 6_000 + 123, 'Timeticks: (9006123) 1 day, 1:01:01.23'],
    ['vmHvUpTime', 20 * 8_640_000, 'Timeticks: (172800000) 20 days, 0:00:00.00'],
    ['vmHvObjectID', [1, 3, 6, 1, 4, 1, 36957], 'OID: .1.3.6.1.4.1.36957'],
    ['lveDomName', 'größe', 'STRING: größe'],
    ['lveConnSince', Uint8Array.of(7, 234, 11, 21, 1, 2, 3, 4, 43, 0, 0), 'STRING: 2026-11-21,1:2:3.4,+0:0'],
    ['vmNetworkPhysAddress', Uint8Array.of(0x52, 0x54, 0, 1, 2, 0xff), 'STRING: 52:54:00:01:02:ff'],
  ] as const)('%s %j', (name, value, expected) => {
    expect(displayValue(definitions[name], value)).toBe(expected);
  });

  test('shows 64 bits exactly', () => {
    expect(displayValue(definitions.lveMemCurrent, 2n ** 64n - 1n)).toBe(
      'Counter64: 18446744073709551615 bytes',
    );
  });

  test('escapes what a terminal would obey', () => {
    expect(displayValue(definitions.lveDomName, 'a\u001b[2Jb\n\u009b')).toBe('STRING: a\\x1b[2Jb\\x0a\\x9b');
  });
});

test('hinted follows a DISPLAY-HINT, its last part repeated', () => {
  expect(hinted(Uint8Array.of(1, 2, 3), '1x:')).toBe('01:02:03');
  expect(hinted(Buffer.from('00112233445566778899aabbccddeeff', 'hex'), '4x-2x-2x-1x1x-6x')).toBe(
    '00112233-4455-6677-8899-aabbccddeeff',
  );
  expect(hinted(new Uint8Array(0), '1x:')).toBe('');
});

describe('jsonValue', () => {
  test('uses labels, booleans and ISO times', () => {
    expect(jsonValue(definitions.lveDomState, 3)).toBe('paused');
    expect(jsonValue(definitions.lveDomState, 99)).toBe(99);
    expect(jsonValue(definitions.lveDomManagedSave, 1)).toBe(true);
    expect(jsonValue(definitions.lveConnSince, Uint8Array.of(7, 234, 11, 21, 1, 2, 3, 4, 43, 0, 0))).toBe(
      '2026-11-21T01:02:03.400Z',
    );
  });

  test('keeps 64 bits exact', () => {
    expect(jsonValue(definitions.lveMemCurrent, 5n)).toBe(5);
    expect(jsonValue(definitions.lveMemCurrent, 2n ** 64n - 1n)).toBe('18446744073709551615');
  });
});

describe('walkLines', () => {
  const lines = [...walkLines(tree, context)];

  test.each([
    'LIBVIRT-EXT-MIB::lveDomName.1 = STRING: web-01',
    'LIBVIRT-EXT-MIB::lveDomName.2 = STRING: größe "zwei"\\x07',
    'LIBVIRT-EXT-MIB::lveDomUp.7 = INTEGER: down(0)',
    'LIBVIRT-EXT-MIB::lveLabelValue.1."env" = STRING: production',
    'LIBVIRT-EXT-MIB::lveJobStatValue.1.background."memory_dirty_rate" = Counter64: 900',
    'LIBVIRT-EXT-MIB::lveCollectorEnabled.raw = INTEGER: false(2)',
    'VM-MIB::vmUUID.1 = STRING: 00000000-0000-4000-8000-000000000001',
    'VM-MIB::vmCpuAffinity.1.1.196609 = INTEGER: disable(2)',
  ])('has %s', (line) => {
    expect(lines).toContain(line);
  });

  test('leaves out what does not exist', () => {
    expect(lines.filter((line) => line.includes('lveLibraryVersion'))).toEqual([]);
    expect(lines.filter((line) => line.startsWith('LIBVIRT-EXT-MIB::lveDomUptime.7'))).toEqual([]);
  });
});

describe('toJson', () => {
  const json = toJson(tree, context);

  test('has scalars by name', () => {
    expect(json.scalars).toMatchObject({ lveConnState: 'connected', lveConnReadOnly: true, vmNumber: 3 });
    expect(json.scalars).not.toHaveProperty('lveLibraryVersion');
  });

  test('has the rows of each table with their index by name', () => {
    expect(json.tables['lveDomTable']?.map((row) => [row['lveDomIndex'], row['lveDomName']])).toEqual([
      [1, 'web-01'],
      [2, 'größe "zwei"\u0007'],
      [4, 'backup'],
      [7, 'job-runner-17'],
    ]);
    expect(json.tables['lveJobStatTable']?.[1]).toEqual({
      lveDomIndex: 1,
      lveJobKind: 'background',
      lveJobStatName: 'operation',
      lveJobStatValue: 5,
      lveJobStatText: '5',
      lveJobStatRowName: 'web-01:background:operation',
    });
  });

  test('survives JSON', () => {
    expect(JSON.parse(JSON.stringify(json))).toEqual(json);
  });
});
