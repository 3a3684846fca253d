import type { DiskError } from '../model/disk.ts';
import type { DomainState, VmOperState } from '../model/domain.ts';
import type { Guest } from '../model/guest.ts';
import type { EpochMs } from '../model/scalar-types.ts';

// What is on disk is input like any other: each value is looked at before it is believed.

/** Whether a saved value can be what it should be. */
export type Check = (value: unknown) => boolean;

/** One check for each member of a type that is saved. */
export type Checks<T> = { readonly [K in keyof T]-?: Check };

/** A clock that shows an earlier year was never set; moments are then measured by what is said here alone. */
const clockIsSet: EpochMs = Date.UTC(2024, 0);
/** The latest moment believed while the clock of the host is not set yet. */
const latestWithoutClock: EpochMs = Date.UTC(2100, 0);
/** How far ahead a saved moment may be: the clock may have been set back since. */
const aheadMs = 24 * 3600 * 1000;

/** Whether a value is a moment that can have been: not in the year 30000. */
export function isPastMoment(value: unknown, now: EpochMs): boolean {
  const latest = now < clockIsSet ? latestWithoutClock : now + aheadMs;
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 && value <= latest;
}

export const isBoolean: Check = (value) => typeof value === 'boolean';

/** Whether a value is an integer in a range, both ends included. */
export function integerIn(least: number, most: number): Check {
  return (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}

/** Names are shorter than this many characters; libvirt's own strings are limited by its protocol. */
const maxText = 4096;

export const isText: Check = (value) => typeof value === 'string' && value.length <= maxText;

export function textLike(pattern: RegExp): Check {
  return (value) => isText(value) && pattern.test(value as string);
}

/** Whether a value is one of the names that are the keys of a table. */
export function nameIn(names: Readonly<Record<string, true>>): Check {
  return (value) => typeof value === 'string' && Object.hasOwn(names, value);
}

export function optional(check: Check): Check {
  return (value) => value === undefined || check(value);
}

/** Whether a value is a list all of whose members pass. */
export function listOf(check: Check): Check {
  return (value) => Array.isArray(value) && value.every(check);
}

/** Whether a value is an object all of whose own values pass. */
export function recordOf(check: Check): Check {
  return (value) => isRecord(value) && Object.values(value).every(check);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export const isDomainState: Check = nameIn({
  nostate: true,
  running: true,
  blocked: true,
  paused: true,
  shutdown: true,
  shutoff: true,
  crashed: true,
  pmsuspended: true,
  other: true,
} satisfies Record<DomainState, true>);

export const isVmOperState: Check = nameIn({
  unknown: true,
  other: true,
  preparing: true,
  running: true,
  suspending: true,
  suspended: true,
  resuming: true,
  paused: true,
  migrating: true,
  shuttingdown: true,
  shutdown: true,
  crashed: true,
} satisfies Record<VmOperState, true>);

export const isDiskErrorCode: Check = nameIn({
  unspecified: true,
  noSpace: true,
  other: true,
} satisfies Record<DiskError['code'], true>);

export const isAgentState: Check = nameIn({
  connected: true,
  disconnected: true,
  unknown: true,
  notResponding: true,
} satisfies Record<Guest['agentState'], true>);
