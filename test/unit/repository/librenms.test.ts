import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { findDefinition } from '../../../src/mib/definitions.ts';
import { compareOids, parseOid } from '../../../src/tree/oid.ts';
import { repositoryPath } from '../../lab/mib-path.ts';
import { objectAt } from '../../support/object-at.ts';
import { oidOf } from '../../support/served-walk.ts';

interface Sensor {
  readonly oid: string;
  readonly value?: string;
  readonly num_oid: string;
  readonly descr: string;
  readonly divisor?: number;
  readonly states?: readonly { readonly descr: string; readonly value: number }[];
}

const files = `${repositoryPath}/contrib/librenms`;
const { modules } = parse(readFileSync(`${files}/libvirt.yaml`, 'utf8')) as {
  readonly modules: { readonly sensors: Readonly<Record<string, { readonly data: readonly Sensor[] }>> };
};
const sensors = Object.values(modules.sensors).flatMap(({ data }) => data);

describe('contrib/librenms', () => {
  test.each(sensors.map((sensor) => [sensor.value ?? sensor.oid, sensor] as const))(
    'asks for %s by its number and knows its values',
    (name, sensor) => {
      expect(sensor.num_oid).toBe(`.${oidOf(name)}.{{ $index }}`);
      const definition = findDefinition(name);
      const labels = Object.entries(definition?.labels ?? {});
      const states = sensor.states?.map(({ descr, value }) => [descr, value]) ?? [];
      expect(states).toEqual(labels);
      expect(sensor.divisor).toBe(definition?.units === 'hundredths of a percent' ? 100 : undefined);
      for (const [, column = ''] of sensor.descr.matchAll(/\$(\w+)/g)) {
        expect(findDefinition(column)?.oid.slice(0, -1)).toEqual(definition?.oid.slice(0, -1));
      }
    },
  );

  test('has a recording of every one of them but file systems, for which a guest agent is needed', () => {
    const lines = readFileSync(`${files}/linux_libvirt-agentx.snmprec`, 'utf8').trim().split('\n');
    const recorded = lines.map((line) => objectAt(line.split('|', 1)[0] ?? ''));
    const names = sensors.map(({ value, oid }) => value ?? oid).filter((name) => name !== 'lveFsUsedPercent');
    expect(recorded).toEqual(expect.arrayContaining(names));
  });

  test('has a recording in the order of a walk, which snmpsim wants', () => {
    const lines = readFileSync(`${files}/linux_libvirt-agentx.snmprec`, 'utf8').trim().split('\n');
    const oids = lines.map((line) => parseOid(line.split('|', 1)[0] ?? ''));
    expect([...oids].sort(compareOids)).toEqual(oids);
  });
});
