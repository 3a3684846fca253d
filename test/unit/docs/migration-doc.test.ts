import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { findDefinition } from '../../../src/mib/definitions.ts';
import { notifications, tables } from '../../../src/mib/objects.gen.ts';
import { repositoryPath } from '../../lab/mib-path.ts';

it('docs/migration.md names only what the modules have', () => {
  const text = readFileSync(`${repositoryPath}/docs/migration.md`, 'utf8');
  const names = new Set(text.match(/\b(?:lve|vm)[A-Z]\w+/g));
  const groups = ['lveHost'];
  const unknown = [...names].filter(
    (name) =>
      findDefinition(name) === undefined &&
      !(name in tables) &&
      !(name in notifications) &&
      !groups.includes(name),
  );
  expect(names.size).toBeGreaterThan(50);
  expect(unknown).toEqual([]);
});
