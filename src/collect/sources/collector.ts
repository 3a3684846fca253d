import type { Config } from '../../config/config.ts';
import type { LibvirtEvent } from '../../libvirt/events.ts';
import type { Logger } from '../../log.ts';
import type { CollectorId } from '../../model/agent.ts';
import type { EpochMs } from '../../model/scalar-types.ts';
import type { IndexStore } from '../../state/index-store.ts';
import type { LibvirtAccess } from '../access/libvirt-access.ts';
import type { DomainTable } from '../records/domain-table.ts';
import type { HostRecord } from '../records/host-record.ts';
import type { InfrastructureRecord } from '../records/infrastructure-record.ts';
import type { WarningBoard } from '../records/warning-board.ts';

/**
 * One source of data. A collector asks libvirt for one kind of thing, writes what it learns into the
 * records ({@link DomainRecord}, {@link HostRecord}) and marks them as touched; it never builds rows and
 * never publishes. The refresher decides when it runs, counts its failures and publishes afterwards.
 *
 * To add one: a file in this folder that exports a class implementing this interface, and a line in
 * `collectors.ts`.
 */
export interface Collector {
  /** Unique, for logs: `disk-errors`. */
  readonly name: string;
  /** The row of lveCollectorTable that shows its outcome; several collectors may share one. */
  readonly id: CollectorId;
  /** Whether the configuration (extra_stats) switches it on. */
  readonly enabled: boolean;
  /** Seconds between two runs; a run that takes longer delays the next one, it is never run twice at once. */
  readonly intervalSec: number;
  /** Events after which it runs at once instead of at its next turn. */
  readonly promptedBy?: readonly LibvirtEvent['type'][];
  /**
   * Collects once. A failure that concerns one domain is reported with {@link CollectorPass.failed} and the
   * run goes on; what ends the whole run is thrown. Must end by itself when the signal aborts, since calls
   * are rejected then.
   */
  collect(pass: CollectorPass): Promise<void>;
}

/** What one run of a collector works with. */
export interface CollectorPass {
  readonly libvirt: LibvirtAccess;
  readonly domains: DomainTable;
  readonly host: HostRecord;
  readonly infrastructure: InfrastructureRecord;
  readonly indexes: IndexStore;
  readonly warnings: WarningBoard;
  readonly config: Config;
  readonly logger: Logger;
  readonly now: EpochMs;
  readonly signal: AbortSignal;
  /** Notes a call that failed; the run goes on. */
  failed(error: unknown, about?: string): void;
  /** Notes how the source fared: `partial` where it works for some domains only. */
  supported(support: 'supported' | 'partial' | 'unsupported', why?: string): void;
}
