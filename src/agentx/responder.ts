import { ProtocolError } from '../errors.ts';
import type { ReadContext } from '../tree/tree.ts';
import type { AgentxCounters } from './counters.ts';
import { ResponseError } from './errors.ts';
import { PduFlag, PduType } from './pdu.ts';
import type { PduWriter } from './pdu-writer.ts';
import { RequestOid, RequestReader } from './request-oid.ts';
import { type SetOutcome, SetTransactions } from './set-transactions.ts';
import { readVarBinds } from './varbind.ts';
import { SearchCursor, type TreeView } from './view.ts';

/**
 * Octets of the longest Response. snmpd (seen with 5.9.3) takes no longer PDU: it drops the PDU, waits for
 * another and then ends the session.
 */
export const MAX_RESPONSE_BYTES = 65_536;

/** What is served in a context. */
export interface ServedView {
  /** The tree to answer from; undefined while there is none. */
  readonly view: TreeView | undefined;
}

export interface ResponderOptions {
  readonly sessionId: number;
  /** What is served in a context, whose name is empty for the default one; undefined if it is none of ours. */
  readonly served: (context: string) => ServedView | undefined;
  /** What the values of a response are computed with. */
  readonly readContext: () => ReadContext;
  readonly counters: AgentxCounters;
  /** Told when a SET fails because of a fault in the program. */
  readonly onSetError: (phase: string, error: unknown) => void;
}

/** Answers the requests of one session (RFC 2741 section 7.2), each at once and from one tree. */
export class Responder {
  readonly #options: ResponderOptions;
  readonly #request = new RequestReader();
  readonly #start = new RequestOid();
  readonly #end = new RequestOid();
  readonly #cursor = new SearchCursor();
  readonly #sets: SetTransactions;

  constructor(options: ResponderOptions) {
    this.#options = options;
    this.#sets = new SetTransactions(options.onSetError);
  }

  /** Appends the Response to a request; a CleanupSet has none. `frame` is one whole PDU. */
  respond(frame: Uint8Array, writer: PduWriter): void {
    const request = this.#request;
    request.begin(frame);
    if (request.type === PduType.cleanupSet) {
      this.#sets.cleanup(request.transactionId);
      return;
    }
    const at = writer.beginPdu(PduType.response, 0, request);
    writer.u32(0);
    writer.u32(0);
    const bodyAt = writer.length;
    let outcome: number | SetOutcome;
    try {
      outcome = this.#answer(writer, at);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#options.counters.parseErrors += 1;
      outcome = ResponseError.parseError;
    }
    const { error, index } = typeof outcome === 'number' ? { error: outcome, index: 0 } : outcome;
    if (error !== ResponseError.noError) {
      this.#options.counters.errorResponses += 1;
      if (error === ResponseError.tooBig) this.#options.counters.tooBigResponses += 1;
      writer.truncate(bodyAt);
      writer.patchU32(bodyAt - 4, (error << 16) | index);
    }
    writer.endPdu(at);
  }

  #answer(writer: PduWriter, at: number): number | SetOutcome {
    const request = this.#request;
    const { type } = request;
    if (type < PduType.get || type > PduType.cleanupSet) {
      this.#options.counters.parseErrors += 1;
      return ResponseError.parseError;
    }
    if (request.sessionId !== this.#options.sessionId) return ResponseError.notOpen;
    if (type === PduType.commitSet) return this.#sets.commit(request.transactionId);
    if (type === PduType.undoSet) return this.#sets.undo(request.transactionId);
    const name = (request.flags & PduFlag.nonDefaultContext) === 0 ? '' : request.text();
    const served = this.#options.served(name);
    if (served === undefined) return ResponseError.unsupportedContext;
    const { view } = served;
    if (view === undefined) return ResponseError.genErr;
    if (type === PduType.testSet) return this.#testSet(view);

    this.#options.counters.readRequests += 1;
    const limit = at + MAX_RESPONSE_BYTES;
    const context = this.#options.readContext();
    switch (type) {
      case PduType.get:
        return this.#get(writer, view, context, limit);
      case PduType.getNext:
        return this.#getNext(writer, view, context, Number.POSITIVE_INFINITY, limit);
      default:
        return this.#getBulk(writer, view, context, limit);
    }
  }

  /** RFC 2741 section 7.2.3.1. */
  #get(writer: PduWriter, view: TreeView, context: ReadContext, limit: number): number | SetOutcome {
    const request = this.#request;
    for (let i = 1; !request.atEnd; i++) {
      request.oid(this.#start);
      request.oid(this.#end);
      view.get(writer, this.#start, context);
      if (writer.length > limit) return { error: ResponseError.tooBig, index: i };
    }
    return ResponseError.noError;
  }

  /** RFC 2741 section 7.2.3.2, for at most `count` ranges. */
  #getNext(
    writer: PduWriter,
    view: TreeView,
    context: ReadContext,
    count: number,
    limit: number,
  ): number | SetOutcome {
    const request = this.#request;
    const cursor = this.#cursor;
    for (let i = 1; i <= count && !request.atEnd; i++) {
      request.oid(this.#start);
      request.oid(this.#end);
      view.place(cursor, this.#start, this.#end);
      if (!view.next(writer, cursor, context)) view.writeEnd(writer, cursor, this.#start);
      if (writer.length > limit) return { error: ResponseError.tooBig, index: i };
    }
    return ResponseError.noError;
  }

  /**
   * RFC 2741 section 7.2.3.3. Fewer repetitions than asked for are a valid answer, so that one which would
   * grow too long ends after the last repetition that fits.
   */
  #getBulk(writer: PduWriter, view: TreeView, context: ReadContext, limit: number): number | SetOutcome {
    const request = this.#request;
    const nonRepeaters = request.u16();
    const maxRepetitions = request.u16();
    const error = this.#getNext(writer, view, context, nonRepeaters, limit);
    if (error !== ResponseError.noError) return error;

    const starts: RequestOid[] = [];
    const cursors: SearchCursor[] = [];
    while (!request.atEnd) {
      const start = new RequestOid();
      const cursor = new SearchCursor();
      request.oid(start);
      request.oid(this.#end);
      view.place(cursor, start, this.#end);
      starts.push(start);
      cursors.push(cursor);
    }
    for (let repetition = 0; repetition < maxRepetitions && cursors.length > 0; repetition++) {
      const repetitionAt = writer.length;
      let found = 0;
      for (const [i, cursor] of cursors.entries()) {
        if (view.next(writer, cursor, context)) found += 1;
        else view.writeEnd(writer, cursor, starts[i] ?? this.#start);
        if (writer.length > limit) {
          writer.truncate(repetitionAt);
          if (repetition > 0) return ResponseError.noError;
          return { error: ResponseError.tooBig, index: nonRepeaters + i + 1 };
        }
      }
      if (found === 0) break;
    }
    return ResponseError.noError;
  }

  #testSet(view: TreeView): SetOutcome {
    this.#options.counters.setRequests += 1;
    const request = this.#request;
    return this.#sets.test(request.transactionId, readVarBinds(request.rest()), view);
  }
}
