import type { Nic } from '../../model/nic.ts';
import type { TableBinding } from '../bind.ts';
import { BEFORE_START, secondsSince } from '../elapsed.ts';
import { partOf } from '../part.ts';
import { fixedRowName } from '../row-name.ts';
import { domainsOf, nicFacts, nicRows } from './domain-rows.ts';

const limits = partOf((nic: Nic) => nic.limits);
const addresses = partOf((nic: Nic) => nic.addresses);

/** The network interfaces of the present domains; directions are those of the guest. */
export const nicTable: TableBinding<'lveNicTable', Nic> = {
  table: 'lveNicTable',
  source: domainsOf,
  rows: nicRows,
  columns: {
    lveNicMac: nicFacts(({ mac }) => mac),
    lveNicTarget: nicFacts(({ target }) => target),
    lveNicType: nicFacts(({ type }) => type),
    lveNicSource: nicFacts(({ source }) => source),
    lveNicModel: nicFacts(({ model }) => model),
    lveNicAlias: nicFacts(({ alias }) => alias),
    lveNicPortId: nicFacts(({ portId }) => portId),
    lveNicMtu: nicFacts(({ mtuBytes }) => mtuBytes),
    lveNicLink: nicFacts(({ link }) => link),
    lveNicRxBytes: (nic) => nic.rxBytes,
    lveNicRxPackets: (nic) => nic.rxPackets,
    lveNicRxErrors: (nic) => nic.rxErrors,
    lveNicRxDrops: (nic) => nic.rxDrops,
    lveNicTxBytes: (nic) => nic.txBytes,
    lveNicTxPackets: (nic) => nic.txPackets,
    lveNicTxErrors: (nic) => nic.txErrors,
    lveNicTxDrops: (nic) => nic.txDrops,
    lveNicInAverage: limits(({ inAverageBytes }) => inAverageBytes),
    lveNicOutAverage: limits(({ outAverageBytes }) => outAverageBytes),
    lveNicAddresses: addresses(({ text }) => text),
    lveNicAddressSource: addresses(({ source }) => source),
    lveNicRowName: fixedRowName(({ facts }) => facts.key),
    lveNicAddressAge: secondsSince((nic) => nic.addresses?.seenAt),
    lveNicDiscontinuityTime: nicFacts(({ discontinuityAt }) => discontinuityAt ?? BEFORE_START),
  },
};
