import type { Domain, DomainFacts } from '../../model/domain.ts';
import type { EpochMs } from '../../model/scalar-types.ts';
import type { TableBinding } from '../bind.ts';
import { BEFORE_START, NEVER, secondsSince } from '../elapsed.ts';
import { partOf } from '../part.ts';
import { domainFacts, domainsOf } from './domain-rows.ts';

type FactsReader<Value> = (facts: DomainFacts) => Value | undefined;

/** Nothing for a domain that is gone. */
function ifPresent<Value>(read: FactsReader<Value>): FactsReader<Value> {
  return (facts) => (facts.presence === 'present' ? read(facts) : undefined);
}

/** Nothing before libvirt told the state of the domain. */
function ifStateKnown<Value>(read: FactsReader<Value>): FactsReader<Value> {
  return (facts) => (facts.stateKnown ? read(facts) : undefined);
}

function isUp({ presence, state }: DomainFacts): boolean {
  return presence === 'present' && (state === 'running' || state === 'blocked');
}

const uptimeSince = ifPresent(({ active, startedAt }) => (active ? startedAt : NEVER));

function statsSince({ facts, statsAt }: Domain): EpochMs | undefined {
  if (facts.presence === 'gone') return undefined;
  return facts.active ? statsAt : NEVER;
}

const stateSince = ifStateKnown((facts) => facts.stateSince);

const snapshotSince = ifPresent(({ oldestSnapshotAt }) => oldestSnapshotAt);

const spec = partOf((domain: Domain) => domain.spec);

/** One row per domain, present or gone. A gone domain keeps the columns up to lveDomStateChanges and its last event. */
export const domTable: TableBinding<'lveDomTable', Domain> = {
  table: 'lveDomTable',
  source: domainsOf,
  rows: (snapshot, add) => {
    for (const domain of snapshot.domains) add(domain, domain.index);
  },
  columns: {
    lveDomName: domainFacts(({ name }) => name),
    lveDomUuid: domainFacts(({ uuid }) => uuid),
    lveDomTitle: spec(({ title }) => title),
    lveDomId: domainFacts(({ id }) => id),
    lveDomState: domainFacts(ifStateKnown(({ state }) => state)),
    lveDomReason: domainFacts(ifStateKnown(({ reason }) => reason)),
    lveDomStateText: domainFacts(ifStateKnown(({ stateText }) => stateText)),
    lveDomSeverity: domainFacts(ifStateKnown(({ severity }) => severity)),
    lveDomUp: domainFacts((facts) =>
      facts.stateKnown || facts.presence === 'gone' ? (isUp(facts) ? 'up' : 'down') : undefined,
    ),
    lveDomPresence: domainFacts(({ presence }) => presence),
    lveDomGoneTime: domainFacts(({ goneAt }) => goneAt),
    lveDomStateSince: domainFacts(ifStateKnown(({ stateSince }) => stateSince)),
    lveDomStateAge: secondsSince(({ facts }) => stateSince(facts)),
    lveDomStateChanges: domainFacts(({ stateChanges }) => stateChanges),
    lveDomStartTime: domainFacts(ifPresent((facts) => (facts.active ? facts.startedAt : undefined))),
    lveDomUptime: secondsSince(({ facts }) => uptimeSince(facts)),
    lveDomStartSource: domainFacts(ifPresent((facts) => (facts.active ? facts.startSource : undefined))),
    lveDomDiscontinuityTime: domainFacts(ifPresent((facts) => facts.discontinuityAt ?? BEFORE_START)),
    lveDomStatsStatus: domainFacts(ifPresent((facts) => facts.statsStatus)),
    lveDomStatsAge: secondsSince(statsSince),
    lveDomControlState: domainFacts(ifPresent((facts) => facts.control?.state)),
    lveDomControlTime: domainFacts(ifPresent((facts) => facts.control?.stateTimeMs)),
    lveDomManagedSave: domainFacts(ifPresent((facts) => facts.managedSave)),
    lveDomSnapshots: domainFacts(ifPresent((facts) => facts.snapshots)),
    lveDomSnapshotOldestAge: secondsSince(({ facts }) => snapshotSince(facts)),
    lveDomCheckpoints: domainFacts(ifPresent((facts) => facts.checkpoints)),
    lveDomMessages: domainFacts(ifPresent((facts) => facts.messages?.length)),
    lveDomMessageText: domainFacts(ifPresent((facts) => facts.messages?.join('; '))),
    lveDomLastEventSeq: domainFacts(({ lastEventSeq }) => lastEventSeq),
  },
};
