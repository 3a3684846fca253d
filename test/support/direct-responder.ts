import { type AgentxCounters, newCounters } from '../../src/agentx/counters.ts';
import type { PduIds, ResponsePdu, VarBind } from '../../src/agentx/pdu.ts';
import { PduWriter } from '../../src/agentx/pdu-writer.ts';
import { Responder } from '../../src/agentx/responder.ts';
import { TreeView } from '../../src/agentx/view.ts';
import type { MibTree } from '../../src/tree/tree.ts';
import type { Pdu } from './agentx-codec.ts';
import { decodePdu, encodePdu } from './agentx-codec.ts';
import { noContext } from './synthetic-tree.ts';

export const ids: PduIds = { sessionId: 7, transactionId: 70_000, packetId: 4_000_000_000 };

export interface DirectResponder {
  readonly counters: AgentxCounters;
  /** What columns or plans threw. */
  readonly faults: unknown[];
  /** The bytes of the answer; empty for none. */
  respond(request: Uint8Array): Buffer;
  ask(pdu: Exclude<Pdu, { kind: 'unknown' }>): ResponsePdu;
  get(...names: (readonly number[])[]): readonly VarBind[];
  getNext(start: readonly number[], include?: boolean, end?: readonly number[]): VarBind;
  getBulk(nonRepeaters: number, maxRepetitions: number, ...starts: (readonly number[])[]): readonly VarBind[];
}

/** A responder without a connection; requests are encoded and answers decoded around it. */
export function directResponder(
  tree: MibTree,
  contexts: readonly string[] = [],
  sessionId = ids.sessionId,
): DirectResponder {
  const counters = newCounters();
  const faults: unknown[] = [];
  const view = new TreeView(tree, (_column, error) => faults.push(error));
  const responder = new Responder({
    sessionId,
    served: (name) => (name === '' || contexts.includes(name) ? { view } : undefined),
    readContext: () => noContext,
    counters,
    onSetError: (_phase, error) => faults.push(error),
  });
  const respond = (request: Uint8Array): Buffer => {
    const writer = new PduWriter(64);
    responder.respond(request, writer);
    return Buffer.from(writer.composed());
  };
  const ask: DirectResponder['ask'] = (pdu) => {
    const writer = new PduWriter(64);
    encodePdu(writer, pdu);
    const response = decodePdu(respond(writer.composed()));
    if (response.kind !== 'response') throw new Error(`${response.kind} came instead of a response`);
    return response;
  };
  const range = (start: readonly number[]) => ({ start, include: false, end: [] });
  return {
    counters,
    faults,
    respond,
    ask,
    get: (...names) => ask({ kind: 'get', ...ids, ranges: names.map(range) }).varBinds,
    getNext(start, include = false, end = []) {
      const [varBind] = ask({ kind: 'getNext', ...ids, ranges: [{ start, include, end }] }).varBinds;
      if (varBind === undefined) throw new Error('the response is empty');
      return varBind;
    },
    getBulk: (nonRepeaters, maxRepetitions, ...starts) =>
      ask({ kind: 'getBulk', ...ids, nonRepeaters, maxRepetitions, ranges: starts.map(range) }).varBinds,
  };
}
