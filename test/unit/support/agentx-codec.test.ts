import { describe, expect, it } from 'vitest';
import { agentxFrames, MAX_PDU_BYTES } from '../../../src/agentx/frames.ts';
import type { VarBind } from '../../../src/agentx/pdu.ts';
import { PduWriter } from '../../../src/agentx/pdu-writer.ts';
import { ProtocolError } from '../../../src/errors.ts';
import type { Pdu } from '../../support/agentx-codec.ts';
import { decodePdu, encodePdu } from '../../support/agentx-codec.ts';
import { agentxFixture } from '../../support/agentx-fixture.ts';

const playpen = [1, 3, 6, 1, 4, 1, 8072, 9999, 9999];
const first = [...playpen, 1, 1];
const second = [...playpen, 1, 2];
const other = [...playpen, 2];
const netSnmpSubagent = { sessionId: 7, transactionId: 0 };

/** What the fixtures hold, read off their bytes by hand with RFC 2741 section 6.2. */
const recorded: Readonly<Record<string, object>> = {
  'master-response': {
    kind: 'response',
    sessionId: 5,
    transactionId: 1,
    packetId: 1,
    error: 0,
    index: 0,
    varBinds: [{ oid: [0, 0], syntax: 'OctetString', value: Uint8Array.from(Buffer.from('recorder')) }],
  },
  'master-get': {
    kind: 'get',
    sessionId: 5,
    transactionId: 1,
    packetId: 2,
    context: undefined,
    ranges: [
      { start: [...first, 0], include: false, end: [] },
      { start: [...second, 0], include: false, end: [] },
    ],
  },
  'master-get-context': {
    kind: 'get',
    context: 'q1',
    ranges: [{ start: [...first, 0], include: false, end: [] }],
  },
  'master-get-next': {
    kind: 'getNext',
    context: undefined,
    ranges: [
      { start: first, include: false, end: [...playpen, 2] },
      { start: second, include: false, end: [...playpen, 2] },
    ],
  },
  'master-test-set': {
    kind: 'testSet',
    context: undefined,
    varBinds: [{ oid: [...second, 0], syntax: 'Integer32', value: 5 }],
  },
  'master-commit-set': { kind: 'commitSet' },
  'master-undo-set': { kind: 'undoSet' },
  'master-cleanup-set': { kind: 'cleanupSet' },
  'master-response-little-endian': { kind: 'response', ...netSnmpSubagent, sysUpTime: 32, error: 0 },
  'master-get-little-endian': {
    kind: 'get',
    sessionId: 7,
    transactionId: 16,
    packetId: 17,
    ranges: [
      { start: [...other, 1, 0], include: false, end: [] },
      { start: [...other, 2, 0], include: false, end: [] },
    ],
  },
  'master-get-next-little-endian': {
    kind: 'getNext',
    ranges: [{ start: [...other, 1, 0], include: true, end: [...other, 1, 1] }],
  },
  'subagent-open': {
    kind: 'open',
    sessionId: 0,
    transactionId: 0,
    timeoutSec: 1,
    id: [1, 3, 6, 1, 4, 1, 8072, 3, 2, 10],
    description: 'Net-SNMP AgentX sub-agent',
  },
  'subagent-register': {
    kind: 'register',
    ...netSnmpSubagent,
    context: undefined,
    timeoutSec: 0,
    priority: 255,
    rangeSubId: 0,
    upperBound: 0,
  },
  'subagent-register-context': { kind: 'register', ...netSnmpSubagent, priority: 127 },
  'subagent-add-agent-caps': {
    kind: 'addAgentCaps',
    ...netSnmpSubagent,
    id: [1, 3, 6, 1, 6, 3, 16, 2, 2, 1],
    description: 'View-based Access Control Model for SNMP.',
  },
  'subagent-notify': { kind: 'notify', ...netSnmpSubagent },
  'subagent-ping': { kind: 'ping', ...netSnmpSubagent, context: undefined },
  'subagent-close': { kind: 'close', ...netSnmpSubagent, reason: 5 },
  'subagent-response': {
    kind: 'response',
    sessionId: 7,
    transactionId: 16,
    packetId: 17,
    sysUpTime: 0,
    error: 0,
    index: 0,
    varBinds: [
      { oid: [...other, 1, 0], syntax: 'OctetString', value: Uint8Array.from(Buffer.from('text')) },
      { oid: [...other, 2, 0], syntax: 'Integer32', value: 7 },
    ],
  },
};

const names = Object.keys(recorded);
const fixture = agentxFixture;

function encoded(pdu: Pdu): Uint8Array {
  if (pdu.kind === 'unknown') throw new Error('not encodable');
  const writer = new PduWriter(16);
  encodePdu(writer, pdu);
  return new Uint8Array(writer.composed());
}

