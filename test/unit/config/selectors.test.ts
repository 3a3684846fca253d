import { describe, expect, it } from 'vitest';
import {
  defaultStatSelectors,
  resolveSelectors,
  selectorText,
  statSelectorNames,
} from '../../../src/config/selectors.ts';

describe('selectorText', () => {
  it.each([
    ['none', []],
    ['all', statSelectorNames],
    ['default', defaultStatSelectors],
    ['disk pcpu', ['disk', 'pcpu']],
    ['default raw -perf', resolveSelectors(['default', 'raw', '-perf'])],
    ['all -xml', resolveSelectors(['all', '-xml'])],
  ] as const)('says %s', (text, selectors) => {
    expect(selectorText(selectors)).toBe(text);
  });

  it('selects the same, in no more octets than its object holds', () => {
    // Every other, every third, ... and what is left then: far from every set.
    for (let step = 2; step <= 12; step++) {
      for (const keep of [true, false]) {
        const selectors = statSelectorNames.filter((_, at) => (at % step === 0) === keep);
        const text = selectorText(selectors);
        expect(resolveSelectors(text.split(' '))).toEqual(selectors);
        expect(text.length).toBeLessThanOrEqual(255);
      }
    }
    const longestFirst = [...statSelectorNames].sort((a, b) => b.length - a.length);
    for (let kept = 0; kept <= longestFirst.length; kept++) {
      const chosen = new Set(longestFirst.slice(0, kept));
      const text = selectorText(statSelectorNames.filter((name) => chosen.has(name)));
      expect(text.length).toBeLessThanOrEqual(255);
    }
  });
});
