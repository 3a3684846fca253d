import type { Domain } from '../../model/domain.ts';
import type { TableBinding } from '../bind.ts';
import { ticksBetween } from '../elapsed.ts';
import { uuidOctets } from '../octets.ts';
import { inUnits } from '../units.ts';
import { domainsOf, presentDomainRows } from './domain-rows.ts';

/** vmMinCpuNumber and vmMinMem: QEMU has no lower limits. */
const NO_LIMIT = -1;

const DEFAULT_MEM_UNIT = 1024;

function memUnit(domain: Domain): number {
  return domain.memory?.vmMemUnit ?? DEFAULT_MEM_UNIT;
}

function autoStart(domain: Domain): 'unknown' | 'enabled' | 'disabled' {
  if (domain.autostart === undefined) return 'unknown';
  return domain.autostart ? 'enabled' : 'disabled';
}

/** VM-MIB: one row per present domain. Where RFC 7666 has a value for "not known" or "no limit", it is used. */
export const vmTable: TableBinding<'vmTable', Domain> = {
  table: 'vmTable',
  source: domainsOf,
  rows: presentDomainRows,
  columns: {
    vmName: (domain) => domain.name,
    vmUUID: (domain) => uuidOctets(domain.uuid),
    vmOSType: (domain) => domain.spec?.osInfo ?? domain.guest?.osId ?? domain.spec?.osType,
    vmAdminState: (domain) => domain.adminState,
    vmOperState: (domain, { snapshot }) =>
      // What the agent cannot ask for, it does not know; the other columns keep their last values.
      snapshot.agent.connState === 'connected' ? domain.operState : 'unknown',
    vmAutoStart: (domain) => autoStart(domain),
    vmPersistent: (domain) => (domain.persistent ? 'persistent' : 'transient'),
    vmCurCpuNumber: (domain) => domain.cpu?.vcpusCurrent,
    vmMinCpuNumber: () => NO_LIMIT,
    vmMaxCpuNumber: (domain) => domain.cpu?.vcpusMaximum,
    vmMemUnit: (domain) => memUnit(domain),
    vmCurMem: (domain) => inUnits(domain.memory?.currentBytes, memUnit(domain)),
    vmMinMem: () => NO_LIMIT,
    vmMaxMem: (domain) => inUnits(domain.memory?.maximumBytes, memUnit(domain)),
    vmUpTime: (domain, { now }) => (domain.active ? ticksBetween(domain.startedAt, now) : 0),
    vmCpuTime: (domain) => domain.cpu?.timeUs,
  },
};
