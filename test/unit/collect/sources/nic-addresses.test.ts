import { describe, expect, it } from 'vitest';
import { addressesByMac } from '../../../../src/collect/sources/nic-addresses.ts';

describe('addressesByMac', () => {
  it('lists addresses with prefix lengths, without loopback and link-local ones', () => {
    const found = addressesByMac(
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
    );
    expect([...found]).toEqual([
      ['52:54:00:aa:bb:01', { text: '192.0.2.7/24 2001:db8::7/64 192.0.2.8', source: 'agent' }],
    ]);
  });
});
