import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Dimensions } from '../../../src/families/dimensions.ts';
import { type DomainLabels, reservedLabels } from '../../../src/families/domain-labels.ts';
import type { Family } from '../../../src/families/family.ts';
import { unmeasurable } from '../../../src/families/family-table.ts';
import { infoFamilies } from '../../../src/families/info-families.ts';
import { servedFamilies } from '../../../src/families/served.ts';
import { familySets } from '../../../src/families/set-names.ts';
import { suffixOf } from '../../../src/families/suffix.ts';
import { familyTables } from '../../../src/families/tables/index.ts';
import { definitions, findDefinition } from '../../../src/mib/definitions.ts';
import { scalarGroups, tables } from '../../../src/mib/objects.gen.ts';
import { SampleImage } from '../../support/sample-image.ts';
import {
  sampleDisk,
  sampleDomain,
  sampleEmptySnapshot,
  sampleGoneDomain,
  sampleJob,
  sampleNic,
  sampleSnapshot,
  sampleUuid,
  sampleVcpu,
} from '../../support/sample-snapshot.ts';

const families = servedFamilies({ sets: ['libvirt'], exclude: [], labelRules: [] });
const allFamilies = servedFamilies({ sets: familySets, exclude: [], labelRules: ['a.b'] });

describe('the tables of families', () => {
  test('have the labels that are reserved, and no others, for domains', () => {
    // They tell the same as a label of every series would, under the same names.
    const same = ['libvirt_domain_info', 'libvirt_domain_openstack_info'];
    const own = [...familyTables, ...infoFamilies.filter(({ name }) => !same.includes(name))].flatMap(
      (one) => {
        const { labels = {} } = one;
        const texts = 'texts' in one ? one.texts : {};
        return 'domain' in labels ? [...Object.keys(labels), ...Object.keys(texts)] : [];
      },
    );
    expect([...reservedLabels].sort()).toEqual([...new Set(own)].sort());
  });

  test('are of each object that can be measured, once', () => {
    const objects: readonly string[] = familyTables.flatMap(({ table, group }) => [
      ...(table === undefined ? [] : tables[table].columns),
      ...(group === undefined ? [] : scalarGroups[group].scalars),
    ]);
    expect(new Set(objects).size).toBe(objects.length);
    const measurable = Object.entries(definitions).filter(
      ([, { access, kind }]) => access.startsWith('read') && !unmeasurable.has(kind),
    );
    expect(measurable.map(([name]) => name).filter((name) => !objects.includes(name))).toEqual([]);
  });

  test('say nothing that follows from the MIB by itself', () => {
    const spare = familyTables.flatMap(({ table, group, rest = '', families: own }) =>
      Object.entries(own)
        .filter(([object, line]) => {
          const definition = findDefinition(object);
          if (rest === null) return line === null;
          if (definition === undefined || !object.startsWith('lve')) return false;
          return line === `${rest}${suffixOf(object, table ?? group ?? '', definition)}`;
        })
        .map(([object]) => object),
    );
    expect(spare).toEqual([]);
  });

  test('give names that say what they are', () => {
    for (const { name, type, series } of families) {
      expect(name).toMatch(/^libvirt_[a-z0-9]+(_[a-z0-9]+)*$/);
      expect(name.endsWith('_total'), name).toBe(type === 'counter');
      expect(name.endsWith('_info'), name).toBe(type === 'info');
      expect(name).not.toMatch(/_(milliseconds|microseconds|nanoseconds|percent|kib|mib)(_total)?$/);
      // Ages change with every look: moments are served instead.
      expect(name).not.toMatch(/_age(_seconds)?$/);
      for (const { labels, fixed } of series) {
        const names = [...Object.keys(labels), ...Object.keys(fixed)];
        expect(new Set(names).size).toBe(names.length);
      }
    }
  });

  test('give each name once', () => {
    const names = families.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThan(220);
  });

  test('have a help of their own where several objects make one family', () => {
    for (const { name, series, help } of families) {
      const objects = new Set(series.map(({ object }) => object));
      if (objects.size < 2) continue;
      const [first = ''] = objects;
      expect(help, name).not.toBe(definitions[first as keyof typeof definitions].summary);
    }
  });

  test('leave out what the configuration excludes', () => {
    const left = servedFamilies({ sets: ['libvirt'], exclude: [/^libvirt_domain_/], labelRules: [] });
    expect(left.some(({ name }) => name.startsWith('libvirt_domain_'))).toBe(false);
    expect(left.some(({ name }) => name === 'libvirt_up')).toBe(true);
  });

  test('call rules that differ in points and dashes only by different labels', () => {
    const own = servedFamilies({ sets: ['libvirt'], exclude: [], labelRules: ['a.b', 'a-b'] }).find(
      ({ name }) => name === 'libvirt_domain_labels',
    );
    expect(Object.keys(own?.series[0]?.labels ?? {})).toEqual(['domain']);
    expect(Object.keys(own?.series[0]?.texts ?? {})).toEqual(['label_a_b', 'label_a_b_2']);
  });
});

