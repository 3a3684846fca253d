import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { probeSnmp } from '../../../src/check/snmp-probe.ts';

it('a port that nobody listens on refuses', async () => {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  expect(await probeSnmp('127.0.0.1', port)).toBe('refused');
});

// EACCES, or ENETUNREACH where this host has no route at all.
it('an address that the system does not let anybody connect to is not heard', async () => {
  expect(await probeSnmp('255.255.255.255', 161)).toBe('silent');
});
