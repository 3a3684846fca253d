import type { Domain, DomainFacts } from '../../model/domain.ts';
import type { TableBinding } from '../bind.ts';
import { NEVER, ticksSince } from '../elapsed.ts';
import { uuidOctets } from '../values/octets.ts';
import { inUnits } from '../values/units.ts';
import { domainFacts } from './domain-rows.ts';
import { isConnected, presentDomains } from './present-domains.ts';

/** vmMinCpuNumber and vmMinMem: QEMU has no lower limits. */
const NO_LIMIT = -1;

/** Of a domain that has not been read yet neither the sizes nor their unit are known. */
function memSize({ memory }: Domain, size: 'currentBytes' | 'maximumBytes'): number | undefined {
  return memory && inUnits(memory[size], memory.vmMemUnit);
}

function autoStart({ autostart }: DomainFacts): 'unknown' | 'enabled' | 'disabled' {
  if (autostart === undefined) return 'unknown';
  return autostart ? 'enabled' : 'disabled';
}

/** What the agent cannot ask for, it does not know; the other columns keep their last values. */
function outOfTouch(domain: Domain): Domain {
  return { ...domain, facts: { ...domain.facts, operState: 'unknown' } };
}

/** VM-MIB: one row per present domain. Where RFC 7666 has a value for "not known" or "no limit", it is used. */
export const vmTable: TableBinding<'vmTable', Domain> = {
  table: 'vmTable',
  source: (snapshot) => [snapshot.domains, isConnected(snapshot)],
  rows: (snapshot, add) => {
    const connected = isConnected(snapshot);
    for (const domain of presentDomains(snapshot)) {
      add(connected ? domain : outOfTouch(domain), domain.index);
    }
  },
  columns: {
    vmName: domainFacts(({ name }) => name),
    vmUUID: domainFacts(({ uuid }) => uuidOctets(uuid)),
    vmOSType: domainFacts(({ osType }) => osType),
    vmAdminState: domainFacts(({ adminState }) => adminState),
    vmOperState: domainFacts(({ operState }) => operState),
    vmAutoStart: domainFacts(autoStart),
    vmPersistent: domainFacts(({ persistent }) => (persistent ? 'persistent' : 'transient')),
    vmCurCpuNumber: (domain) => domain.cpu?.vcpusCurrent,
    vmMinCpuNumber: domainFacts(() => NO_LIMIT),
    vmMaxCpuNumber: (domain) => domain.cpu?.vcpusMaximum,
    vmMemUnit: (domain) => domain.memory?.vmMemUnit,
    vmCurMem: (domain) => memSize(domain, 'currentBytes'),
    vmMinMem: domainFacts(() => NO_LIMIT),
    vmMaxMem: (domain) => memSize(domain, 'maximumBytes'),
    vmUpTime: ticksSince(({ facts }) => facts.upSince ?? (facts.active ? undefined : NEVER)),
    vmCpuTime: (domain) => domain.cpu?.timeUs,
  },
};
