import type { Domain } from '../../model/domain.ts';
import type { TableBinding } from '../bind.ts';
import { rowName } from '../row-name.ts';
import { domainsOf, presentDomainRows } from './domain-rows.ts';

/** CPU figures of the present domains. A domain that is not active uses 0 percent, whatever the collector knows. */
export const domCpuTable: TableBinding<'lveDomCpuTable', Domain> = {
  table: 'lveDomCpuTable',
  source: domainsOf,
  rows: presentDomainRows,
  columns: {
    lveDomCpuUserTime: (domain) => domain.cpu?.userUs,
    lveDomCpuSystemTime: (domain) => domain.cpu?.systemUs,
    lveDomCpuHostPercent: (domain) => (domain.facts.active ? domain.cpu?.hostPercent : 0),
    lveDomCpuPercent: (domain) => (domain.facts.active ? domain.cpu?.percent : 0),
    lveDomCpuStealTime: (domain) => domain.cpu?.stealUs,
    lveDomCpuStealPercent: (domain) => (domain.facts.active ? domain.cpu?.stealPercent : 0),
    lveDomCpuWaitTime: (domain) => domain.cpu?.waitUs,
    lveDomHaltPollSuccess: (domain) => domain.cpu?.haltPollSuccessUs,
    lveDomHaltPollFail: (domain) => domain.cpu?.haltPollFailUs,
    lveDomCpuShares: (domain) => domain.cpu?.shares,
    lveDomCpuQuota: (domain) => domain.cpu?.quotaUs,
    lveDomCpuPeriod: (domain) => domain.cpu?.periodUs,
    lveDomEmulatorPin: (domain) => domain.cpu?.emulatorPin,
    lveDomCpuRowName: rowName(),
  },
};
