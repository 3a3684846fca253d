import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { agentxFrames } from '../../src/agentx/frames.ts';
import type { VarBind } from '../../src/agentx/pdu.ts';
import { PduWriter } from '../../src/agentx/pdu-writer.ts';
import { Framer } from '../../src/bytes/framer.ts';
import { ProtocolError } from '../../src/errors.ts';
import { compareOids } from '../../src/tree/oid.ts';
import type { Pdu } from '../support/agentx-codec.ts';
import { decodePdu, encodePdu } from '../support/agentx-codec.ts';
import { agentxFixture } from '../support/agentx-fixture.ts';
import { directResponder, ids } from '../support/direct-responder.ts';
import { framesOf } from '../support/frames.ts';
import { type SyntheticColumn, syntheticTree } from '../support/synthetic-tree.ts';

type Oid = readonly number[];

const root = [1, 3, 6, 1, 4];
/** Few values, so that names meet, and the largest. */
const subId = fc.constantFrom(0, 1, 2, 3, 4, 4_294_967_295);
const someOid = fc.array(subId, { maxLength: 4 }).map((tail) => [...root, ...tail]);
const anyOid = fc.oneof(someOid, fc.array(subId, { maxLength: 7 }));

const index = fc.array(subId, { minLength: 1, maxLength: 3 });
const rows = fc
  .uniqueArray(index, { maxLength: 12, selector: (subIds) => subIds.join('.') })
  .map((list) => list.sort(compareOids));

/** Columns under one root, in order, with holes wherever `values` says undefined. */
const columns: fc.Arbitrary<readonly SyntheticColumn[]> = fc
  .uniqueArray(fc.tuple(subId, subId), { maxLength: 6, selector: (tail) => tail.join('.') })
  .chain((tails) =>
    fc.tuple(
      ...tails.sort(compareOids).map((tail) =>
        rows.chain((list) =>
          fc
            .array(fc.option(fc.nat(), { nil: undefined }), {
              minLength: list.length,
              maxLength: list.length,
            })
            .map(
              (values): SyntheticColumn => ({
                oid: [...root, ...tail],
                syntax: 'Gauge32',
                rows: list,
                read: (row) => values[row],
              }),
            ),
        ),
      ),
    ),
  );

/** All instances in order, by trying every row. */
function scan(list: readonly SyntheticColumn[]): readonly VarBind[] {
  return list.flatMap(({ oid, syntax, rows: indexes, read }) =>
    indexes.flatMap((subIds, row) => {
      const value = read(row, {} as never);
      return value === undefined ? [] : [{ oid: [...oid, ...subIds], syntax, value }];
    }),
  );
}

function naiveNext(all: readonly VarBind[], start: Oid, include: boolean, end: Oid): VarBind {
  const found = all.find(({ oid }) => {
    const order = compareOids(oid, start);
    return order > 0 || (include && order === 0);
  });
  return found !== undefined && (end.length === 0 || compareOids(found.oid, end) < 0)
    ? found
    : { oid: start, syntax: 'endOfMibView', value: undefined };
}

function naiveBulk(all: readonly VarBind[], starts: readonly Oid[], repetitions: number): VarBind[] {
  const answer: VarBind[] = [];
  let at = starts;
  for (let i = 0; i < repetitions && starts.length > 0; i++) {
    const found = at.map((oid) => naiveNext(all, oid, false, []));
    answer.push(...found);
    if (found.every(({ syntax }) => syntax === 'endOfMibView')) break;
    at = found.map(({ oid }) => oid);
  }
  return answer;
}

describe('a view against a scan of everything', () => {
  it('Get', () => {
    fc.assert(
      fc.property(columns, fc.array(anyOid, { maxLength: 5 }), (list, names) => {
        const all = scan(list);
        const asked = [...names, ...all.map(({ oid }) => oid)];
        const got = directResponder(syntheticTree(list)).get(...asked);
        expect(got.map(({ oid }) => oid)).toEqual(asked);
        for (const [i, oid] of asked.entries()) {
          const expected = all.find((varBind) => compareOids(varBind.oid, oid) === 0);
          const isKnown = list.some((column) => column.oid.every((part, at) => part === oid[at]));
          expect(got[i]?.syntax).toBe(expected?.syntax ?? (isKnown ? 'noSuchInstance' : 'noSuchObject'));
          expect(got[i]?.value).toBe(expected?.value);
        }
      }),
    );
  });

  it('GetNext, asked again and again', () => {
    const search = fc.record({
      start: anyOid,
      include: fc.boolean(),
      end: fc.oneof(fc.constant([]), anyOid),
    });
    fc.assert(
      fc.property(columns, fc.array(search, { minLength: 1, maxLength: 20 }), (list, searches) => {
        const all = scan(list);
        const agent = directResponder(syntheticTree(list));
        for (const { start, include, end } of searches) {
          expect(agent.getNext(start, include, end)).toEqual(naiveNext(all, start, include, end));
        }
      }),
    );
  });

  it('GetBulk', () => {
    fc.assert(
      fc.property(
        columns,
        fc.array(anyOid, { maxLength: 4 }),
        fc.nat(5),
        fc.nat(20),
        (list, starts, n, r) => {
          const all = scan(list);
          const agent = directResponder(syntheticTree(list));
          expect(agent.getBulk(n, r, ...starts)).toEqual([
            ...starts.slice(0, n).map((start) => naiveNext(all, start, false, [])),
            ...naiveBulk(all, starts.slice(n), r),
          ]);
        },
      ),
    );
  });

  it('a walk', () => {
    fc.assert(
      fc.property(columns, (list) => {
        const agent = directResponder(syntheticTree(list));
        for (let round = 0; round < 2; round++) {
          const walked: VarBind[] = [];
          for (let at = agent.getNext([]); at.syntax !== 'endOfMibView'; at = agent.getNext(at.oid)) {
            walked.push(at);
          }
          expect(walked).toEqual(scan(list));
        }
      }),
    );
  });
});

