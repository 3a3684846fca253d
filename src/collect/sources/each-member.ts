import { ConnectionLostError } from '../../errors.ts';
import { CallTimeoutError } from '../../libvirt/connection.ts';
import {
  isAccessDenied,
  isMissing,
  isNotSupported,
  isOperationInvalid,
} from '../../libvirt/libvirt-error.ts';
import { NotCalledError } from '../access/call-gate.ts';
import type { CollectorPass } from './collector.ts';
import type { RetryKey, RetrySchedule } from './retry-schedule.ts';

/** How one of several members is read. */
export interface MemberReading<Row> {
  /** What is known of it: that stays where the member could not be read this time, but may be the next. */
  readonly known: Row | undefined;
  /** Its row; undefined if it has none. */
  readonly read: () => Promise<Row | undefined>;
  /** Spares a member that refuses, until its owner has another id. */
  readonly retries?: {
    readonly schedule: RetrySchedule;
    /** The domain that it is of. */
    readonly owner: RetryKey & { readonly name: string };
  };
  /** The member in whose reading this one is read, by its name: where that fails, this one is not asked. */
  readonly partOf?: string;
}

/**
 * Reads one of the members of something: a disk of a domain, a cell of the host, a pool of the daemon. If that fails it
 * is reported by the member's name, and costs nothing but this member: where it refuses, it has no row and is not asked
 * again soon; where the next attempt may well succeed, what is known of it stays.
 *
 * @param name - for the report: `web-1 vda`. Unique within the source.
 * @throws ConnectionLostError; NotCalledError if nothing may be asked now; LibvirtError if no other member would be
 *   answered either.
 */
export async function readMember<Row>(
  pass: CollectorPass,
  name: string,
  { known, read, retries, partOf }: MemberReading<Row>,
): Promise<Row | undefined> {
  const key = { uuid: retries?.owner.uuid ?? '', id: retries?.owner.id ?? 0, member: name };
  if (retries?.schedule.isDue(key, pass.now) === false) {
    pass.spared(name);
    return known;
  }
  try {
    const row = await read();
    retries?.schedule.succeeded(key);
    return row;
  } catch (error) {
    if (error instanceof ConnectionLostError || pass.signal.aborted || isMissing(error)) throw error;
    if (error instanceof NotCalledError && error.why === 'saturated') throw error;
    const owners = [retries?.owner.name, partOf].filter((owner) => owner !== undefined);
    pass.failed(error, name, 'member', owners);
    if (!mayPass(error)) retries?.schedule.failed(key, pass.now);
    return refuses(error) ? undefined : known;
  }
}

/** {@link readMember} for several of the same kind, one after another. Returns the rows in their order. */
export async function eachMember<Member, Row>(
  pass: CollectorPass,
  members: Iterable<Member>,
  reading: {
    readonly nameOf: (member: Member) => string;
    readonly known: (member: Member) => Row | undefined;
    readonly read: (member: Member) => Promise<Row | undefined>;
    readonly retries?: MemberReading<Row>['retries'];
    readonly partOf?: string;
  },
): Promise<Row[]> {
  const { nameOf, known, read, retries, partOf } = reading;
  const rows: Row[] = [];
  for (const member of members) {
    const row = await readMember(pass, nameOf(member), {
      known: known(member),
      read: () => read(member),
      ...(retries === undefined ? {} : { retries }),
      ...(partOf === undefined ? {} : { partOf }),
    });
    if (row !== undefined) rows.push(row);
  }
  return rows;
}

/** Whether it is nothing for this member, or not for us, rather than not now. */
function refuses(error: unknown): boolean {
  return isNotSupported(error) || isAccessDenied(error);
}

/** Whether the next attempt may well succeed. */
export function mayPass(error: unknown): boolean {
  if (error instanceof CallTimeoutError || error instanceof NotCalledError) return true;
  return !refuses(error) && !isOperationInvalid(error);
}
