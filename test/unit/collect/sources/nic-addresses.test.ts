import { describe, expect, it } from 'vitest';
import type { IdentifiedNic } from '../../../../src/collect/records/device-facts.ts';
import type { DomainRecord } from '../../../../src/collect/records/domain-record.ts';
import { addressesByNic, HostSeenAddresses } from '../../../../src/collect/sources/nic-addresses.ts';
import { LibvirtError } from '../../../../src/libvirt/libvirt-error.ts';
import { domainArpAddresses } from '../../../../src/libvirt/procedures.ts';
import type { DomainRef } from '../../../../src/libvirt/protocol.ts';
import { activeRecord, testPass } from '../collector-pass.ts';

describe('addressesByNic', () => {
  it('lists addresses with prefix lengths, without loopback and link-local ones', () => {
    const found = addressesByNic(
      [
        {
          name: 'lo',
          hwaddr: '00:00:00:00:00:00',
          addresses: [{ type: 0, address: '127.0.0.1', prefix: 8 }],
        },
        {
          name: 'eth0',
          hwaddr: '52:54:00:AA:bb:01',
          addresses: [
            { type: 0, address: '192.0.2.7', prefix: 24 },
            { type: 1, address: '2001:db8::7', prefix: 64 },
            { type: 1, address: 'fe80::1', prefix: 64 },
          ],
        },
        {
          name: 'eth0:1',
          hwaddr: '52:54:00:aa:bb:01',
          addresses: [
            { type: 0, address: '192.0.2.8', prefix: 0 },
            { type: 0, address: '192.0.2.7', prefix: 24 },
          ],
        },
        { name: 'tun0', hwaddr: undefined, addresses: [{ type: 0, address: '192.0.2.9', prefix: 32 }] },
        { name: 'eth1', hwaddr: '52:54:00:aa:bb:02', addresses: [] },
      ],
      'agent',
      undefined,
    );
    expect([...found]).toEqual([['52:54:00:aa:bb:01', ['192.0.2.7/24', '2001:db8::7/64', '192.0.2.8']]]);
  });
});

/** VIR_ERR_INTERNAL_ERROR */
const fault = { virCode: 1, virDomain: 0, level: 2, procedure: 'domainInterfaceAddresses' };

