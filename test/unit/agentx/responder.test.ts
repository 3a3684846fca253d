import { describe, expect, it } from 'vitest';
import { ResponseError } from '../../../src/agentx/errors.ts';
import type { VarBind } from '../../../src/agentx/pdu.ts';
import type { WireSyntax, WireValue } from '../../../src/tree/tree.ts';
import { decodePdu } from '../../support/agentx-codec.ts';
import { agentxFixture } from '../../support/agentx-fixture.ts';
import { directResponder, ids } from '../../support/direct-responder.ts';
import { noContext, scalar, syntheticTree } from '../../support/synthetic-tree.ts';

const root = [1, 3, 6, 1, 4, 1, 8072, 9999, 9999];
const entry = [...root, 2, 1];
const text = [...root, 3, 1, 1];
const indexes = [[1], [2], [2, 5], [7], [4_294_967_295]];
const octets = Uint8Array.of(0, 255, 7);

const tree = syntheticTree([
  scalar([...root, 1, 1], 'Integer32', -5),
  scalar([...root, 1, 2], 'OctetString', undefined),
  scalar([...root, 1, 3], 'TimeTicks', 4_294_967_295),
  { oid: [...entry, 1], syntax: 'Gauge32', rows: indexes, read: (row) => (row === 1 ? undefined : row) },
  { oid: [...entry, 2], syntax: 'Counter64', rows: indexes, read: () => undefined },
  { oid: [...entry, 4], syntax: 'Counter64', rows: indexes, read: (row) => 2n ** 60n + BigInt(row) },
  {
    oid: text,
    syntax: 'OctetString',
    rows: [
      [1, 97],
      [2, 97, 98],
    ],
    read: (row) => (row === 0 ? 'ä' : octets),
  },
  { oid: [1, 3, 7], syntax: 'IpAddress', rows: [[0]], read: () => Uint8Array.of(10, 0, 0, 1) },
]);

/** Every instance in order, by reading the tree from one end to the other. */
const golden: readonly VarBind[] = tree.columns.flatMap((column) => {
  const { oid, syntax, rows } = column;
  return Array.from({ length: rows.length }, (_, row) => row).flatMap((row) => {
    const value = column.read(row, noContext);
    const index = rows.subIds.subarray(rows.offsets[row], rows.offsets[row + 1]);
    return value === undefined ? [] : [{ oid: [...oid, ...index], syntax, value: decoded(syntax, value) }];
  });
});

function decoded(syntax: WireSyntax, value: WireValue): WireValue {
  return syntax === 'OctetString' && typeof value === 'string' ? new TextEncoder().encode(value) : value;
}

const agent = directResponder(tree);

describe('Get', () => {
  it('has every instance', () => {
    expect(golden).toHaveLength(14);
    for (const varBind of golden) expect(agent.get(varBind.oid)).toEqual([varBind]);
    expect(agent.get(...golden.map(({ oid }) => oid))).toEqual(golden);
  });

  it.each([
    ['a name before all', [1, 3], 'noSuchObject'],
    ['a name behind all', [2, 1], 'noSuchObject'],
    ['the root', root, 'noSuchObject'],
    ['a column that is not there', [...entry, 3, 1], 'noSuchObject'],
    ['a column without an index', [...entry, 1], 'noSuchInstance'],
    ['a scalar without instance', [...root, 1, 1], 'noSuchInstance'],
    ['another instance of a scalar', [...root, 1, 1, 1], 'noSuchInstance'],
    ['a scalar without a value', [...root, 1, 2, 0], 'noSuchInstance'],
    ['a hole', [...entry, 1, 2], 'noSuchInstance'],
    ['a row that is not there', [...entry, 1, 3], 'noSuchInstance'],
    ['half of an index', [...text, 2, 97], 'noSuchInstance'],
    ['more than an index', [...text, 1, 97, 0], 'noSuchInstance'],
    ['the null object identifier', [], 'noSuchObject'],
  ])('%s is %s', (_what, oid, syntax) => {
    expect(agent.get(oid)).toEqual([{ oid, syntax, value: undefined }]);
  });
});

