import type { Config } from '../../config/config.ts';
import type { StatSelector } from '../../config/selectors.ts';
import type { LibvirtEvent } from '../../libvirt/events.ts';
import type { CollectorId } from '../../model/agent.ts';
import type { EpochMs } from '../../model/scalar-types.ts';
import type { IndexStore } from '../../state/index-store.ts';
import type { AnswerShare } from '../access/answer-share.ts';
import type { LibvirtAccess } from '../access/libvirt-access.ts';
import type { LimitBoard } from '../limit-board.ts';
import type { DomainRecord } from '../records/domain-record.ts';
import type { DomainTable } from '../records/domain-table.ts';
import type { HostRecord } from '../records/host-record.ts';
import type { InfrastructureRecord } from '../records/infrastructure-record.ts';
import type { WarningBoard } from '../records/warning-board.ts';

/**
 * One source of data. A collector asks libvirt for one kind of thing, writes what it learns into the
 * records ({@link DomainRecord}, {@link HostRecord}) and marks them as touched; it never builds rows and
 * never publishes. The refresher decides when it runs, counts its failures and publishes afterwards; it
 * knows no collector but by this interface and its {@link CollectorKind}.
 *
 * To add one: a file in this folder with a class that implements this interface and a `CollectorKind`
 * beside it, and the name of that in the list in `collectors.ts`.
 */
export interface Collector {
  /**
   * Collects once. A failure that concerns one domain is reported with {@link CollectorPass.failed} and the
   * run goes on; what ends the whole run is thrown. Must end by itself when the signal aborts, since calls
   * are rejected then. Two runs of a collector never overlap.
   */
  collect(pass: CollectorPass): Promise<void>;
}

/** When a collector runs. */
export type CollectorStage =
  /** Opens every refresh, early ones too. Where it fails there is no refresh. */
  | 'opening'
  /** In every refresh; in an early one, of the domains concerned only. */
  | 'refresh'
  /** In refreshes, when its interval has passed; these run in the order of the list, beside those above. */
  | 'beside'
  /** By itself, at its own pace; what it learned is published when it ends. No refresh waits for it. */
  | 'background';

/** What is known of a collector without making one. */
export interface CollectorKind {
  /** Unique, for logs: `disk-errors`. */
  readonly name: string;
  /** The row of lveCollectorTable that shows its outcome; several collectors may share one. */
  readonly id: CollectorId;
  /** Further rows that its runs bring, where one of their selectors is on. */
  readonly also?: readonly { readonly id: CollectorId; readonly selectors: readonly StatSelector[] }[];
  /** It is made if one of these is on (`extra_stats`); always, if none is named. */
  readonly selectors: readonly StatSelector[];
  /** Whether it looks at this machine, and is of no use where the hypervisor is another. */
  readonly localOnly?: true;
  readonly stage: CollectorStage;
  /** Seconds between two runs; a run that takes longer delays the next one. */
  readonly interval: (config: Config) => number;
  /** In the background: events after which it runs at once instead of at its next turn. */
  readonly promptedBy?: readonly LibvirtEvent['type'][];
  /**
   * In the background: it runs for a domain alone after an event about that domain, or when it appeared, started
   * or stopped. The first snapshot waits a moment for it.
   */
  readonly perDomain?: true;
  readonly make: (setup: CollectorSetup) => Collector;
}

/** What a collector is made with. */
export interface CollectorSetup {
  readonly config: Config;
  /** Seconds between two runs. */
  readonly intervalSec: number;
  /** Whether the hypervisor is this machine. */
  readonly local: boolean;
  /** Whether a selector is on. */
  readonly has: (selector: StatSelector) => boolean;
}

/** A collector in use, with what the configuration says of it. */
export interface ActiveCollector
  extends Collector,
    Pick<CollectorKind, 'name' | 'id' | 'stage' | 'promptedBy' | 'perDomain'> {
  readonly intervalSec: number;
  /** Further rows of lveCollectorTable. */
  readonly also: readonly CollectorId[];
}

export type FailureScope = 'source' | 'member';

/** What one run of a collector works with. */
export interface CollectorPass {
  readonly libvirt: LibvirtAccess;
  readonly domains: DomainTable;
  readonly host: HostRecord;
  readonly infrastructure: InfrastructureRecord;
  readonly indexes: IndexStore;
  readonly warnings: WarningBoard;
  readonly limits: LimitBoard;
  /** Of the answers that are kept; undefined is no limit. */
  readonly share: AnswerShare | undefined;
  readonly now: EpochMs;
  readonly signal: AbortSignal;
  /** The domains this run is restricted to, by UUID; undefined is all. Some may not exist. */
  readonly only: ReadonlySet<string> | undefined;
  /**
   * Notes a call that failed; the run goes on.
   * @param scope - what it says something of: the source as a whole (or a domain, as far as it goes), or one member
   *   of many, which tells nothing of the others.
   * @param owners - what the member is part of, as for `about`: while one of those fails or is spared, what is known of
   *   the member stands.
   */
  failed(error: unknown, about?: string, scope?: FailureScope, owners?: readonly string[]): void;
  /**
   * Notes something that was not asked this time although it is there: if it refused before, that stands. What a run
   * neither asks nor spares refuses no more.
   *
   * @param about - as for {@link failed}; everything of this collector, if left out.
   */
  spared(about?: string): void;
  /** Notes whether some domain was answered, or none can be: the source is supported for some, or for none. */
  answered(some: boolean): void;
  /** Notes what the source cannot do in this run. */
  limited(support: 'partial' | 'unsupported', why: string): void;
  /** A domain appeared, started or stopped: what is read per domain is read anew. */
  changed(record: DomainRecord): void;
  /** A domain could not be asked, because its hypervisor process does not answer: it is, when it may be. */
  postpone(record: DomainRecord): void;
  /** Builds the row of a domain now, while others are still awaited. */
  buildRow(record: DomainRecord): void;
  /** A definition differs from the one before. */
  configChanged(): void;
}
