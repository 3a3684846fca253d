import { expect, it } from 'vitest';
import { probeSnmp } from '../../../src/check/snmp-probe.ts';
import { refusingUdpPort } from '../../lab/refusing-port.ts';

it('a port that nobody listens on refuses', async () => {
  await using nobody = await refusingUdpPort();
  expect(await probeSnmp('127.0.0.1', nobody.port)).toBe('refused');
});

// EACCES, or ENETUNREACH where this host has no route at all.
it('an address that the system does not let anybody connect to is not heard', async () => {
  expect(await probeSnmp('255.255.255.255', 161)).toBe('silent');
});
