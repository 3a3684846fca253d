import { expect, it } from 'vitest';
import { type OwnPdu, writeOwnPdu } from '../../../src/agentx/own-pdu.ts';
import { PduWriter } from '../../../src/agentx/pdu-writer.ts';
import { decodePdu } from '../../support/agentx-codec.ts';

const ids = { sessionId: 7, transactionId: 4_294_967_295, packetId: 1 };

function written(pdu: OwnPdu): Buffer {
  const writer = new PduWriter(16);
  writeOwnPdu(writer, pdu, ids);
  return Buffer.from(writer.composed());
}

/** The octets by hand, from the figures in RFC 2741 section 6.2. */
const octets: readonly (readonly [string, OwnPdu, string])[] = [
  [
    'Open',
    { kind: 'open', timeoutSec: 5, description: 'abcde' },
    '01011000 00000007 ffffffff 00000001 00000014 05000000 00000000 00000005 61626364 65000000',
  ],
  ['Close', { kind: 'close', reason: 5 }, '01021000 00000007 ffffffff 00000001 00000004 05000000'],
  [
    'Register in a context',
    { kind: 'register', context: 'q1', timeoutSec: 5, priority: 127, subtree: [1, 3, 6, 1, 4, 1] },
    '01031800 00000007 ffffffff 00000001 00000014 00000002 71310000 057f0000 01040000 00000001',
  ],
  [
    'Unregister in a context',
    { kind: 'unregister', context: 'q1', priority: 127, subtree: [1, 3, 6, 1, 4, 1] },
    '01041800 00000007 ffffffff 00000001 00000014 00000002 71310000 007f0000 01040000 00000001',
  ],
  ['Ping', { kind: 'ping' }, '010d1000 00000007 ffffffff 00000001 00000000'],
  [
    'AddAgentCaps',
    { kind: 'addAgentCaps', id: [1, 3, 6, 1, 2], description: '' },
    '01101000 00000007 ffffffff 00000001 00000008 00020000 00000000',
  ],
  [
    'RemoveAgentCaps',
    { kind: 'removeAgentCaps', id: [1, 3, 6, 1, 2] },
    '01111000 00000007 ffffffff 00000001 00000004 00020000',
  ],
  [
    'Notify in a context',
    { kind: 'notify', context: 'q1', varBinds: [] },
    '010c1800 00000007 ffffffff 00000001 00000008 00000002 71310000',
  ],
  [
    'Notify',
    {
      kind: 'notify',
      context: undefined,
      varBinds: [{ oid: [1, 3, 6, 1, 4, 9], syntax: 'Gauge32', value: 3 }],
    },
    '010c1000 00000007 ffffffff 00000001 00000010 00420000 01040000 00000009 00000003',
  ],
];

it.each(octets)('%s is written as the RFC draws it', (_name, pdu, expected) => {
  expect(
    written(pdu)
      .toString('hex')
      .replace(/(.{8})(?=.)/g, '$1 '),
  ).toBe(expected);
  expect(decodePdu(written(pdu))).toMatchObject({ ...pdu, ...ids });
});
