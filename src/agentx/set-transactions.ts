import type { SetError, SetPlan, WireSyntax } from '../tree/tree.ts';
import { ResponseError } from './errors.ts';
import type { VarBind } from './pdu.ts';
import { RequestOid } from './request-oid.ts';
import type { TreeView } from './view.ts';

/** SETs that were tested and not cleaned up; the master has one or two at a time. */
const MAX_TRANSACTIONS = 32;

/** Error and 1-based index of a Response. */
export interface SetOutcome {
  readonly error: number;
  readonly index: number;
}

interface Transaction {
  readonly plans: readonly SetPlan[];
  /** Plans whose commit was called, in order. */
  committed: number;
  outcome: SetOutcome | undefined;
}

const done: SetOutcome = { error: ResponseError.noError, index: 0 };

/** Syntaxes that objects can have; a SET may carry others. */
const wireSyntaxes: ReadonlySet<string> = new Set<WireSyntax>([
  'Integer32',
  'OctetString',
  'ObjectIdentifier',
  'IpAddress',
  'Counter32',
  'Gauge32',
  'TimeTicks',
  'Counter64',
]);

/** The SETs of one session in their phases (RFC 2741 section 7.2.4). */
export class SetTransactions {
  readonly #transactions = new Map<number, Transaction>();
  readonly #name = new RequestOid();
  readonly #onError: (phase: string, error: unknown) => void;

  /** @param onError - told when a plan throws. */
  constructor(onError: (phase: string, error: unknown) => void) {
    this.#onError = onError;
  }

  /** Checks all bindings and keeps their plans (RFC 2741 section 7.2.4.1). */
  test(transactionId: number, varBinds: readonly VarBind[], view: TreeView): SetOutcome {
    this.#transactions.delete(transactionId);
    const plans: SetPlan[] = [];
    for (const [position, varBind] of varBinds.entries()) {
      let plan: SetPlan | SetError;
      try {
        plan = this.#plan(varBind, view);
      } catch (error) {
        this.#onError('TestSet', error);
        return { error: ResponseError.genErr, index: position + 1 };
      }
      if (typeof plan === 'string') return { error: ResponseError[plan], index: position + 1 };
      plans.push(plan);
    }
    if (this.#transactions.size >= MAX_TRANSACTIONS) {
      // The master never cleaned up the oldest one; it will not come back to it.
      const [oldest] = this.#transactions.keys();
      if (oldest !== undefined) this.#transactions.delete(oldest);
    }
    this.#transactions.set(transactionId, { plans, committed: 0, outcome: undefined });
    return done;
  }

  /** RFC 2741 section 7.2.4.2. A repeated CommitSet has the answer of the first. */
  commit(transactionId: number): SetOutcome {
    const transaction = this.#transactions.get(transactionId);
    if (transaction === undefined) return { error: ResponseError.commitFailed, index: 0 };
    transaction.outcome ??= this.#commit(transaction);
    return transaction.outcome;
  }

  /** RFC 2741 section 7.2.4.3. */
  undo(transactionId: number): SetOutcome {
    const transaction = this.#transactions.get(transactionId);
    this.#transactions.delete(transactionId);
    let outcome = done;
    for (let i = (transaction?.committed ?? 0) - 1; i >= 0; i--) {
      try {
        transaction?.plans[i]?.undo();
      } catch (error) {
        this.#onError('UndoSet', error);
        outcome = { error: ResponseError.undoFailed, index: i + 1 };
      }
    }
    return outcome;
  }

  /** RFC 2741 section 7.2.4.4. */
  cleanup(transactionId: number): void {
    this.#transactions.delete(transactionId);
  }

  #commit(transaction: Transaction): SetOutcome {
    for (const plan of transaction.plans) {
      transaction.committed += 1;
      try {
        plan.commit();
      } catch (error) {
        this.#onError('CommitSet', error);
        return { error: ResponseError.commitFailed, index: transaction.committed };
      }
    }
    return done;
  }

  /** The order of the checks is that of RFC 3416 section 4.2.5. */
  #plan({ oid, syntax, value }: VarBind, view: TreeView): SetPlan | SetError {
    this.#name.subIds.set(oid);
    this.#name.length = oid.length;
    const found = view.locate(this.#name);
    if (found?.column.planSet === undefined) return 'notWritable';
    if (!wireSyntaxes.has(syntax) || value === undefined) return 'wrongType';
    if (found.row < 0) return 'noCreation';
    return found.column.planSet(found.row, syntax as WireSyntax, value);
  }
}
