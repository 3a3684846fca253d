import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { dashboardFiles } from '../../tools/grafana/dashboard-files.ts';
import { repositoryPath } from '../lab/mib-path.ts';
import { shippedDashboards } from '../support/grafana-dashboard.ts';

describe.each([...dashboardFiles()])('%s', (path, text) => {
  it("is that of its declaration (else run 'npm run docs')", () => {
    expect(readFileSync(`${repositoryPath}/${path}`, 'utf8')).toBe(text);
  });
});

it('ships no dashboard without a declaration, and none twice', () => {
  const shipped = shippedDashboards();
  expect(shipped.map(([path]) => path).sort()).toEqual([...dashboardFiles().keys()].sort());
  expect(new Set(shipped.map(([, { uid }]) => uid)).size).toBe(shipped.length);
});

describe.each(shippedDashboards())('%s', (_path, { panels, templating }) => {
  it('has panels side by side, each with an identifier of its own', () => {
    const cells = panels.flatMap(({ id, gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, at) => [id, `${x + (at % w)},${y + Math.floor(at / w)}`] as const),
    );
    const owners = new Map<string, number>();
    for (const [id, cell] of cells) {
      expect(owners.get(cell), `panel ${id} lies on another at ${cell}`).toBeUndefined();
      owners.set(cell, id);
    }
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(panels.filter(({ gridPos: { x, w } }) => x + w > 24)).toEqual([]);
  });

  it('asks for nothing but what its variables choose', () => {
    const names = templating.list.filter(({ type }) => type === 'query').map(({ name }) => name);
    for (const { title, targets = [] } of panels) {
      for (const { expr } of targets) {
        const selectors = [...expr.matchAll(/(?<!group_left \()\blibvirt_\w+(\{[^}]*\})?/g)];
        expect(selectors.length, title).toBeGreaterThan(0);
        for (const [written, selector = ''] of selectors) {
          expect(
            names.filter((name) => !selector.includes(`"$${name}"`)),
            written,
          ).toEqual([]);
        }
      }
    }
  });
});
