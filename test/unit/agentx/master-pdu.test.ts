import { describe, expect, it } from 'vitest';
import { readCloseReason, readResponse } from '../../../src/agentx/master-pdu.ts';
import { ProtocolError } from '../../../src/errors.ts';
import { decodePdu } from '../../support/agentx-codec.ts';
import { agentxFixture } from '../../support/agentx-fixture.ts';

describe('a Response', () => {
  it.each(['master-response', 'master-response-little-endian', 'subagent-response'])(
    'of snmpd is read as the codec of the tests reads it: %s',
    (name) => {
      expect(readResponse(agentxFixture(name))).toEqual(decodePdu(agentxFixture(name)));
    },
  );

  it('cut short is a protocol error', () => {
    const bytes = agentxFixture('master-response');
    for (let length = 0; length < bytes.length; length++) {
      // Where a variable has just ended, the rest of it is a Response too; its frame says that it is longer.
      const cut = bytes.subarray(0, length);
      if (length === 28) expect(readResponse(cut).varBinds).toEqual([]);
      else expect(() => readResponse(cut)).toThrow(ProtocolError);
    }
  });
});

it('a Close names its reason', () => {
  const bytes = agentxFixture('subagent-close');
  expect(readCloseReason(bytes)).toBe('shutdown');
  bytes[20] = 99;
  expect(readCloseReason(bytes)).toBe('99');
  expect(() => readCloseReason(bytes.subarray(0, 20))).toThrow(ProtocolError);
});