/** Every label set of every family, or only those labels that tell samples apart. */
function labelSets(
  image: SampleImage,
  {
    of = families,
    domainLabels = {},
    isIdentity = false,
  }: {
    readonly of?: readonly Family[];
    readonly domainLabels?: DomainLabels;
    readonly isIdentity?: boolean;
  } = {},
): Map<string, string[]> {
  const dimensions = new Dimensions(image.tree, domainLabels);
  const sets = new Map<string, string[]>();
  for (const { name, series } of of) {
    for (const each of series) {
      const { names, rows } = dimensions.rowsOf(each);
      const wanted = isIdentity ? Object.keys(each.labels) : names;
      for (const values of rows) {
        if (values === undefined) continue;
        const pairs = wanted
          .map((label) => [label, values[names.indexOf(label)] ?? ''])
          .filter(([, value]) => value !== '');
        const all = [...pairs, ...Object.entries(each.fixed)].map((pair) => JSON.stringify(pair));
        sets.set(name, [...(sets.get(name) ?? []), all.sort().join()]);
      }
    }
  }
  return sets;
}

describe('labels', () => {
  test('are those of the row, by the names of libvirt', () => {
    const sets = labelSets(new SampleImage(sampleSnapshot()));
    expect(sets.get('libvirt_domain_block_stats_read_bytes_total')).toContain(
      '["domain","web-01"],["target_device","vda"]',
    );
    expect(sets.get('libvirt_domain_vcpu_time_seconds_total')).toContain('["domain","web-01"],["vcpu","0"]');
    expect(sets.get('libvirt_host_cpu_seconds_total')).toContain('["mode","iowait"]');
    expect(sets.get('libvirt_host_huge_pages')).toContain('["node","0"],["page_kib","2048"]');
  });

  test('leave out a domain that is gone when its name is taken again', () => {
    const domains = [
      sampleGoneDomain({ index: 1, name: 'web' }),
      sampleDomain({ index: 2, name: 'web' }),
      sampleGoneDomain({ index: 3, name: 'old' }),
      sampleGoneDomain({ index: 4, name: 'old' }),
    ];
    const image = new SampleImage(sampleEmptySnapshot({ domains }));
    const dimensions = new Dimensions(image.tree, {});
    const up = families.find(({ name }) => name === 'libvirt_domain_up')?.series[0];
    expect(up && dimensions.rowsOf(up).rows).toEqual([undefined, ['web'], undefined, ['old']]);
  });

  test('of what describes a domain that is gone are left out when its name is taken again', () => {
    const domains = [
      sampleGoneDomain({ index: 1, name: 'web' }),
      sampleDomain({ index: 2, name: 'web' }),
      sampleGoneDomain({ index: 3, name: 'old' }),
    ];
    const image = new SampleImage(sampleEmptySnapshot({ domains }));
    const domainLabels = { uuid: 'lveDomUuid' };
    for (const family of ['libvirt_domain_info', 'libvirt_domain_up']) {
      const [first, ...more] = labelSets(image, { domainLabels }).get(family) ?? [];
      expect(more, family).toHaveLength(1);
      expect(first, family).toContain(sampleUuid(2));
      expect(more[0], family).toContain(sampleUuid(3));
    }
  });

  test('name an interface without a device by its MAC address', () => {
    const nics = [
      sampleNic({ index: 1, target: undefined, mac: '52:54:00:00:00:01' }),
      sampleNic({ index: 2, target: undefined, mac: '52:54:00:00:00:01' }),
    ];
    const sets = labelSets(
      new SampleImage(sampleEmptySnapshot({ domains: [sampleDomain({ name: 'a', nics })] })),
    );
    expect(sets.get('libvirt_domain_interface_stats_receive_bytes_total')).toEqual([
      '["domain","a"],["target_device","52:54:00:00:00:01"]',
      '["domain","a"],["target_device","52:54:00:00:00:01#2"]',
    ]);
  });

  test('of what describes a device name it as its figures do', () => {
    const mac = fc.constantFrom('52:54:00:00:00:01', '52:54:00:00:00:02');
    const target = fc.constantFrom(undefined, 'vnet0');
    const nic = fc.record({ mac, target, model: fc.constantFrom('virtio', 'e1000') });
    fc.assert(
      fc.property(fc.array(nic, { minLength: 1, maxLength: 5 }), (given) => {
        const nics = given.map((each, at) => sampleNic({ index: at + 1, ...each }));
        const domains = [sampleDomain({ name: 'a', nics })];
        const { tree } = new SampleImage(sampleEmptySnapshot({ domains }));
        // A label that all rows of the domain share is put behind those of the row.
        const dimensions = new Dimensions(tree, { uuid: 'lveDomUuid' });
        const devices = (family: string): readonly unknown[] => {
          const series = families.find(({ name }) => name === family)?.series[0];
          const { names = [], rows = [] } = series === undefined ? {} : dimensions.rowsOf(series);
          return rows.map((values) => values?.[names.indexOf('target_device')]);
        };
        const named = devices('libvirt_domain_interface_stats_receive_bytes_total');
        expect(new Set(named).size).toBe(given.length);
        expect(devices('libvirt_domain_interface_stats_info')).toEqual(named);
      }),
      { numRuns: 100 },
    );
  });

  test('are never the same twice in a family, whatever the machines are called', () => {
    // XML has no such characters, but the odds are what is wanted: few names, so that many are the same.
    const name = fc.constantFrom('a', 'a#1', 'a#2', 'vda', 'vda#2', 'ä"\\\n', '{}', '');
    const domain = fc.record({
      name,
      isGone: fc.boolean(),
      targets: fc.array(name, { maxLength: 4 }),
      jobs: fc.uniqueArray(fc.constantFrom('background', 'completed'), { maxLength: 2 }),
    });
    fc.assert(
      fc.property(fc.array(domain, { maxLength: 5 }), (given) => {
        const domains = given.map(({ name: called, isGone, targets, jobs }, at) => {
          const index = at + 1;
          if (isGone) return sampleGoneDomain({ index, name: called });
          return sampleDomain({
            index,
            name: called,
            disks: targets.map((target, disk) => sampleDisk({ index: disk + 1, target })),
            nics: targets.map((target, nic) => sampleNic({ index: nic + 1, target })),
            vcpus: targets.map((_, vcpu) => sampleVcpu({ number: vcpu })),
            jobs: jobs.map((kind) => ({ ...sampleJob, kind })),
          });
        });
        const image = new SampleImage(sampleEmptySnapshot({ domains }));
        const labels: DomainLabels = { uuid: 'lveDomUuid', kind_of: 'lveDomTitle' };
        // A join on what tells samples apart meets one of them, in every set, with and without more labels.
        for (const domainLabels of [{}, labels]) {
          const sets = labelSets(image, { of: allFamilies, domainLabels, isIdentity: true });
          for (const [family, all] of sets) expect(new Set(all).size, family).toBe(all.length);
        }
      }),
      { numRuns: 200 },
    );
  });
});
