import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RdtConflict } from '../../../../src/collect/sources/rdt-conflict.ts';
import { activeRecord, testPass } from '../collector-pass.ts';
import { counters, sampleOf } from '../params.ts';

describe('RdtConflict', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rdt-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  async function warningsWith(mounts: string, events: readonly string[]) {
    const mountsPath = join(directory, 'mounts');
    await writeFile(mountsPath, mounts);
    const record = activeRecord('guest');
    record.runtime.sample = sampleOf(counters(Object.fromEntries(events.map((name) => [`perf.${name}`, 1]))));
    const { pass, warnings } = testPass([record]);
    warnings.raise('rdt-conflict', 'rdtConflict', 'of an earlier run');
    await new RdtConflict(mountsPath).collect(pass);
    return warnings.rows;
  }

  const mounted = 'proc /proc proc rw 0 0\nresctrl /sys/fs/resctrl resctrl rw 0 0\n';

  it('warns where both use the hardware, and names the domain', async () => {
    const rows = await warningsWith(mounted, ['cpu_clock', 'mbmt']);
    expect(rows).toMatchObject([{ code: 'rdtConflict' }]);
    expect(rows[0]?.text).toMatch(/\/sys\/fs\/resctrl.*guest/);
  });

  it('withdraws the warning when one of them ends', async () => {
    expect(await warningsWith(mounted, ['cpu_clock'])).toEqual([]);
    expect(await warningsWith('proc /proc proc rw 0 0\n', ['cmt'])).toEqual([]);
  });
});