const octets = fc.uint8Array({ maxLength: 40 });
const u32 = fc.integer({ min: 0, max: 4_294_967_295 });
const varBind: fc.Arbitrary<VarBind> = fc.oneof(
  fc.record({ oid: anyOid, syntax: fc.constant('Integer32' as const), value: fc.integer() }),
  fc.record({ oid: anyOid, syntax: fc.constantFrom('Counter32', 'Gauge32', 'TimeTicks'), value: u32 }),
  fc.record({ oid: anyOid, syntax: fc.constantFrom('OctetString', 'Opaque'), value: octets }),
  fc.record({
    oid: anyOid,
    syntax: fc.constant('IpAddress' as const),
    value: fc.uint8Array({ minLength: 4, maxLength: 4 }),
  }),
  fc.record({ oid: anyOid, syntax: fc.constant('ObjectIdentifier' as const), value: anyOid }),
  fc.record({
    oid: anyOid,
    syntax: fc.constant('Counter64' as const),
    value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((n) => (n < 2n ** 53n ? Number(n) : n)),
  }),
);

const bytesOf = (pdu: Exclude<Pdu, { kind: 'unknown' }>): Buffer => {
  const writer = new PduWriter(16);
  encodePdu(writer, pdu);
  return Buffer.from(writer.composed());
};

describe('PDUs', () => {
  it('are the same after they were encoded', () => {
    const context = fc.option(fc.string({ unit: 'grapheme' }), { nil: undefined });
    fc.assert(
      fc.property(fc.array(varBind), context, (varBinds, name) => {
        const pdu: Pdu = { kind: 'notify', ...ids, context: name, varBinds };
        expect(decodePdu(bytesOf(pdu))).toEqual(pdu);
      }),
    );
  });

  it('carry any text as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (value) => {
        const pdu = decodePdu(
          bytesOf({ kind: 'notify', ...ids, varBinds: [{ oid: root, syntax: 'OctetString', value }] }),
        );
        expect(pdu).toMatchObject({ varBinds: [{ value: new TextEncoder().encode(value) }] });
      }),
    );
  });

  it('come out of any chunks as they went in', () => {
    const frames = [
      'master-get',
      'master-response',
      'master-commit-set',
      'subagent-response',
      'master-get-next',
    ];
    const stream = Buffer.concat(frames.map(agentxFixture));
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length)), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), stream.length];
        const framer = new Framer(agentxFrames);
        const seen = at.flatMap((from, i) =>
          framesOf(framer, stream.subarray(from, at[i + 1] ?? from)).map((frame) =>
            Buffer.from(frame).toString('hex'),
          ),
        );
        expect(seen).toEqual(frames.map((name) => Buffer.from(agentxFixture(name)).toString('hex')));
      }),
    );
  });
});

describe('damaged bytes', () => {
  const names = [
    'master-get',
    'master-get-context',
    'master-get-next',
    'master-get-next-little-endian',
    'master-test-set',
    'master-response',
    'subagent-notify',
    'subagent-register-context',
  ];
  const damage = fc.tuple(
    fc.constantFrom(...names),
    fc.array(fc.tuple(fc.nat(400), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 }),
  );
  const damaged = ([name, changes]: readonly [string, readonly (readonly [number, number])[]]) => {
    const bytes = agentxFixture(name);
    for (const [at, octet] of changes) bytes[at % bytes.length] = octet;
    return bytes;
  };

  it('are decoded or are a protocol error', () => {
    fc.assert(
      fc.property(damage, (what) => {
        try {
          expect(decodePdu(damaged(what))).toBeTypeOf('object');
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('are a request with an answer, or no frame at all', () => {
    const agent = directResponder(
      syntheticTree([{ oid: [1, 3], syntax: 'Gauge32', rows: [[1], [2]], read: (row) => row }]),
    );
    fc.assert(
      fc.property(damage, (what) => {
        const bytes = damaged(what);
        let frames: readonly Uint8Array[];
        try {
          frames = framesOf(new Framer(agentxFrames), bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
          return;
        }
        for (const frame of frames) {
          const answer = agent.respond(frame);
          if (frame[1] === 11) expect(answer).toHaveLength(0);
          else expect(decodePdu(answer).kind).toBe('response');
        }
      }),
      { numRuns: 1000 },
    );
  });
});
