import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const own = JSON.parse(read('package.json'));

describe('the workflow of CI', () => {
  const workflow = read('.github/workflows/ci.yml');

  it('runs only scripts that there are', () => {
    const scripts = [...workflow.matchAll(/- run: npm (?:run )?([\w:]+)/g)].map(([, name = '']) => name);
    expect(scripts.length).toBeGreaterThan(3);
    expect(scripts.filter((name) => name !== 'ci' && own.scripts[name] === undefined)).toEqual([]);
  });

  it('begins with the oldest Node.js that the package takes', () => {
    const [, oldest = ''] = /node: \[(\d+),/.exec(workflow) ?? [];
    expect(own.engines.node).toMatch(new RegExp(`^>=${oldest}\\.`));
  });
});

it('each release in the changelog has its date, the latest first, and is the version of the package', () => {
  const releases = [...read('CHANGELOG.md').matchAll(/^## \[(.+?)\](?: - (\d{4}-\d{2}-\d{2}))?$/gm)];
  expect(releases[0]?.[1]).toBe('Unreleased');
  const dates = releases.slice(1).map(([, , date = 'no date']) => date);
  expect(dates).toEqual([...dates].sort().reverse());
  expect(dates).not.toContain('no date');
  expect(releases[1]?.[1]).toBe(own.version);
});