describe('GetNext', () => {
  it('chains through every instance', () => {
    const chain: VarBind[] = [];
    for (let at = agent.getNext([1]); at.syntax !== 'endOfMibView'; at = agent.getNext(at.oid))
      chain.push(at);
    expect(chain).toEqual(golden);
  });

  it('ends under the name it started from', () => {
    const last = [1, 3, 7, 0];
    expect(agent.getNext(last)).toEqual({ oid: last, syntax: 'endOfMibView', value: undefined });
    expect(agent.getNext([3])).toEqual({ oid: [3], syntax: 'endOfMibView', value: undefined });
  });

  it('yields the start itself only if that is included', () => {
    for (const [i, varBind] of golden.entries()) {
      expect(agent.getNext(varBind.oid, true)).toEqual(varBind);
      const next = agent.getNext(varBind.oid, false);
      if (i + 1 < golden.length) expect(next).toEqual(golden[i + 1]);
      else expect(next.syntax).toBe('endOfMibView');
    }
  });

  it('does not pass the end of its range', () => {
    for (const [i, { oid }] of golden.entries()) {
      const following = golden[i + 1];
      if (following === undefined) continue;
      const ended = { oid, syntax: 'endOfMibView', value: undefined };
      expect(agent.getNext(oid, false, following.oid)).toEqual(ended);
      expect(agent.getNext(oid, false, [...following.oid, 0])).toEqual(following);
      expect(agent.getNext(oid, true, following.oid)).toEqual(golden[i]);
    }
    expect(agent.getNext(root, false, entry).oid).toEqual([...root, 1, 1, 0]);
    expect(agent.getNext([...root, 1, 3, 0], false, entry).syntax).toBe('endOfMibView');
    expect(agent.getNext([...entry, 2], false, [...entry, 3]).syntax).toBe('endOfMibView');
    expect(agent.getNext([...entry, 9], false, [...entry, 1]).syntax).toBe('endOfMibView');
  });

  it('goes on behind a row that has gone', () => {
    expect(agent.getNext([...entry, 1, 3])).toMatchObject({ oid: [...entry, 1, 7] });
    expect(agent.getNext([...entry, 1, 2, 4])).toMatchObject({ oid: [...entry, 1, 2, 5] });
    expect(agent.getNext([...entry, 1, 2, 5, 9])).toMatchObject({ oid: [...entry, 1, 7] });
    expect(agent.getNext([...entry, 3, 1])).toMatchObject({ oid: [...entry, 4, 1] });
  });

  it('answers as many ranges as were asked, in their order', () => {
    const ranges = golden.map(({ oid }) => ({ start: oid, include: true, end: [] })).reverse();
    const response = agent.ask({ kind: 'getNext', ...ids, ranges });
    expect(response.varBinds).toEqual([...golden].reverse());
  });
});

describe('GetBulk', () => {
  it('is GetNext again and again', () => {
    expect(agent.getBulk(0, golden.length, [1])).toEqual(golden);
    expect(agent.getBulk(0, 3, [1])).toEqual(golden.slice(0, 3));
  });

  it('takes non-repeaters first, then all repeaters of one repetition after another', () => {
    const [first, second] = [
      [...entry, 1],
      [...entry, 4],
    ];
    const expected = [agent.getNext(root)];
    let [a, b] = [agent.getNext(first), agent.getNext(second)];
    for (let i = 0; i < 3; i++) {
      expected.push(a, b);
      [a, b] = [agent.getNext(a.oid), agent.getNext(b.oid)];
    }
    expect(agent.getBulk(1, 3, root, first, second)).toEqual(expected);
  });

  it('ends under the last name found, and stops when nothing is left', () => {
    const before = golden.at(-2)?.oid ?? [];
    const last = golden.at(-1)?.oid ?? [];
    expect(agent.getBulk(0, 50, before, last).map(({ oid, syntax }) => [oid, syntax])).toEqual([
      [last, 'IpAddress'],
      [last, 'endOfMibView'],
      [last, 'endOfMibView'],
      [last, 'endOfMibView'],
    ]);
  });

  it('accepts more non-repeaters than ranges, and no repetitions', () => {
    expect(agent.getBulk(5, 5, root)).toEqual([golden[0]]);
    expect(agent.getBulk(0, 0, root)).toEqual([]);
    expect(agent.getBulk(0, 5)).toEqual([]);
  });

  it('ends early where it would grow too long', () => {
    const rows = Array.from({ length: 40 }, (_, row) => [row]);
    const long = directResponder(
      syntheticTree([{ oid: root, syntax: 'OctetString', rows, read: () => 'x'.repeat(4000) }]),
    );
    expect(long.getBulk(0, 40, root)).toHaveLength(16);
    expect(long.counters.tooBigResponses).toBe(0);
  });
});