describe('HostSeenAddresses', () => {
  const mac = (last: number): string => `52:54:00:00:00:0${last}`;
  const sight = (address: string, last = 1) => ({
    name: `vnet${last}`,
    hwaddr: mac(last),
    addresses: [{ type: 0, address, prefix: 0 }],
  });
  type Reply = ReturnType<typeof sight>[] | Error;

  /** Runs with what the ARP table and the leases of each domain say. */
  async function collect(
    collector: HostSeenAddresses,
    records: readonly DomainRecord[],
    now: number,
    arp: Readonly<Record<string, Reply>>,
    leases: Readonly<Record<string, Reply>> = {},
  ): Promise<readonly (string | undefined)[]> {
    const { pass } = testPass(records, now);
    const libvirt = {
      refusal: () => undefined,
      call: (procedure: unknown, { domain }: { readonly domain: DomainRef }) => {
        const reply = (procedure === domainArpAddresses ? arp : leases)[domain.name] ?? [];
        return reply instanceof Error ? Promise.reject(reply) : Promise.resolve(reply);
      },
    };
    await collector.collect({ ...pass, libvirt } as never);
    return records.map(({ runtime }) => runtime.nicAddresses?.get(mac(1))?.text);
  }

  it('keeps an address that the ARP table has forgotten, with the time of its last sight', async () => {
    const record = activeRecord('a');
    const collector = new HostSeenAddresses(1);
    expect(await collect(collector, [record], 1000, { a: [sight('192.0.2.1')] })).toEqual(['192.0.2.1']);
    expect(await collect(collector, [record], 9000, {})).toEqual(['192.0.2.1']);
    expect(record.runtime.nicAddresses?.get(mac(1))).toMatchObject({ source: 'arp', seenAt: 1000 });
  });

  it('keeps it when the table cannot be read once', async () => {
    const record = activeRecord('a');
    const collector = new HostSeenAddresses(1);
    await collect(collector, [record], 1000, { a: [sight('192.0.2.1')] });
    const refused = new LibvirtError(fault, 'Failed to open netlink');
    expect(await collect(collector, [record], 9000, { a: refused })).toEqual(['192.0.2.1']);
  });

  it('gives it up when another interface has it', async () => {
    const records = [activeRecord('a', 1), activeRecord('b', 2)];
    const collector = new HostSeenAddresses(1);
    await collect(collector, records, 1000, { a: [sight('192.0.2.1')] });
    const found = await collect(collector, records, 9000, { b: [sight('192.0.2.1')] });
    expect(found).toEqual([undefined, '192.0.2.1']);
  });

  it('gives it up with the run of the domain', async () => {
    const record = activeRecord('a');
    const collector = new HostSeenAddresses(1);
    await collect(collector, [record], 1000, { a: [sight('192.0.2.1')] });
    record.resetRuntime();
    expect(await collect(collector, [record], 9000, {})).toEqual([undefined]);
  });

  it('prefers a lease, and keeps it when the leases cannot be read once', async () => {
    const record = activeRecord('a');
    const collector = new HostSeenAddresses(1);
    const arp = { a: [sight('192.0.2.1')] };
    expect(await collect(collector, [record], 1000, arp, { a: [sight('192.0.2.7')] })).toEqual(['192.0.2.7']);
    expect(record.runtime.nicAddresses?.get(mac(1))).toMatchObject({ source: 'lease', seenAt: 1000 });
    expect(await collect(collector, [record], 9000, arp)).toEqual(['192.0.2.1']);
  });

  it('leaves an ARP table alone that cannot be read, and one that is not needed', async () => {
    const records = ['a', 'b', 'c', 'd'].map((name, i) => activeRecord(name, i + 1));
    const asked: string[] = [];
    const { pass, failures } = testPass(records, 1000);
    const libvirt = {
      refusal: () => undefined,
      call: async (procedure: unknown, { domain }: { readonly domain: DomainRef }) => {
        if (procedure !== domainArpAddresses) return domain.name === 'a' ? [sight('192.0.2.7')] : [];
        asked.push(domain.name);
        await new Promise((resolve) => setTimeout(resolve, 1));
        throw new LibvirtError(fault, 'Failed to read the ARP table');
      },
    };
    const [first] = records;
    if (first === undefined) throw new Error('no record');
    // Its only interface has a lease.
    first.definition = { nics: [{ key: mac(1), mac: mac(1), target: 'vnet1' }] } as never;
    const collector = new HostSeenAddresses(1);
    await collector.collect({ ...pass, libvirt } as never);
    await collector.collect({ ...pass, libvirt, now: 100_000 } as never);
    // Not even those that were to be asked at the same time.
    expect(asked).toEqual(['b']);
    expect(failures).toEqual(['ARP table: Failed to read the ARP table']);
    expect(first.runtime.nicAddresses?.get(mac(1))?.text).toBe('192.0.2.7');
  });

  it('tells interfaces with one MAC address apart by their devices', () => {
    const nics = [
      { key: mac(1), mac: mac(1), target: 'vnet1' },
      { key: `${mac(1)}#2`, mac: mac(1), target: 'vnet2' },
    ] as unknown as readonly IdentifiedNic[];
    const second = [{ ...sight('192.0.2.2'), name: 'vnet2' }];
    expect([...addressesByNic(second, 'arp', nics).keys()]).toEqual([`${mac(1)}#2`]);
    expect([...addressesByNic(second, 'agent', nics).keys()]).toEqual([mac(1), `${mac(1)}#2`]);
  });
});
