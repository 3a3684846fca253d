import { describe, expect, test } from 'vitest';
import { definitions } from '../../../src/mib/definitions.ts';
import { converterOf } from '../../../src/smi/convert.ts';
import type { BoundValue } from '../../../src/smi/values.ts';
import type { WireValue } from '../../../src/tree/tree.ts';
import { SAMPLE_NOW } from '../../support/sample-snapshot.ts';

function convert(name: keyof typeof definitions, value: BoundValue): WireValue | undefined {
  return converterOf(definitions[name])(value);
}

function textOf(value: WireValue | undefined): string {
  return Buffer.from(value as Uint8Array).toString('utf8');
}

describe('numbers', () => {
  test('Integer32 is clamped to the range of the MIB', () => {
    expect(convert('vmCurMem', 2 ** 40)).toBe(2 ** 31 - 1);
    expect(convert('vmCurMem', -5)).toBe(0);
    expect(convert('vmMinMem', -1)).toBe(-1);
    expect(convert('lveGuestTimeOffset', -3600)).toBe(-3600);
  });

  test('Gauge32 is clamped, Counter32 wraps', () => {
    expect(convert('lveDomUptime', 2 ** 33)).toBe(2 ** 32 - 1);
    expect(convert('lveRefreshCount', 2 ** 32 + 5)).toBe(5);
  });

  test('TimeTicks wrap after 497 days', () => {
    expect(convert('vmHvUpTime', 2 ** 32 + 1)).toBe(1);
  });

  test('fractions are cut, what is not a number is absent', () => {
    expect(convert('lveDomCpuPercent', 12.9)).toBe(12);
    expect(convert('lveDomCpuPercent', Number.NaN)).toBeUndefined();
    expect(convert('lveMemCurrent', Number.NaN)).toBeUndefined();
  });

  test('Counter64 wraps at 2^64, CounterBasedGauge64 stops there', () => {
    expect(convert('vmCpuTime', 2n ** 64n + 3n)).toBe(3n);
    expect(convert('lveMemCurrent', 2n ** 64n + 3n)).toBe(2n ** 64n - 1n);
    expect(convert('lveMemCurrent', 2 ** 60)).toBe(2n ** 60n);
    expect(convert('lveMemCurrent', 42)).toBe(42);
    expect(convert('lveMemCurrent', -1)).toBe(0);
  });
});

describe('labels and booleans', () => {
  test('a label becomes its number', () => {
    expect(convert('lveDomState', 'shutoff')).toBe(5);
    expect(convert('lveDomState', 'other')).toBe(255);
    expect(convert('lveDomState', 'toString')).toBeUndefined();
  });

  test('TruthValue is 1 or 2', () => {
    expect(convert('lveDomManagedSave', true)).toBe(1);
    expect(convert('lveDomManagedSave', false)).toBe(2);
  });
});

describe('times', () => {
  test('DateAndTime has eleven octets in UTC', () => {
    expect(convert('lveConnSince', Date.UTC(2026, 10, 21, 12, 34, 56, 789))).toEqual(
      Uint8Array.of(0x07, 0xea, 11, 21, 12, 34, 56, 7, 0x2b, 0, 0),
    );
    expect(convert('lveConnSince', Number.NaN)).toBeUndefined();
  });

  test('of a TimeStamp the moment is kept', () => {
    expect(convert('lveDomTableLastChange', SAMPLE_NOW - 59_000)).toBe(SAMPLE_NOW - 59_000);
    expect(convert('lveDomTableLastChange', Number.NaN)).toBeUndefined();
  });
});

describe('strings', () => {
  test('a text is cut at a character boundary', () => {
    expect(textOf(convert('lveDomTitle', 'Ü'.repeat(128)))).toBe('Ü'.repeat(127));
    expect(convert('lveDomTitle', 'short')).toBe('short');
  });

  test('a text that fits no size is absent', () => {
    expect(convert('lveDomName', '')).toBeUndefined();
    expect(convert('lveDomUuid', 'too short')).toBeUndefined();
    expect(convert('lveEventDomUuid', '')).toBe('');
    expect(convert('lveEventDomUuid', 'abc')).toBeUndefined();
  });

  test('a CPU list is cut after a complete element', () => {
    const long = Array.from({ length: 400 }, (_, number) => number * 2).join(',');
    const cut = textOf(convert('lveVcpuPin', long));
    expect(cut.length).toBeLessThanOrEqual(1024);
    expect(long.startsWith(`${cut},`)).toBe(true);
    expect(convert('lveVcpuPin', '0-3,8')).toBe('0-3,8');
  });

  test('octets are sent as they are', () => {
    const uuid = new Uint8Array(16);
    expect(convert('vmUUID', uuid)).toBe(uuid);
    expect(convert('vmUUID', new Uint8Array(15))).toBeUndefined();
    expect(convert('lveXmlText', Uint8Array.of(0xc3))).toEqual(Uint8Array.of(0xc3));
  });
});
