import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { findDefinition, findNotification, findTable } from '../../../src/mib/definitions.ts';
import { libvirtMib } from '../../../src/mib/libvirt-mib.ts';
import { repositoryPath } from '../../lab/mib-path.ts';

it('docs/migration.md names only what the modules have', () => {
  const text = readFileSync(`${repositoryPath}/docs/migration.md`, 'utf8');
  const names = new Set(text.match(/\b(?:lve|vm|libvirtGuest)[A-Z]\w+/g));
  const groups = ['lveHost'];
  const unknown = [...names].filter(
    (name) =>
      findDefinition(name) === undefined &&
      findTable(name) === undefined &&
      findNotification(name) === undefined &&
      !groups.includes(name),
  );
  expect(names.size).toBeGreaterThan(50);
  expect(unknown).toEqual([]);
  // Object by object, with its number.
  for (const [name, { oid }] of Object.entries({ ...libvirtMib.objects, ...libvirtMib.notifications })) {
    expect(text).toContain(`| ${name} | ${oid.join('.')} |`);
  }
});
