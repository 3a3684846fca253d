import { describe, expect, test } from 'vitest';
import { makeApp } from '../../../src/web/app.ts';
import { parseExposition } from '../../support/exposition.ts';
import {
  sampleDomain,
  sampleEmptySnapshot,
  sampleSnapshot,
  sampleUuid,
} from '../../support/sample-snapshot.ts';
import { ask, webRig } from '../../support/web-rig.ts';

// The same machine is at both, as after a copy or in the middle of a migration.
const both = { name: 'rack1.a', snapshot: sampleSnapshot(), others: { rack1_a: sampleSnapshot() } } as const;

async function rig(given: Parameters<typeof webRig>[0]) {
  const app = makeApp(await webRig(given));
  const text = async (path: string): Promise<string> => (await ask(app, { path })).text();
  return { text, json: async (path: string) => JSON.parse(await text(path)) as Record<string, unknown> };
}

describe('with two hypervisors', () => {
  test.each([
    '/api/v1/scalars',
    '/api/v1/domains',
    '/api/v1/domains/1',
    '/api/v1/tables/lveDiskTable',
    '/api/v1/events',
  ])('%s says of which it is', async (path) => {
    const { json } = await rig(both);
    expect((await json(path))['hypervisor']).toBe('rack1.a');
    expect((await json(`${path}?hypervisor=rack1_a`))['hypervisor']).toBe('rack1_a');
  });

  test('the list of them has both, the default one first', async () => {
    const { json } = await rig(both);
    expect(await json('/api/v1/hypervisors')).toMatchObject({
      hypervisors: [
        { name: 'rack1.a', default: true },
        { name: 'rack1_a', default: false },
      ],
    });
  });

  test('each path answers for the one that is named', async () => {
    const named = (name: string) =>
      sampleEmptySnapshot({ domains: [sampleDomain({ name, uuid: sampleUuid(name.length) })] });
    const { json, text } = await rig({ name: 'one', snapshot: named('a'), others: { two: named('bb') } });
    expect(Object.keys(await json('/api/v1.0/stats/?live=true'))).toEqual([sampleUuid(1)]);
    expect(Object.keys(await json('/api/v1.0/stats/?live=true&hypervisor=two'))).toEqual([sampleUuid(2)]);
    expect(await text('/api/v1/dump?hypervisor=two')).toContain('"lveDomName":"bb"');
    expect(await text('/api/v1/dump')).not.toContain('"lveDomName":"bb"');
    expect(await json('/api/v1/domains?hypervisor=three')).toMatchObject({
      status: 404,
      detail: 'three is no hypervisor: /api/v1/hypervisors lists them.',
    });
  });

  test('no two samples of /metrics are the same', async () => {
    const { text } = await rig(both);
    const keys = parseExposition(await text('/metrics')).map(({ name, labels }) =>
      JSON.stringify([name, Object.entries(labels).map(String).sort()]),
    );
    expect(keys.length).toBeGreaterThan(800);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('no name of /statsd is the same', async () => {
    const { text } = await rig(both);
    const namesOf = async (path: string): Promise<readonly string[]> =>
      (await text(path))
        .trimEnd()
        .split('\n')
        .map((line) => line.replace(/:.*/, ''));
    const names = [...(await namesOf('/statsd')), ...(await namesOf('/statsd?hypervisor=rack1_a'))];
    expect(names.length).toBeGreaterThan(20);
    expect(new Set(names).size).toBe(names.length);
  });
});
