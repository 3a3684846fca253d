import { describe, expect, it } from 'vitest';
import { collectorKinds, makeCollectors } from '../../../src/collect/collectors.ts';
import { loadConfig } from '../../../src/config/load.ts';

async function namesWith(extraStats: string, local = true): Promise<readonly string[]> {
  const { config } = await loadConfig({
    file: undefined,
    env: {},
    flags: [{ key: 'collect.extra_stats', option: 'extra-stats', text: extraStats }],
  });
  return makeCollectors({ config, local }).map(({ name }) => name);
}

describe('the collectors', () => {
  it('have a name each', () => {
    const names = collectorKinds.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('are in use by their selectors', async () => {
    expect(await namesWith('none')).toEqual([
      'inventory',
      'domain-stats',
      'host-identity',
      'host-stats',
      'definitions',
    ]);
    expect(await namesWith('all')).toEqual(collectorKinds.map(({ name }) => name));
    expect(await namesWith('fs_info')).toContain('guest-agent');
  });

  it('look at this machine only where the hypervisor is this machine', async () => {
    expect(await namesWith('perf', true)).toContain('rdt-conflict');
    expect(await namesWith('perf', false)).not.toContain('rdt-conflict');
  });
});
