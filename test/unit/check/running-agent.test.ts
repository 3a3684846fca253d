import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { fleetFindings } from '../../../src/check/fleet.ts';
import { connectionFinding, labelOf, numberOf } from '../../../src/check/running-agent.ts';
import { hypervisorConfigs } from '../../../src/config/hypervisor-configs.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { makeLabDirectory } from '../../lab/lab-directory.ts';

const connected = { state: 'connected', uri: 'qemu:///system', lastError: '', ageSec: 3, intervalSec: 10 };

describe('the connection of the running agent', () => {
  test.each([
    ['is there', {}, undefined, 'connected to qemu:///system, its data is 3 s old'],
    [
      'has no data yet',
      { ageSec: undefined },
      undefined,
      'connected to qemu:///system, it shows no data yet',
    ],
    [
      'has old data',
      { ageSec: 31 },
      'agent-data-old',
      'connected to qemu:///system, but its data is 31 s old',
    ],
    ['has a long interval', { ageSec: 31, intervalSec: 60 }, undefined, 'its data is 31 s old'],
    ['is lost', { state: 'connecting', lastError: 'no' }, 'agent-libvirt-lost', 'connecting, and its data'],
    ['is hidden', { state: undefined }, 'agent-state-hidden', 'does not say whether it is connected'],
  ])('%s', (_name, seen, problem, text) => {
    const found = connectionFinding({ ...connected, ...seen });
    expect(found.problem).toBe(problem);
    expect(found.text).toContain(text);
  });

  test('is not known where the object is not shown', () => {
    expect(labelOf('lveNotifyEnable', numberOf(undefined))).toBeUndefined();
    expect(labelOf('lveNotifyEnable', 2)).toBe('false');
  });
});

test('data of a hypervisor is old by the configured interval where a view hides that of the agent', async () => {
  await using directory = await makeLabDirectory();
  const file = directory.file('agent.toml');
  await writeFile(file, '[[hypervisors]]\nname = "a"\nuri = "test:///default"\ncollect.interval = 60\n');
  const { config } = await loadConfig({ file, env: {}, flags: [] });
  const problemsOf = (ageSec: number): readonly (string | undefined)[] =>
    fleetFindings(
      new Map([['a', { lveHypervisorState: 2, lveHypervisorRefreshAge: ageSec }]]),
      config,
      hypervisorConfigs(config),
      new Set(),
    ).map(({ problem }) => problem);
  expect(problemsOf(180)).toEqual([undefined]);
  expect(problemsOf(181)).toEqual(['agent-data-old']);
});
