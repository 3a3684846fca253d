import type { Domain } from '../../model/domain.ts';
import type { TableBinding } from '../bind.ts';
import { BEFORE_START, NEVER, secondsSince } from '../elapsed.ts';
import { domainsOf } from './domain-rows.ts';

type DomainReader<Value> = (domain: Domain) => Value | undefined;

/** Nothing for a domain that is gone. */
function ifPresent<Value>(read: DomainReader<Value>): DomainReader<Value> {
  return (domain) => (domain.presence === 'present' ? read(domain) : undefined);
}

function isUp(domain: Domain): boolean {
  return domain.presence === 'present' && (domain.state === 'running' || domain.state === 'blocked');
}

/** One row per domain, present or gone. A gone domain keeps the columns up to lveDomStateChanges and its last event. */
export const domTable: TableBinding<'lveDomTable', Domain> = {
  table: 'lveDomTable',
  source: domainsOf,
  rows: (snapshot, add) => {
    for (const domain of snapshot.domains) add(domain, domain.index);
  },
  columns: {
    lveDomName: (domain) => domain.name,
    lveDomUuid: (domain) => domain.uuid,
    lveDomTitle: (domain) => domain.spec?.title,
    lveDomId: (domain) => domain.id,
    lveDomState: (domain) => domain.state,
    lveDomReason: (domain) => domain.reason,
    lveDomStateText: (domain) => domain.stateText,
    lveDomSeverity: (domain) => domain.severity,
    lveDomUp: (domain) => (isUp(domain) ? 'up' : 'down'),
    lveDomPresence: (domain) => domain.presence,
    lveDomGoneTime: (domain) => domain.goneAt,
    lveDomStateSince: (domain) => domain.stateSince,
    lveDomStateAge: secondsSince((domain) => domain.stateSince),
    lveDomStateChanges: (domain) => domain.stateChanges,
    lveDomStartTime: ifPresent((domain) => (domain.active ? domain.startedAt : undefined)),
    lveDomUptime: secondsSince(ifPresent((domain) => (domain.active ? domain.startedAt : NEVER))),
    lveDomStartSource: ifPresent((domain) => (domain.active ? domain.startSource : undefined)),
    lveDomDiscontinuityTime: ifPresent((domain) => domain.discontinuityAt ?? BEFORE_START),
    lveDomStatsStatus: ifPresent((domain) => domain.statsStatus),
    lveDomStatsAge: secondsSince(ifPresent((domain) => (domain.active ? domain.statsAt : NEVER))),
    lveDomControlState: ifPresent((domain) => domain.control?.state),
    lveDomControlTime: ifPresent((domain) => domain.control?.stateTimeMs),
    lveDomManagedSave: ifPresent((domain) => domain.managedSave),
    lveDomSnapshots: ifPresent((domain) => domain.snapshots),
    lveDomSnapshotOldestAge: secondsSince(ifPresent((domain) => domain.oldestSnapshotAt)),
    lveDomCheckpoints: ifPresent((domain) => domain.checkpoints),
    lveDomMessages: ifPresent((domain) => domain.messages?.length),
    lveDomMessageText: ifPresent((domain) => domain.messages?.join('; ')),
    lveDomLastEventSeq: (domain) => domain.lastEventSeq,
  },
};
