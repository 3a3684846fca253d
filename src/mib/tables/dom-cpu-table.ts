import type { Domain } from '../../model/domain.ts';
import type { TableBinding } from '../bind.ts';
import { partOf } from '../part.ts';
import { rowName } from '../row-name.ts';
import { domainsOf, presentDomainRows } from './domain-rows.ts';

const settings = partOf((domain: Domain) => domain.cpu?.settings);

/** CPU figures of the present domains. */
export const domCpuTable: TableBinding<'lveDomCpuTable', Domain> = {
  table: 'lveDomCpuTable',
  source: domainsOf,
  rows: presentDomainRows,
  columns: {
    lveDomCpuUserTime: (domain) => domain.cpu?.userUs,
    lveDomCpuSystemTime: (domain) => domain.cpu?.systemUs,
    lveDomCpuHostPercent: (domain) => domain.cpu?.hostPercent,
    lveDomCpuPercent: (domain) => domain.cpu?.percent,
    lveDomCpuStealTime: (domain) => domain.cpu?.stealUs,
    lveDomCpuStealPercent: (domain) => domain.cpu?.stealPercent,
    lveDomCpuWaitTime: (domain) => domain.cpu?.waitUs,
    lveDomHaltPollSuccess: (domain) => domain.cpu?.haltPollSuccessUs,
    lveDomHaltPollFail: (domain) => domain.cpu?.haltPollFailUs,
    lveDomCpuShares: settings(({ shares }) => shares),
    lveDomCpuQuota: settings(({ quotaUs }) => quotaUs),
    lveDomCpuPeriod: settings(({ periodUs }) => periodUs),
    lveDomEmulatorPin: settings(({ emulatorPin }) => emulatorPin),
    lveDomCpuRowName: rowName(),
  },
};
