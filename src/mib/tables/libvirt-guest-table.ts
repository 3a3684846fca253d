import type { Domain } from '../../model/domain.ts';
import type { Count } from '../../model/scalar-types.ts';
import type { TableBinding } from '../bind.ts';
import { domainFacts } from './domain-rows.ts';
import { isConnected, presentDomains } from './present-domains.ts';

/** What the agent cannot ask for, it does not know; the other columns keep their last values, as in vmTable. */
function outOfTouch(domain: Domain): Domain {
  return { ...domain, facts: { ...domain.facts, state: 'other' } };
}

/** virDomainInfo counts in KiB, of which libvirt-snmp makes whole MiB. */
function mebibytes(bytes: Count | undefined): number | undefined {
  return bytes === undefined ? undefined : Math.floor(Number(bytes) / 2 ** 20);
}

/** virDomainInfo has 0 for a domain that is not active. */
function cpuTimeNs({ facts, cpu }: Domain): Count | undefined {
  if (!facts.active) return 0;
  return cpu?.timeUs === undefined ? undefined : BigInt(cpu.timeUs) * 1000n;
}

/** LIBVIRT-MIB: one row per present domain, as libvirt-snmp has it. */
export const libvirtGuestTable: TableBinding<'libvirtGuestTable', Domain> = {
  table: 'libvirtGuestTable',
  source: (snapshot) => [snapshot.domains, isConnected(snapshot)],
  rows: (snapshot, add) => {
    const connected = isConnected(snapshot);
    for (const domain of presentDomains(snapshot)) {
      add(connected ? domain : outOfTouch(domain), domain.facts.uuid);
    }
  },
  columns: {
    libvirtGuestName: domainFacts(({ name }) => name),
    libvirtGuestState: domainFacts(({ stateKnown, state }) =>
      stateKnown && state !== 'other' ? state : undefined,
    ),
    libvirtGuestCpuCount: (domain) => domain.cpu?.vcpusCurrent,
    libvirtGuestMemoryCurrent: ({ memory }) => mebibytes(memory?.currentBytes),
    libvirtGuestMemoryLimit: ({ memory }) => mebibytes(memory?.maximumBytes),
    libvirtGuestCpuTime: cpuTimeNs,
    libvirtGuestRowStatus: domainFacts(() => 'active'),
  },
};
