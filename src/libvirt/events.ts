import type { Count } from '../bytes/count.ts';
import { domainEvents } from '../libvirt-enums/domain-event.ts';
import type { DomainRef, NamedRef } from './protocol.ts';
import type { TypedParams } from './typed-params.ts';

/**
 * The virDomainEventIDs that a daemon of this version knows. It logs an error about each other one it is
 * asked for.
 *
 * @param libVersion - major * 1000000 + minor * 1000 + release.
 */
export function domainEventsOf(libVersion: number): readonly number[] {
  return [...domainEvents.entries()].filter(([, [, since]]) => libVersion >= since).map(([id]) => id);
}

interface OfDomain {
  readonly domain: DomainRef;
}

/** One end of a graphics connection; `family` is virDomainEventGraphicsAddressType. */
export interface GraphicsAddress {
  readonly family: number;
  readonly node: string;
  readonly service: string;
}

/**
 * An event libvirt sent. Numbers are those of libvirt's enumerations of the same name; an event is a hint
 * that something changed, never the only source of a fact: none is repeated after a connection was lost.
 */
export type LibvirtEvent =
  /** virDomainEventType and its detail. */
  | ({ readonly type: 'lifecycle'; readonly event: number; readonly detail: number } & OfDomain)
  | ({ readonly type: 'reboot' } & OfDomain)
  | ({ readonly type: 'rtcChange'; readonly offsetSec: Count } & OfDomain)
  /** virDomainEventWatchdogAction */
  | ({ readonly type: 'watchdog'; readonly action: number } & OfDomain)
  /** virDomainEventIOErrorAction; the same errors come as `ioErrorReason`. */
  | ({
      readonly type: 'ioError';
      readonly path: string;
      readonly alias: string;
      readonly action: number;
    } & OfDomain)
  | ({
      readonly type: 'ioErrorReason';
      readonly path: string;
      readonly alias: string;
      readonly action: number;
      /** `enospc` or empty */
      readonly reason: string;
    } & OfDomain)
  /** virDomainEventGraphicsPhase */
  | ({
      readonly type: 'graphics';
      readonly phase: number;
      readonly local: GraphicsAddress;
      readonly remote: GraphicsAddress;
      readonly authScheme: string;
      readonly identities: readonly { readonly type: string; readonly name: string }[];
    } & OfDomain)
  | ({ readonly type: 'controlError' } & OfDomain)
  /**
   * virDomainBlockJobType and virConnectDomainEventBlockJobStatus. libvirt sends each twice if both are
   * subscribed to: with the source path (event 8) and with the target, `vda` (event 16).
   */
  | ({
      readonly type: 'blockJob';
      readonly path: string | undefined;
      readonly dst: string | undefined;
      readonly jobType: number;
      readonly status: number;
    } & OfDomain)
  /** virConnectDomainEventDiskChangeReason */
  | ({
      readonly type: 'diskChange';
      readonly oldPath: string | undefined;
      readonly newPath: string | undefined;
      readonly alias: string;
      readonly reason: number;
    } & OfDomain)
  /** virDomainEventTrayChangeReason */
  | ({ readonly type: 'trayChange'; readonly alias: string; readonly reason: number } & OfDomain)
  | ({ readonly type: 'pmWakeup'; readonly reason: number } & OfDomain)
  | ({ readonly type: 'pmSuspend'; readonly reason: number } & OfDomain)
  | ({ readonly type: 'pmSuspendDisk'; readonly reason: number } & OfDomain)
  /** The new balloon size in KiB. */
  | ({ readonly type: 'balloonChange'; readonly actual: Count } & OfDomain)
  | ({ readonly type: 'deviceAdded'; readonly alias: string } & OfDomain)
  | ({ readonly type: 'deviceRemoved'; readonly alias: string } & OfDomain)
  | ({ readonly type: 'deviceRemovalFailed'; readonly alias: string } & OfDomain)
  | ({ readonly type: 'tunable'; readonly params: TypedParams } & OfDomain)
  /** virConnectDomainEventAgentLifecycleState and -Reason. */
  | ({ readonly type: 'agentLifecycle'; readonly state: number; readonly reason: number } & OfDomain)
  | ({ readonly type: 'migrationIteration'; readonly iteration: number } & OfDomain)
  | ({ readonly type: 'jobCompleted'; readonly params: TypedParams } & OfDomain)
  /** virDomainMetadataType */
  | ({
      readonly type: 'metadataChange';
      readonly metadataType: number;
      readonly namespaceUri: string | undefined;
    } & OfDomain)
  | ({
      readonly type: 'blockThreshold';
      /** `vda`, or `vda[3]` for an image of the backing chain. */
      readonly dev: string;
      readonly path: string | undefined;
      readonly threshold: Count;
      readonly excess: Count;
    } & OfDomain)
  /** virDomainMemoryFailureRecipientType, -ActionType, -Flags */
  | ({
      readonly type: 'memoryFailure';
      readonly recipient: number;
      readonly action: number;
      readonly flags: number;
    } & OfDomain)
  | ({ readonly type: 'memoryDeviceSizeChange'; readonly alias: string; readonly sizeKib: Count } & OfDomain)
  | ({
      readonly type: 'nicMacChange';
      readonly alias: string;
      readonly oldMac: string;
      readonly newMac: string;
    } & OfDomain)
  /** virNetworkEventLifecycleType */
  | {
      readonly type: 'networkLifecycle';
      readonly network: NamedRef;
      readonly event: number;
      readonly detail: number;
    }
  /** virStoragePoolEventLifecycleType */
  | {
      readonly type: 'storagePoolLifecycle';
      readonly pool: NamedRef;
      readonly event: number;
      readonly detail: number;
    }
  | { readonly type: 'storagePoolRefresh'; readonly pool: NamedRef }
  /** virConnectCloseReason; a daemon behind the one we talk to was lost, and calls will fail. */
  | { readonly type: 'connectionClosed'; readonly reason: number }
  /** A message this program does not know; libvirt is newer. */
  | { readonly type: 'unknown'; readonly procedure: number };
