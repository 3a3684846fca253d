import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { servedFamilies } from '../../../src/families/served.ts';
import { renderMetricsDoc } from '../../../tools/metrics-doc.ts';

test('docs/metrics.md is up to date (npm run docs) and has every family', () => {
  const text = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
  expect(text).toBe(renderMetricsDoc());
  for (const { name } of servedFamilies({ sets: ['libvirt'], exclude: [], labelRules: [] }))
    expect(text).toContain(`\`${name}\``);
});
