import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { biosGuest } from '../lab/domain-xml.ts';
import { makeQcow2Image } from '../lab/image.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { type RunningCollection, runCollection } from './running-collection.ts';

/** The pace of the sources is the default one: what is asked when a domain starts or stops must not wait for it. */
const settings = { 'collect.interval': '1', 'intervals.jobs': '1' };

const mac = '52:54:00:00:00:01';

describe('a domain that is off', () => {
  let libvirtd: Libvirtd;
  let collection: RunningCollection;
  const guest = async (name: string, cputune?: string) =>
    biosGuest({
      name,
      type: libvirtd.domainType,
      ...(cputune === undefined ? {} : { cputune }),
      disks: [
        {
          path: await makeQcow2Image(`${libvirtd.imagesPath}/${name}.qcow2`, { sizeMib: 8 }),
          format: 'qcow2',
        },
      ],
      // Of a network in user mode libvirt takes no limits; this bridge is never looked for.
      ...(cputune === undefined ? {} : { nics: [{ mac, bridge: 'nowhere0' }] }),
    });

  beforeAll(async () => {
    libvirtd = await startLibvirtd();
    const cputune =
      "<shares>512</shares><period>100000</period><quota>50000</quota><emulatorpin cpuset='1'/>";
    await libvirtd.define(await guest('configured', cputune));
    const config = (...args: readonly string[]) => libvirtd.virsh(...args, '--config');
    await config('blkdeviotune', 'configured', 'vda', '--total-iops-sec', '500', '--group-name', 'gold');
    await config('domiftune', 'configured', mac, '--inbound', '1000', '--outbound', '2000');
    await libvirtd.run(await guest('worked'));
    collection = await runCollection(libvirtd.uri, settings);
    return async () => {
      await collection[Symbol.asyncDispose]();
    };
  });
  afterAll(() => libvirtd.stop());

  it('has the settings of its configuration', async () => {
    const off = await collection.domain(
      'configured',
      'its settings',
      ({ cpu, ioTunes, nics, facts }) =>
        !facts.active &&
        cpu?.settings.shares !== undefined &&
        cpu.settings.emulatorPin !== undefined &&
        ioTunes.length > 0 &&
        nics[0]?.limits !== undefined,
    );
    expect(off.cpu?.settings).toMatchObject({
      shares: 512,
      periodUs: 100_000,
      quotaUs: 50_000,
      emulatorPin: '1',
    });
    expect(off.ioTunes).toMatchObject([{ target: 'vda', totalIops: 500, groupName: 'gold' }]);
    expect(off.nics[0]?.limits).toEqual({ inAverageBytes: 1000 * 1024, outAverageBytes: 2000 * 1024 });
    const told = (...args: readonly string[]) => libvirtd.virsh(...args, '--config');
    expect(await told('schedinfo', 'configured')).toMatch(
      /cpu_shares +: 512\nvcpu_period +: 100000\nvcpu_quota +: 50000/,
    );
    expect(await told('blkdeviotune', 'configured', 'vda')).toMatch(/^group_name +: gold$/m);
    expect(await told('domiftune', 'configured', mac)).toMatch(/^outbound.average: 2000$/m);
    expect((await told('emulatorpin', 'configured')).trim()).toBe('1');
  });

  it('has other limits when it runs, and its configured ones again when it has stopped', async () => {
    const limitIs =
      (limit: number | undefined) =>
      (one: { readonly ioTunes: readonly { readonly totalIops?: unknown }[] }) =>
        one.ioTunes[0]?.totalIops === limit;
    await libvirtd.virsh('blkdeviotune', 'worked', 'vda', '--total-iops-sec', '300', '--config');
    await libvirtd.virsh('blkdeviotune', 'worked', 'vda', '--total-iops-sec', '100', '--live');
    await collection.domain('worked', 'the live limit', limitIs(100));
    await libvirtd.virsh('destroy', 'worked');
    await collection.domain('worked', 'the configured limit', limitIs(300));
    await libvirtd.start('worked');
    await libvirtd.virsh('blkdeviotune', 'worked', 'vda', '--total-iops-sec', '200', '--live');
    await collection.domain('worked', 'the live limit of its next run', limitIs(200));
  });

  it('has the job it ended with', async () => {
    await libvirtd.virsh('save', 'worked', `${libvirtd.imagesPath}/saved`);
    const saved = await collection.domain(
      'worked',
      'the job',
      (one) => !one.facts.active && one.jobs[0]?.operation === 'save',
    );
    expect(saved.jobs).toHaveLength(1);
    expect(saved.jobs[0]).toMatchObject({
      kind: 'completed',
      type: 'completed',
      success: true,
      remainingMs: 0,
    });
    const told = await libvirtd.virsh('domjobinfo', 'worked', '--completed', '--keep-completed');
    expect(told).toMatch(/Operation: +Save/);
    expect(told).toMatch(new RegExp(`Time elapsed: +${saved.jobs[0]?.elapsedMs} +ms`));
  });
});
