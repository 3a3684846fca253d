import type { Domain } from '../../model/domain.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { TableBinding } from '../bind.ts';
import { NEVER, ticksSince } from '../elapsed.ts';
import { uuidOctets } from '../octets.ts';
import { inUnits } from '../units.ts';
import { presentDomains } from './present-domains.ts';

/** vmMinCpuNumber and vmMinMem: QEMU has no lower limits. */
const NO_LIMIT = -1;

const DEFAULT_MEM_UNIT = 1024;

function memUnit(domain: Domain): number {
  return domain.memory?.vmMemUnit ?? DEFAULT_MEM_UNIT;
}

function isConnected({ agent }: Snapshot): boolean {
  return agent.connState === 'connected';
}

function autoStart(domain: Domain): 'unknown' | 'enabled' | 'disabled' {
  if (domain.autostart === undefined) return 'unknown';
  return domain.autostart ? 'enabled' : 'disabled';
}

/** VM-MIB: one row per present domain. Where RFC 7666 has a value for "not known" or "no limit", it is used. */
export const vmTable: TableBinding<'vmTable', Domain> = {
  table: 'vmTable',
  source: (snapshot) => [snapshot.domains, isConnected(snapshot)],
  rows: (snapshot, add) => {
    const connected = isConnected(snapshot);
    for (const domain of presentDomains(snapshot)) {
      // What the agent cannot ask for, it does not know; the other columns keep their last values.
      add(connected ? domain : { ...domain, operState: 'unknown' }, domain.index);
    }
  },
  columns: {
    vmName: (domain) => domain.name,
    vmUUID: (domain) => uuidOctets(domain.uuid),
    vmOSType: (domain) => domain.spec?.osInfo ?? domain.guest?.osId ?? domain.spec?.osType,
    vmAdminState: (domain) => domain.adminState,
    vmOperState: (domain) => domain.operState,
    vmAutoStart: (domain) => autoStart(domain),
    vmPersistent: (domain) => (domain.persistent ? 'persistent' : 'transient'),
    vmCurCpuNumber: (domain) => domain.cpu?.vcpusCurrent,
    vmMinCpuNumber: () => NO_LIMIT,
    vmMaxCpuNumber: (domain) => domain.cpu?.vcpusMaximum,
    vmMemUnit: (domain) => memUnit(domain),
    vmCurMem: (domain) => inUnits(domain.memory?.currentBytes, memUnit(domain)),
    vmMinMem: () => NO_LIMIT,
    vmMaxMem: (domain) => inUnits(domain.memory?.maximumBytes, memUnit(domain)),
    vmUpTime: ticksSince((domain) => (domain.active ? domain.startedAt : NEVER)),
    vmCpuTime: (domain) => domain.cpu?.timeUs,
  },
};
