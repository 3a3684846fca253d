import { stateText } from '../domain-state/state-text.ts';
import type { NotificationContent } from '../events/held-notification.ts';
import type { NotificationName, NotificationValues, ServedNotification } from '../mib/bind.ts';
import type { DomainState, VmOperState } from '../model/domain.ts';
import type { LoggedEvent } from '../model/event.ts';
import { type BulkState, virtualMachineList } from './bulk-window.ts';
import type { Change, DomainDeleted, DomainStateChanged } from './occurrence.ts';

function content<N extends ServedNotification>(name: N, values: NotificationValues<N>): NotificationContent {
  return { name, values };
}

/** The notification of VM-MIB for a new state of one virtual machine; states that have none are absent. */
const perVmNames = {
  running: 'vmRunning',
  shuttingdown: 'vmShuttingdown',
  shutdown: 'vmShutdown',
  paused: 'vmPaused',
  suspending: 'vmSuspending',
  suspended: 'vmSuspended',
  resuming: 'vmResuming',
  migrating: 'vmMigrating',
  crashed: 'vmCrashed',
} as const satisfies Partial<Record<VmOperState, NotificationName>>;

const bulkNames = {
  running: 'vmBulkRunning',
  shuttingdown: 'vmBulkShuttingdown',
  shutdown: 'vmBulkShutdown',
  paused: 'vmBulkPaused',
  suspending: 'vmBulkSuspending',
  suspended: 'vmBulkSuspended',
  resuming: 'vmBulkResuming',
  migrating: 'vmBulkMigrating',
  crashed: 'vmBulkCrashed',
  deleted: 'vmBulkDeleted',
} as const satisfies Partial<Record<BulkState, NotificationName>>;

/** Whether VM-MIB has notifications for a state. */
export function hasVmNotification(state: BulkState): state is keyof typeof bulkNames {
  return Object.hasOwn(bulkNames, state);
}

/** The state that a notification of VM-MIB for one virtual machine tells; undefined for others. */
export function operStateTold(name: string): VmOperState | undefined {
  const [state] = Object.entries(perVmNames).find(([, told]) => told === name) ?? [];
  return state as keyof typeof perVmNames | undefined;
}

/** A change that LIBVIRT-EXT-MIB has a notification for. */
export type ExtensionChange = Exclude<Change, DomainDeleted>;

/** Whether LIBVIRT-EXT-MIB has a notification for a change. Only VM-MIB calls the start of a migration a change. */
export function hasExtensionNotification(change: Change): change is ExtensionChange {
  if (change.type === 'domainDeleted') return false;
  return (
    change.type !== 'domainState' ||
    change.state !== change.oldState ||
    change.severity !== change.oldSeverity
  );
}

/** What a notification has for a size that is not known: it cannot lack the object, and 0 would be a size. */
const unknownSize = 2n ** 64n - 1n;

/** States of a domain that does not run any more, or soon will not. */
const endedStates: ReadonlySet<DomainState> = new Set<DomainState>(['shutdown', 'shutoff', 'crashed']);

/** Turns changes into notifications with all objects their MIB lists: receivers tell them apart by their positions. */
export class NotificationBuilder {
  /**
   * The notification of VM-MIB for one virtual machine; undefined if the new state has none. vmOperState
   * carries the state before the change (RFC 7666: "the other state"), not what a GET would answer.
   */
  perVm(change: DomainStateChanged | DomainDeleted): NotificationContent | undefined {
    const { index, uuid, name } = change.domain;
    const identity = {
      vmName: { value: name, index: [index] as const },
      vmUUID: { value: uuidOctets(uuid), index: [index] as const },
    };
    if (change.type === 'domainDeleted') {
      const persistence = { true: 'persistent', false: 'transient', undefined: 'unknown' } as const;
      return content('vmDeleted', {
        ...identity,
        vmOperState: { value: change.operState, index: [index] },
        vmPersistent: { value: persistence[`${change.persistent}`], index: [index] },
      });
    }
    const { operState } = change;
    if (!Object.hasOwn(perVmNames, operState)) return undefined;
    return content(perVmNames[operState as keyof typeof perVmNames], {
      ...identity,
      vmOperState: { value: change.oldOperState, index: [index] },
    });
  }

  /** The notification of LIBVIRT-MIB; undefined if it has no number for the new state. */
  guest({ domain, state }: DomainStateChanged): NotificationContent | undefined {
    if (state === 'other') return undefined;
    return content('libvirtGuestNotif', {
      libvirtGuestName: { value: domain.name },
      libvirtGuestUUID: { value: uuidOctets(domain.uuid) },
      libvirtGuestState: { value: state },
      libvirtGuestRowStatus: { value: endedStates.has(state) ? 'notInService' : 'active' },
    });
  }

