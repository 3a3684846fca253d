import { statsGroups } from '../../libvirt-enums/flags.ts';
import type { DomainRecord } from '../records/domain-record.ts';

/** Domains asked for in one call. */
export interface StatsBatch {
  readonly records: readonly DomainRecord[];
  /** Bit set of virDomainStatsTypes. */
  readonly groups: number;
  /** Whether the call may enter the monitor. */
  readonly monitor: boolean;
  /** Whether the domains were part of a call that failed or came too early: then it is not tried again. */
  readonly retry: boolean;
}

export interface BatchOptions {
  /** Every group in use. */
  readonly groups: number;
  /** Seconds after which a domain is asked again for groups that it had nothing in. */
  readonly idleGroupsIntervalSec: number;
  readonly batchSize: number;
  readonly callsInFlight: number;
  readonly monitor: boolean;
}

/** Shares domains out among calls: those that are asked for the same groups together. */
export function makeBatches(records: readonly DomainRecord[], options: BatchOptions): readonly StatsBatch[] {
  const { groups, idleGroupsIntervalSec, monitor } = options;
  const askAllMs = performance.now() - idleGroupsIntervalSec * 1000;
  const byGroups = new Map<number, DomainRecord[]>();
  for (const record of records) {
    const idle = record.runtime.idleGroups;
    const due = idle === undefined || idle.atMs <= askAllMs ? groups : groups & ~idle.groups;
    const wanted = due & ~refusedGroups(record);
    const alike = byGroups.get(wanted);
    if (alike === undefined) byGroups.set(wanted, [record]);
    else alike.push(record);
  }
  return [...byGroups].flatMap(([wanted, alike]) =>
    inPieces(alike, sizeFor(alike.length, options)).map((piece) => ({
      records: piece,
      groups: wanted,
      monitor,
      retry: false,
    })),
  );
}

/**
 * Groups that libvirt cannot tell of a domain, and logs an error each time it is asked: of a domain that is off it reads
 * the header of each image, and a disk made of a directory has none.
 */
function refusedGroups({ active, definition }: DomainRecord): number {
  return !active && definition?.disks.some(({ type }) => type === 'dir') === true ? statsGroups.block : 0;
}

/** Domains of a batch: few domains are shared out among the calls, which the daemon works on side by side. */
function sizeFor(domains: number, { batchSize, callsInFlight }: BatchOptions): number {
  return Math.max(1, Math.min(batchSize, Math.ceil(domains / callsInFlight)));
}

function inPieces<T>(all: readonly T[], size: number): readonly (readonly T[])[] {
  const pieces: (readonly T[])[] = [];
  for (let from = 0; from < all.length; from += size) pieces.push(all.slice(from, from + size));
  return pieces;
}
