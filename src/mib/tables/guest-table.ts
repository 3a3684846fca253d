import type { Guest } from '../../model/guest.ts';
import type { TableBinding } from '../bind.ts';
import { secondsSince } from '../elapsed.ts';
import { rowName } from '../row-name.ts';
import { domainsOf } from './domain-rows.ts';
import { presentDomains } from './present-domains.ts';

/** What the guest agents tell. */
export const guestTable: TableBinding<'lveGuestTable', Guest> = {
  table: 'lveGuestTable',
  source: domainsOf,
  rows: (snapshot, add) => {
    for (const domain of presentDomains(snapshot)) {
      if (domain.guest !== undefined) add(domain.guest, domain.index);
    }
  },
  columns: {
    lveGuestAgentState: (guest) => guest.agentState,
    lveGuestHostname: (guest) => guest.hostname,
    lveGuestOsId: (guest) => guest.osId,
    lveGuestOsName: (guest) => guest.osName,
    lveGuestOsVersion: (guest) => guest.osVersion,
    lveGuestKernel: (guest) => guest.kernel,
    lveGuestMachine: (guest) => guest.machine,
    lveGuestTimezone: (guest) => guest.timezone,
    lveGuestTimeOffset: (guest) => guest.timeOffsetSec,
    lveGuestUsers: (guest) => guest.users,
    lveGuestLoad1: (guest) => guest.load1,
    lveGuestLoad5: (guest) => guest.load5,
    lveGuestLoad15: (guest) => guest.load15,
    lveGuestInfoAge: secondsSince((guest) => guest.infoAt),
    lveGuestRowName: rowName(),
  },
};
