import { describe, expect, it } from 'vitest';
import { eventKindByName, eventName } from '../../../src/config/event-names.ts';
import { keyLines } from '../../../src/config/key-lines.ts';
import { defaultStatSelectors, resolveSelectors, statSelectorNames } from '../../../src/config/selectors.ts';
import { nearestName } from '../../../src/config/suggest.ts';
import { maskUserInfo } from '../../../src/mask.ts';

describe('nearestName', () => {
  const known = ['interval', 'retention', 'extra_stats', 'affinity'];

  it.each([
    ['intervall', 'interval'],
    ['Interval', 'interval'],
    ['extra-stat', 'extra_stats'],
    ['retnetion', 'retention'],
    ['colour', undefined],
    ['', undefined],
  ])('%j is near to %j', (name, expected) => {
    expect(nearestName(name, known)).toBe(expected);
  });
});

describe('resolveSelectors', () => {
  it('begins with the default set when the first word removes', () => {
    expect(resolveSelectors(['-perf'])).toEqual(defaultStatSelectors.filter((name) => name !== 'perf'));
  });

  it('knows the sets', () => {
    expect(resolveSelectors(['all'])).toEqual(statSelectorNames);
    expect(resolveSelectors(['none'])).toEqual([]);
    expect(resolveSelectors(['default', 'raw'])).toEqual(resolveSelectors(['raw', 'default']));
    expect(resolveSelectors([])).toEqual([]);
  });
});

describe('event names', () => {
  it.each([
    ['ioError', 'io-error'],
    ['blockJob2', 'block-job-2'],
    ['pmSuspendDisk', 'pm-suspend-disk'],
    ['reboot', 'reboot'],
  ] as const)('%s is %s', (kind, name) => {
    expect(eventName(kind)).toBe(name);
    expect(eventKindByName.get(name)).toBe(kind);
  });
});

describe('keyLines', () => {
  it('finds keys, tables and lists of tables', () => {
    const text = 'a = 1\n[b.c]\n"d/e" = 2 # x\n\n[[f]]\nname = 1\n[[f]]\n  name = 2\nx.y = 3\n';
    expect(Object.fromEntries(keyLines(text))).toEqual({
      a: 1,
      'b.c': 2,
      'b.c.d/e': 3,
      f: 5,
      'f.0': 5,
      'f.0.name': 6,
      'f.1': 7,
      'f.1.name': 8,
      'f.1.x.y': 9,
    });
  });
});

describe('maskUserInfo', () => {
  it.each([
    ['qemu+ssh://bob@host/system', 'qemu+ssh://***@host/system'],
    ['to qemu+tcp://a:b@h/ and qemu:///x', 'to qemu+tcp://***@h/ and qemu:///x'],
    ['qemu:///system', 'qemu:///system'],
    ['mail bob@host', 'mail bob@host'],
  ])('%s', (text, expected) => {
    expect(maskUserInfo(text)).toBe(expected);
  });
});
