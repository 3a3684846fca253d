import { expect, it } from 'vitest';
import { domainGetDiskErrors } from '../../src/libvirt/procedures.ts';
import { virErrors } from '../../src/libvirt-enums/error-code.ts';
import { startLibvirtd } from '../lab/libvirtd.ts';
import { type LxcDriver, mountControlGroups, sleepingContainer, unpackLxcDriver } from '../lab/lxc-driver.ts';
import { RpcRecorder } from '../lab/rpc-recorder.ts';
import { waitUntil } from '../lab/wait.ts';
import { runCollection } from './running-collection.ts';

const name = 'container';

it('a container of libvirt-lxc has what its driver tells, without statistics', async (context) => {
  const driver: LxcDriver | undefined = await unpackLxcDriver().catch((error: unknown) => {
    context.skip(`no package with the driver of this libvirt: ${String(error)}`);
    return undefined;
  });
  if (driver === undefined) return;
  await using libvirtd = await startLibvirtd({ env: { LIBVIRT_DRIVER_DIR: driver.driverDirectory } });
  await mountControlGroups(libvirtd).catch((error: unknown) => {
    context.skip(`no control groups for a container here: ${String(error)}`);
  });
  await libvirtd.restart();
  const uri = `lxc+unix:///system?socket=${libvirtd.socket}`;
  const virsh = (...args: readonly string[]) => libvirtd.virsh('-c', uri, ...args);
  await virsh('define', await sleepingContainer(libvirtd, name, driver));

  const recorderSocket = libvirtd.directory.file('recorder-sock');
  await using recorder = await RpcRecorder.start(recorderSocket, libvirtd.socketReadOnly);
  await using collection = await runCollection(`lxc+unix:///system?socket=${recorderSocket}`, {
    'collect.interval': '1',
    'intervals.inventory': '5',
  });
  const off = await collection.domain(
    name,
    'the definition',
    ({ memory }) => memory?.maximumBytes !== undefined,
  );
  expect(off.facts).toMatchObject({ state: 'shutoff', active: false, statsStatus: 'inactive' });
  expect(off.cpu).toMatchObject({ vcpusCurrent: 2, percent: 0 });

  // Asked for the parameters of a container that is off, libvirtd 9.0 dies: it is not.
  await collection.domain(name, 'its shares', ({ cpu }) => cpu?.settings.shares === 512);
  const pid = libvirtd.pid();

  await virsh('start', name);
  const on = await collection.domain(name, 'CPU time', ({ cpu }) => Number(cpu?.timeUs) > 0);
  expect(on.facts).toMatchObject({
    state: 'running',
    active: true,
    statsStatus: 'partial',
    operState: 'running',
  });
  const info = await virsh('dominfo', name);
  expect(info).toMatch(/^State: +running$/m);
  expect(on.cpu?.vcpusCurrent).toBe(Number(/^CPU\(s\): +(\d+)$/m.exec(info)?.[1]));
  expect(on.memory?.maximumBytes).toBe(Number(/^Max memory: +(\d+) KiB$/m.exec(info)?.[1]) * 1024);
  expect(Number(on.memory?.currentBytes)).toBeGreaterThan(0);
  expect(await virsh('schedinfo', name)).toMatch(/^cpu_shares +: 512$/m);
  expect(on.cpu?.settings.shares).toBe(512);

  const support = (id: string) => collection.snapshot.collectors.find((one) => one.id === id)?.support;
  await waitUntil(() => support('diskErrors') === 'unsupported', {
    what: 'what the driver does not have',
    timeoutMs: 60_000,
    context: () => JSON.stringify(collection.snapshot.collectors),
  });

  await virsh('suspend', name);
  await collection.domain(name, 'the pause', ({ facts }) => facts.state === 'paused');
  await virsh('resume', name);
  await virsh('destroy', name);
  await collection.domain(name, 'the end', ({ facts }) => facts.state === 'shutoff' && !facts.active);

  // The same daemon all the time.
  process.kill(pid, 0);
  expect(['domainStats', 'inventory', 'diskErrors'].map(support)).toEqual([
    'partial',
    'partial',
    'unsupported',
  ]);
  // What the driver does not have is asked for once, not with each refresh.
  const refused = recorder.refusals
    .filter(({ code }) => code === virErrors.noSupport)
    .map(({ procedure }) => procedure);
  expect(refused.filter((one) => one === domainGetDiskErrors.number)).toHaveLength(1);
  const most = Math.max(...refused.map((one) => refused.filter((other) => other === one).length));
  // The domain that is off and the one that runs may be asked at the same time.
  expect(most).toBeLessThanOrEqual(2);
});