describe('responses', () => {
  it('carry the identifiers of the request and no uptime', () => {
    const response = agent.ask({ kind: 'get', ...ids, ranges: [] });
    expect(response).toEqual({ kind: 'response', ...ids, sysUpTime: 0, error: 0, index: 0, varBinds: [] });
  });

  it('that would be too long are an error instead', () => {
    const long = directResponder(
      syntheticTree([scalar(root, 'OctetString', 'x'.repeat(40_000)), scalar([1, 3, 7], 'Integer32', 1)]),
    );
    const range = (oid: readonly number[]) => ({ start: [...oid, 0], include: false, end: [] });
    const ranges = [range([1, 3, 7]), range(root), range(root)];
    expect(long.ask({ kind: 'get', ...ids, ranges })).toMatchObject({
      error: ResponseError.tooBig,
      index: 3,
      varBinds: [],
    });
    expect(long.ask({ kind: 'get', ...ids, ranges: ranges.slice(0, 2) })).toMatchObject({ error: 0 });
    expect(long.counters).toMatchObject({ tooBigResponses: 1, errorResponses: 1 });
  });

  it('to another session are notOpen', () => {
    const pdu = { kind: 'get', ...ids, sessionId: 8, ranges: [] } as const;
    expect(agent.ask(pdu)).toMatchObject({ error: ResponseError.notOpen, sessionId: 8 });
  });

  it('to what no subagent is asked are parseError', () => {
    expect(agent.ask({ kind: 'ping', ...ids })).toMatchObject({ error: ResponseError.parseError });
    expect(agent.ask({ kind: 'addAgentCaps', ...ids, id: [1], description: '' })).toMatchObject({
      error: ResponseError.parseError,
    });
  });

  it('come from the context asked for', () => {
    const inContexts = directResponder(tree, ['q1']);
    const start = golden[0]?.oid ?? [];
    const ranges = [{ start, include: false, end: [] }];
    const ask = (context: string) => inContexts.ask({ kind: 'get', ...ids, context, ranges });
    expect(ask('q1').varBinds).toEqual([golden[0]]);
    expect(ask('').varBinds).toEqual([golden[0]]);
    expect(ask('q2')).toMatchObject({ error: ResponseError.unsupportedContext, varBinds: [] });
  });

  it('leave out a value that cannot be read or sent', () => {
    const broken = directResponder(
      syntheticTree([
        {
          oid: [1, 3, 1],
          syntax: 'Gauge32',
          rows: [[0]],
          read: () => {
            throw new Error('broken');
          },
        },
        scalar([1, 3, 2], 'Gauge32', 'text'),
        scalar([1, 3, 3], 'Gauge32', 3),
      ]),
    );
    expect(broken.getNext([1, 3])).toMatchObject({ oid: [1, 3, 3, 0], value: 3 });
    expect(broken.get([1, 3, 1, 0])).toMatchObject([{ syntax: 'noSuchInstance' }]);
    expect(broken.faults.map(String)).toContain('Error: broken');
    expect(broken.faults.map(String)).toContain('TypeError: Gauge32 cannot carry string');
  });
});

describe('requests recorded from snmpd', () => {
  const playpen = [1, 3, 6, 1, 4, 1, 8072, 9999, 9999];
  const served = syntheticTree([
    scalar([...playpen, 1, 1], 'Integer32', 11),
    scalar([...playpen, 1, 2], 'Integer32', 12),
    scalar([...playpen, 2, 1], 'Integer32', 21),
    scalar([...playpen, 2, 2], 'Integer32', 22),
  ]);

  it.each([
    ['master-get', 5, [11, 12]],
    ['master-get-next', 5, [11, 12]],
    ['master-get-context', 5, [11]],
    ['master-get-little-endian', 7, [21, 22]],
    ['master-get-next-little-endian', 7, [21]],
  ] as const)('%s', (name, sessionId, values) => {
    const request = decodePdu(agentxFixture(name));
    const response = decodePdu(directResponder(served, ['q1'], sessionId).respond(agentxFixture(name)));
    expect(response).toMatchObject({
      kind: 'response',
      sessionId,
      transactionId: request.transactionId,
      packetId: request.packetId,
      varBinds: values.map((value) => ({ value })),
    });
  });
});

describe('a column without values', () => {
  it('is scanned once, not once per walk', () => {
    let reads = 0;
    const rows = Array.from({ length: 1000 }, (_, row) => [row]);
    const empty = directResponder(
      syntheticTree([
        {
          oid: [1, 3, 1],
          syntax: 'Gauge32',
          rows,
          read: (row) => {
            reads += 1;
            return row === 10 ? 1 : undefined;
          },
        },
      ]),
    );
    for (let i = 0; i < 10; i++) {
      expect(empty.getNext([1, 3]).oid).toEqual([1, 3, 1, 10]);
      expect(empty.getNext([1, 3, 1, 10]).syntax).toBe('endOfMibView');
    }
    expect(reads).toBe(10 * 11 + 989);
  });
});
