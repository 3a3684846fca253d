import type { DiskDefinition } from '../../definition/disk-definition.ts';
import type { FsInfo } from '../../libvirt/procedures.ts';
import { findParam, type ParamValue, type TypedParams } from '../../libvirt/typed-params.ts';
import { percentOf } from '../../model/arithmetic.ts';
import type { FileSystem, Guest } from '../../model/guest.ts';
import type { Count, EpochMs, Ratio } from '../../model/scalar-types.ts';

/** What a guest agent told of its guest (virDomainGetGuestInfo), without the state of the agent itself. */
export type GuestFacts = Omit<Guest, 'agentState'>;

/** A file system as the guest sees it, before it has a number. */
export type FileSystemFacts = Omit<FileSystem, 'index'>;

/** Most file systems taken from one guest: containers have a mount for each layer. */
export const maxFileSystems = 256;

/** A guest without any data, for agents that have not answered. */
export const noGuestFacts: GuestFacts = {
  hostname: undefined,
  osId: undefined,
  osName: undefined,
  osVersion: undefined,
  kernel: undefined,
  machine: undefined,
  timezone: undefined,
  timeOffsetSec: undefined,
  users: undefined,
  load1: undefined,
  load5: undefined,
  load15: undefined,
  infoAt: undefined,
};

/** Operating system, host name, load and users from the parameters of virDomainGetGuestInfo. */
export function guestFacts(params: TypedParams, at: EpochMs): GuestFacts {
  const text = (name: string): string | undefined => textOf(findParam(params, name));
  const users = countOf(findParam(params, 'user.count'));
  const offset = findParam(params, 'timezone.offset');
  return {
    hostname: text('hostname'),
    osId: text('os.id'),
    osName: text('os.name') ?? text('os.pretty-name'),
    osVersion: text('os.version') ?? text('os.version-id'),
    kernel: text('os.kernel-release'),
    machine: text('os.machine'),
    timezone: text('timezone.name'),
    timeOffsetSec: typeof offset === 'number' ? offset : undefined,
    users: users === undefined ? undefined : Number(users),
    load1: ratioOf(findParam(params, 'load.1m')),
    load5: ratioOf(findParam(params, 'load.5m')),
    load15: ratioOf(findParam(params, 'load.15m')),
    infoAt: at,
  };
}

/**
 * The file systems among the parameters of virDomainGetGuestInfo (`fs.0.mountpoint`), one a mount point.
 *
 * @param disks - the domain's disks, to name those that hold a file system by their targets.
 */
export function fileSystemFacts(
  params: TypedParams,
  disks: readonly DiskDefinition[],
): readonly FileSystemFacts[] {
  const fields = fileSystemFields(params);
  const found = new Map<string, FileSystemFacts>();
  for (const field of fields.values()) {
    const mountPoint = textOf(field.get('mountpoint'));
    if (mountPoint === undefined || found.has(mountPoint) || found.size >= maxFileSystems) continue;
    const totalBytes = countOf(field.get('total-bytes'));
    const usedBytes = countOf(field.get('used-bytes'));
    found.set(mountPoint, {
      mountPoint,
      device: textOf(field.get('name')),
      type: textOf(field.get('fstype')),
      disks: targetsOf(aliasesIn(field), disks),
      totalBytes,
      usedBytes,
      usedPercent: percentOf(usedBytes, totalBytes),
    });
  }
  return [...found.values()];
}

/** The same from virDomainGetFSInfo, for a libvirt older than 5.7; sizes are not known there. */
export function fileSystemsFromFsInfo(
  infos: readonly FsInfo[],
  disks: readonly DiskDefinition[],
): readonly FileSystemFacts[] {
  const found = new Map<string, FileSystemFacts>();
  for (const info of infos) {
    if (info.mountpoint === '' || found.has(info.mountpoint) || found.size >= maxFileSystems) continue;
    found.set(info.mountpoint, {
      mountPoint: info.mountpoint,
      device: textOf(info.name),
      type: textOf(info.fsType),
      disks: targetsOf(info.disks, disks),
      totalBytes: undefined,
      usedBytes: undefined,
      usedPercent: undefined,
    });
  }
  return [...found.values()];
}

const fileSystemName = /^fs\.(\d{1,5})\.(.+)$/;

/** The parameters of each file system by its number. */
function fileSystemFields(params: TypedParams): ReadonlyMap<string, ReadonlyMap<string, ParamValue>> {
  const fields = new Map<string, Map<string, ParamValue>>();
  for (const [i, name] of params.names.entries()) {
    const match = fileSystemName.exec(name.text);
    const value = params.values[i];
    if (match?.[1] === undefined || match[2] === undefined || value === undefined) continue;
    let known = fields.get(match[1]);
    if (known === undefined) {
      known = new Map();
      fields.set(match[1], known);
    }
    known.set(match[2], value);
  }
  return fields;
}

function aliasesIn(field: ReadonlyMap<string, ParamValue>): string[] {
  const aliases: string[] = [];
  for (const [name, value] of field) {
    if (/^disk\.\d{1,5}\.alias$/.test(name) && typeof value === 'string') aliases.push(value);
  }
  return aliases;
}

/** libvirt calls the disk by its target or by its alias, depending on the version; we by the target. */
function targetsOf(names: readonly string[], disks: readonly DiskDefinition[]): string | undefined {
  const targets = new Set<string>();
  for (const name of names) {
    const disk = disks.find((one) => one.target === name) ?? disks.find((one) => one.alias === name);
    targets.add(disk?.target ?? name);
  }
  return targets.size === 0 ? undefined : [...targets].join(' ');
}

function textOf(value: ParamValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function countOf(value: ParamValue | undefined): Count | undefined {
  return (typeof value === 'number' || typeof value === 'bigint') && value >= 0 ? value : undefined;
}

function ratioOf(value: ParamValue | undefined): Ratio | undefined {
  return typeof value === 'number' && value >= 0 && Number.isFinite(value)
    ? Math.round(value * 100)
    : undefined;
}
