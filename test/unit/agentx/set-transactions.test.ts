import { describe, expect, it } from 'vitest';
import { ResponseError } from '../../../src/agentx/errors.ts';
import type { VarBind } from '../../../src/agentx/pdu.ts';
import type { Column } from '../../../src/tree/tree.ts';
import { type DirectResponder, directResponder, ids } from '../../support/direct-responder.ts';
import { scalar, syntheticTree } from '../../support/synthetic-tree.ts';

const root = [1, 3, 6, 1, 4, 1, 8072, 9999, 9999];

/** Three writable numbers; 100 is wrong, 200 fails in commit, 300 in undo, 400 in the check. */
function agentWithNumbers(): { agent: DirectResponder; numbers: number[]; log: string[] } {
  const numbers = [0, 0, 0];
  const log: string[] = [];
  const planSet =
    (position: number): NonNullable<Column['planSet']> =>
    (_row, syntax, value) => {
      if (syntax !== 'Integer32' || typeof value !== 'number') return 'wrongType';
      if (value === 100) return 'wrongValue';
      if (value === 400) throw new Error('check');
      const before = numbers[position] ?? 0;
      return {
        commit() {
          log.push(`commit ${position}`);
          if (value === 200) throw new Error('commit');
          numbers[position] = value;
        },
        undo() {
          log.push(`undo ${position}`);
          if (value === 300) throw new Error('undo');
          numbers[position] = before;
        },
      };
    };
  const agent = directResponder(
    syntheticTree([
      ...numbers.map((_, position) => ({
        ...scalar([...root, position], 'Integer32', 0),
        read: () => numbers[position],
        planSet: planSet(position),
      })),
      scalar([...root, 9], 'Integer32', 0),
    ]),
  );
  return { agent, numbers, log };
}

const number = (position: number, value: number): VarBind => ({
  oid: [...root, position, 0],
  syntax: 'Integer32',
  value,
});

describe('SET', () => {
  it('is tested, committed and cleaned up', () => {
    const { agent, numbers } = agentWithNumbers();
    expect(agent.ask({ kind: 'testSet', ...ids, varBinds: [number(0, 5), number(2, 6)] })).toMatchObject({
      error: 0,
      varBinds: [],
    });
    expect(numbers).toEqual([0, 0, 0]);
    expect(agent.ask({ kind: 'commitSet', ...ids })).toMatchObject({ error: 0 });
    expect(numbers).toEqual([5, 0, 6]);
    expect(agent.counters.setRequests).toBe(1);
  });

  it.each([
    ['a value that does not fit', number(1, 100), ResponseError.wrongValue],
    ['another type', { ...number(1, 0), syntax: 'Gauge32' }, ResponseError.wrongType],
    ['no value', { ...number(1, 0), syntax: 'Null', value: undefined }, ResponseError.wrongType],
    ['a read-only object', number(9, 1), ResponseError.notWritable],
    ['an unknown object', number(77, 1), ResponseError.notWritable],
    ['an unknown instance', { ...number(1, 1), oid: [...root, 1, 1] }, ResponseError.noCreation],
    ['a fault', number(1, 400), ResponseError.genErr],
  ] as const)('with %s is refused, and which one is told', (_what, varBind, error) => {
    const { agent, log } = agentWithNumbers();
    const response = agent.ask({ kind: 'testSet', ...ids, varBinds: [number(0, 5), varBind] });
    expect(response).toMatchObject({ error, index: 2, varBinds: [] });
    expect(agent.ask({ kind: 'commitSet', ...ids })).toMatchObject({ error: ResponseError.commitFailed });
    expect(log).toEqual([]);
  });

  it('that fails half way is undone backwards', () => {
    const { agent, numbers, log } = agentWithNumbers();
    agent.ask({ kind: 'testSet', ...ids, varBinds: [number(0, 5), number(1, 200), number(2, 7)] });
    expect(agent.ask({ kind: 'commitSet', ...ids })).toMatchObject({
      error: ResponseError.commitFailed,
      index: 2,
    });
    expect(agent.ask({ kind: 'undoSet', ...ids })).toMatchObject({ error: 0 });
    expect(log).toEqual(['commit 0', 'commit 1', 'undo 1', 'undo 0']);
    expect(numbers).toEqual([0, 0, 0]);
    expect(agent.faults.map(String)).toEqual(['Error: commit']);
  });

  it('that cannot be undone says so', () => {
    const { agent } = agentWithNumbers();
    agent.ask({ kind: 'testSet', ...ids, varBinds: [number(0, 300)] });
    agent.ask({ kind: 'commitSet', ...ids });
    expect(agent.ask({ kind: 'undoSet', ...ids })).toMatchObject({
      error: ResponseError.undoFailed,
      index: 1,
    });
  });

  it('is committed once, however often the master repeats itself', () => {
    const { agent, log } = agentWithNumbers();
    agent.ask({ kind: 'testSet', ...ids, varBinds: [number(0, 5)] });
    agent.ask({ kind: 'commitSet', ...ids });
    expect(agent.ask({ kind: 'commitSet', ...ids })).toMatchObject({ error: 0 });
    expect(log).toEqual(['commit 0']);
  });

  it('is forgotten after its clean-up and among too many', () => {
    const { agent } = agentWithNumbers();
    const test = (transactionId: number) =>
      agent.ask({ kind: 'testSet', ...ids, transactionId, varBinds: [number(0, 5)] });
    const commit = (transactionId: number) => agent.ask({ kind: 'commitSet', ...ids, transactionId }).error;
    for (let i = 0; i < 40; i++) test(i);
    expect(commit(0)).toBe(ResponseError.commitFailed);
    expect(commit(39)).toBe(0);
    expect(() => agent.ask({ kind: 'cleanupSet', ...ids, transactionId: 38 })).toThrow();
    expect(commit(38)).toBe(ResponseError.commitFailed);
    expect(agent.ask({ kind: 'undoSet', ...ids, transactionId: 77 })).toMatchObject({ error: 0 });
  });
});
