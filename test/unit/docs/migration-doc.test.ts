import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { statSelectors } from '../../../src/config/selectors.ts';
import { settings } from '../../../src/config/settings.ts';
import { familySets } from '../../../src/families/set-names.ts';
import { findDefinition, findNotification, findTable } from '../../../src/mib/definitions.ts';
import { libvirtMib } from '../../../src/mib/libvirt-mib.ts';
import { repositoryPath } from '../../lab/mib-path.ts';

const text = readFileSync(`${repositoryPath}/docs/migration.md`, 'utf8');

it('docs/migration.md names only what the modules have', () => {
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

it('docs/migration.md names settings and sets that there are', () => {
  const sections = new Set(settings.map(({ section }) => section));
  const keys = new Set(settings.map(({ key }) => key));
  const code = [...text.matchAll(/`([^`\n]+)`/g)].map(([, inside = '']) => inside);
  const named = code.flatMap((inside) => {
    const [, section = '', name = ''] = /^([a-z]+)[.]([a-z_]+)\b(?![.(])/.exec(inside) ?? [];
    const [, own = '', below = ''] = /^\[(\w+)\] (\w+)/.exec(inside) ?? [];
    return [
      ...(sections.has(section) ? [`${section}.${name}`] : []),
      ...(own === '' ? [] : [`${own}.${below}`]),
    ];
  });
  expect(named).toEqual(
    expect.arrayContaining(['collect.extra_stats', 'http.address', 'notifications.enabled', 'metrics.sets']),
  );
  expect(named.filter((key) => !keys.has(key))).toEqual([]);
  const sets = [...text.matchAll(/metrics[.]sets = \[([^\]]+)\]/g)].flatMap(([, list = '']) =>
    list.match(/\w+/g),
  );
  expect(sets.length).toBeGreaterThan(4);
  expect(sets.filter((set) => !familySets.some((known) => known === set))).toEqual([]);
  // Selectors, where they are named: the guest's file systems are served by one of them.
  expect(statSelectors).toHaveProperty('fs_info');
  expect(code).toContain('fs_info');
});

it('docs/migration.md names metrics that /metrics has', () => {
  const metrics = readFileSync(`${repositoryPath}/docs/metrics.md`, 'utf8');
  const [, ofExporters = ''] = text.split('## From a Prometheus exporter');
  const prose = ofExporters.split('\n## ')[0] ?? '';
  const names = [...prose.matchAll(/`(libvirt_[\w{},]+)`/g)].flatMap(([, name = '']) => expand(name));
  // What another exporter calls it, of which the page says what it is here.
  const theirs = [
    'libvirt_exporter',
    'libvirt_nova_exporter',
    'libvirt_domain_state_code',
    'libvirt_domains_number',
  ];
  const theirTimes = /_(?:read|write|flush)_seconds_total$/;
  const ours = names.filter((name) => !theirs.includes(name) && !theirTimes.test(name));
  expect(ours.length).toBeGreaterThan(16);
  expect(ours.filter((name) => !metrics.includes(`\`${name}\``))).toEqual([]);
});

it('docs/migration.md gives the units that the modules have', () => {
  const units = { us: /^microseconds?$/, octets: /^bytes$/ } as const;
  const told = [...text.matchAll(/((?:(?:VM-MIB::)?(?:lve|vm)\w+(?:, )?)+) \((us|octets)\)/g)].flatMap(
    ([, names = '', unit]) =>
      names.split(', ').map((name) => ({
        name,
        unit: unit === 'us' ? units.us : units.octets,
        has: findDefinition(name.replace('VM-MIB::', ''))?.units ?? '',
      })),
  );
  expect(told.length).toBeGreaterThan(8);
  expect(told.filter(({ unit, has }) => !unit.test(has))).toEqual([]);
});

/** `a_{b,c}_d`, for each of its parts. */
function expand(name: string): readonly string[] {
  const [, before = '', parts = '', behind = ''] = /^([^{]*)\{([^}]*)\}(.*)$/.exec(name) ?? [];
  return parts === '' ? [name] : parts.split(',').flatMap((part) => expand(before + part + behind));
}