  /** The bulk notification of VM-MIB. */
  bulk(state: keyof typeof bulkNames, vmIndexes: ReadonlySet<number>): NotificationContent {
    return content(bulkNames[state], { vmAffectedVMs: { value: virtualMachineList(vmIndexes) } });
  }

  /** lveDomainEvent: the row of lveEventTable that represents the event. */
  event(entry: LoggedEvent): NotificationContent {
    const index = [entry.seq] as const;
    return content('lveDomainEvent', {
      lveEventDomName: { value: entry.subjectName, index },
      lveEventDomUuid: { value: entry.subjectUuid, index },
      lveEventType: { value: entry.kind, index },
      lveEventDetail: { value: entry.detail, index },
      lveEventName: { value: entry.name, index },
      lveEventText: { value: entry.text, index },
      lveEventSeverity: { value: entry.severity, index },
    });
  }

  /** lveNotificationsSuppressed */
  suppressed(suppressed: number, newestSeq: number): NotificationContent {
    return content('lveNotificationsSuppressed', {
      lveNotifySuppressed: { value: suppressed },
      lveEventNewestSeq: { value: newestSeq },
    });
  }

  /** The notification of LIBVIRT-EXT-MIB for a change. */
  change(change: ExtensionChange): NotificationContent {
    switch (change.type) {
      case 'domainState':
        return this.#stateChange(change);
      case 'diskError': {
        const index = [change.domain.index, change.diskIndex] as const;
        return content('lveDomainDiskError', {
          ...domainValues(change.domain),
          lveDiskErrTarget: { value: change.target, index },
          lveDiskErrCode: { value: change.code, index },
        });
      }
      case 'diskErrorCleared':
        return content('lveDomainDiskErrorCleared', {
          ...domainValues(change.domain),
          lveDiskTarget: { value: change.target, index: [change.domain.index, change.diskIndex] },
        });
      case 'jobCompleted': {
        const index = [change.domain.index, 'completed'] as const;
        return content('lveDomainJobCompleted', {
          ...domainValues(change.domain),
          lveJobOperation: { value: change.operation, index },
          lveJobSuccess: { value: change.success ?? false, index },
          lveJobElapsed: { value: change.elapsedMs ?? 0, index },
          lveJobErrorText: { value: change.errorText, index },
        });
      }
      case 'blockThreshold': {
        const index = [change.domain.index, change.diskIndex] as const;
        return content('lveDomainBlockThreshold', {
          ...domainValues(change.domain),
          lveDiskTarget: { value: change.target, index },
          lveDiskSource: { value: change.source, index },
          lveDiskThreshold: { value: change.thresholdBytes, index },
          lveNotifyExcess: { value: change.excessBytes },
        });
      }
      case 'guestAgent':
        return content('lveDomainGuestAgentChange', {
          ...domainValues(change.domain),
          lveGuestAgentState: { value: change.state, index: [change.domain.index] },
        });
      case 'connection':
        return content('lveConnectionChange', {
          lveConnUri: { value: change.uri },
          lveConnState: { value: change.state },
          lveNotifyConnUp: { value: change.up },
          lveConnLastError: { value: change.errorText },
        });
      case 'poolState': {
        const index = [change.poolIndex] as const;
        return content('lvePoolStateChange', {
          lvePoolName: { value: change.name, index },
          lvePoolState: { value: change.state, index },
          lvePoolAvailable: { value: change.availableBytes ?? unknownSize, index },
          lvePoolCapacity: { value: change.capacityBytes ?? unknownSize, index },
        });
      }
    }
  }

  #stateChange(change: DomainStateChanged): NotificationContent {
    const index = [change.domain.index] as const;
    return content('lveDomainStateChange', {
      ...domainValues(change.domain),
      lveNotifyOldState: { value: change.oldState },
      lveDomState: { value: change.state, index },
      lveDomReason: { value: change.reason, index },
      lveDomStateText: { value: stateText(change.state, change.reason), index },
      lveDomSeverity: { value: change.severity, index },
    });
  }
}

function domainValues(domain: { readonly index: number; readonly uuid: string; readonly name: string }) {
  const index = [domain.index] as const;
  return { lveDomName: { value: domain.name, index }, lveDomUuid: { value: domain.uuid, index } };
}

/** The 16 octets of a UUID in text form. */
function uuidOctets(uuid: string): Uint8Array {
  return new Uint8Array(Buffer.from(uuid.replaceAll('-', ''), 'hex'));
}
