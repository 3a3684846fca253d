import { describe, expect, test } from 'vitest';
import { domainEvents, lifecycleEventNames } from '../../../src/libvirt-enums/domain-event.ts';
import { blockJobTypes, jobOperations, jobTypes } from '../../../src/libvirt-enums/domain-job.ts';
import { controlStates, domainStates, vcpuStates } from '../../../src/libvirt-enums/domain-state.ts';
import { poolStates } from '../../../src/libvirt-enums/infrastructure.ts';
import { paramTypeNames, paramTypes } from '../../../src/libvirt-enums/typed-param.ts';
import { definitions } from '../../../src/mib/definitions.ts';
import { eventKinds } from '../../../src/model/event.ts';

// Where the MIB has the numbers of libvirt, both are the same.

test('the MIB counts lifecycle events from 1, and the others from 10', () => {
  const kinds: Readonly<Record<string, number>> = eventKinds;
  expect(lifecycleEventNames.map((name) => kinds[name])).toEqual(lifecycleEventNames.map((_, at) => at + 1));
  const others = domainEvents.map(([name]) => name).slice(1);
  expect(others.map((name) => kinds[name])).toEqual(others.map((_, at) => at + 11));
});

describe.each([
  ['lveDomState', domainStates, 0],
  ['lveDomControlState', controlStates, 1],
  ['lveVcpuState', vcpuStates, 0],
  ['lvePoolState', poolStates, 0],
  ['lveJobType', jobTypes, 0],
  ['lveJobOperation', jobOperations, 0],
  ['lveBlockJobType', blockJobTypes, 0],
  ['lveStatType', paramTypeNames.slice(1), 1],
] as const)('%s', (object, names, first) => {
  test('has the numbers of libvirt', () => {
    const { labels = {} } = definitions[object];
    expect(names.map((name) => labels[name])).toEqual(names.map((_, at) => first + at));
  });
});

test('types of parameters have one name each', () => {
  for (const [name, number] of Object.entries(paramTypes)) expect(paramTypeNames[number]).toBe(name);
});
