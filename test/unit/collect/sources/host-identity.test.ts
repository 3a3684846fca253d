import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { HostRecord } from '../../../../src/collect/records/host-record.ts';
import type { CollectorPass } from '../../../../src/collect/sources/collector.ts';
import { HostIdentity } from '../../../../src/collect/sources/host-identity.ts';
import { momentOf } from '../../../../src/run/clock.ts';
import { testPass } from '../collector-pass.ts';

const replies: Readonly<Record<string, unknown>> = {
  connectGetHostname: 'kvm1',
  connectGetType: 'QEMU',
  connectGetVersion: 10_000_013n,
  nodeGetInfo: { model: 'x86_64', mhz: 2000, nodes: 1, sockets: 2, cores: 4, threads: 2, cpus: 16 },
};

it.each(Object.keys(replies))('keeps what the host is where %s has no answer', async (silent) => {
  const host = new HostRecord([]);
  const { pass, failures } = testPass([]);
  const identity = new HostIdentity(false);
  const collect = (except?: string) =>
    identity.collect({
      ...pass,
      host,
      libvirt: {
        call: ({ name }: { readonly name: string }) =>
          name === except
            ? Promise.reject(new Error(`no answer to ${name}`))
            : Promise.resolve(replies[name]),
      },
    } as unknown as CollectorPass);
  await collect();
  const before = host.facts;
  expect(before).toMatchObject({
    hostname: 'kvm1',
    hvSoftware: 'QEMU',
    hvVersion: '10.0.13',
    cpuModel: 'x86_64',
    sockets: 2,
    cpusOnline: 16,
  });
  await collect(silent);
  expect(failures).toEqual([`: no answer to ${silent}`]);
  expect(host.facts).toEqual(before);
});

it.each([
  [true, 'is read where that is this machine'],
  [false, 'is not known of another machine'],
])('the boot of the host, local: %s, %s', async (local) => {
  const host = new HostRecord([]);
  const { pass } = testPass([]);
  const call = ({ name }: { readonly name: string }) => Promise.resolve(replies[name]);
  await new HostIdentity(local).collect({ ...pass, host, libvirt: { call } } as unknown as CollectorPass);
  const btime = /^btime (\d+)$/m.exec(await readFile('/proc/stat', 'utf8'))?.[1];
  expect(host.facts.bootedAt).toBe(local ? momentOf(Number(btime) * 1000) : undefined);
});