describe('recorded PDUs', () => {
  it.each(names)('%s is understood', (name) => {
    expect(decodePdu(fixture(name))).toMatchObject(recorded[name] ?? {});
  });

  it.each(names)('%s says its length', (name) => {
    const bytes = fixture(name);
    expect(agentxFrames.frameLength(new DataView(bytes.buffer), bytes.byteOffset)).toBe(bytes.length);
  });

  it.each(names)('%s is the same after it was encoded', (name) => {
    const pdu = decodePdu(fixture(name));
    expect(decodePdu(encoded(pdu))).toEqual(pdu);
  });

  it.each(names.filter((name) => name.startsWith('master-') && !/get|test|response|little/.test(name)))(
    '%s is encoded to the same bytes',
    (name) => {
      expect(encoded(decodePdu(fixture(name)))).toEqual(fixture(name));
    },
  );

  it.each(names)('%s cut anywhere is a protocol error', (name) => {
    const bytes = fixture(name);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodePdu(bytes.subarray(0, length))).toThrow(ProtocolError);
    }
  });

  it('a Notify of a shutdown carries its trap', () => {
    const pdu = decodePdu(fixture('subagent-notify'));
    if (pdu.kind !== 'notify') throw new Error(pdu.kind);
    expect(pdu.varBinds).toContainEqual({
      oid: [1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0],
      syntax: 'ObjectIdentifier',
      value: expect.any(Array),
    });
  });
});

describe('values', () => {
  const varBinds: readonly VarBind[] = [
    { oid: [], syntax: 'Null', value: undefined },
    { oid: [1, 3, 6, 1, 0, 5], syntax: 'Integer32', value: -2_147_483_648 },
    { oid: [1, 3, 6, 1, 255], syntax: 'Integer32', value: 2_147_483_647 },
    { oid: [1, 3, 6, 1, 256], syntax: 'OctetString', value: Uint8Array.of() },
    { oid: [1, 3, 6, 1], syntax: 'OctetString', value: Uint8Array.of(1, 2, 3, 4, 5) },
    { oid: [1, 3, 6, 2, 4], syntax: 'ObjectIdentifier', value: [] },
    { oid: Array(128).fill(4_294_967_295), syntax: 'ObjectIdentifier', value: [1, 3, 6, 1, 4, 1] },
    { oid: [2], syntax: 'IpAddress', value: Uint8Array.of(127, 0, 0, 1) },
    { oid: [2], syntax: 'Counter32', value: 4_294_967_295 },
    { oid: [2], syntax: 'Gauge32', value: 0 },
    { oid: [2], syntax: 'TimeTicks', value: 2_147_483_648 },
    { oid: [2], syntax: 'Opaque', value: Uint8Array.of(0x9f) },
    { oid: [2], syntax: 'Counter64', value: 2 ** 53 - 1 },
    { oid: [2], syntax: 'Counter64', value: 2n ** 53n },
    { oid: [2], syntax: 'Counter64', value: 2n ** 64n - 1n },
    { oid: [2], syntax: 'noSuchObject', value: undefined },
    { oid: [2], syntax: 'noSuchInstance', value: undefined },
    { oid: [2], syntax: 'endOfMibView', value: undefined },
  ];
  const pdu: Pdu = { kind: 'notify', sessionId: 1, transactionId: 2, packetId: 3, context: 'ä', varBinds };

  it('of every syntax are the same after they were encoded', () => {
    expect(decodePdu(encoded(pdu))).toEqual(pdu);
  });

  it('read from a Buffer do not change with it', () => {
    const bytes = Buffer.from(encoded(pdu));
    const read = decodePdu(bytes);
    bytes.fill(0);
    expect(read).toEqual(pdu);
  });

  it.each([
    ['Gauge32', 'text'],
    ['Counter64', 'text'],
    ['OctetString', 5],
    ['IpAddress', '127.0.0.1'],
    ['ObjectIdentifier', 5],
  ] as const)('%s does not take %s', (syntax, value) => {
    const varBind = { oid: [1, 3], syntax, value };
    expect(() => encoded({ ...pdu, varBinds: [varBind] })).toThrow(TypeError);
  });
});

describe('frames', () => {
  const header = (change: (view: DataView) => void) => {
    const view = new DataView(new ArrayBuffer(20));
    view.setUint32(0, 0x0105_1000);
    change(view);
    return view;
  };

  it.each([
    ['another version', (view: DataView) => view.setUint8(0, 2)],
    ['a length that is no multiple of four', (view: DataView) => view.setUint32(16, 6)],
  ])('with %s are a protocol error', (_what, change) => {
    expect(() => agentxFrames.frameLength(header(change), 0)).toThrow(ProtocolError);
  });

  it('are limited', () => {
    expect(agentxFrames.maxLength).toBe(MAX_PDU_BYTES);
    expect(
      agentxFrames.frameLength(
        header((view) => view.setUint32(16, 0x7fff_fffc)),
        0,
      ),
    ).toBeGreaterThan(MAX_PDU_BYTES);
  });

  it('of an unknown type are recognised as such', () => {
    expect(decodePdu(new Uint8Array(header((view) => view.setUint8(1, 99)).buffer))).toMatchObject({
      kind: 'unknown',
      type: 99,
    });
  });

  it('with more than their type needs are a protocol error', () => {
    const bytes = new Uint8Array([...fixture('master-commit-set'), 0, 0, 0, 0]);
    bytes[19] = 4;
    expect(() => decodePdu(bytes)).toThrow(ProtocolError);
  });
});
