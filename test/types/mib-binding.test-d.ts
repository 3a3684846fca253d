import type {
  IndexOf,
  NotificationValues,
  ScalarBinding,
  TableBinding,
  ValueOf,
} from '../../src/mib/bind.ts';
import { ServedMib } from '../../src/mib/served-mib.ts';
import type { Warning } from '../../src/model/agent.ts';
import type { Network } from '../../src/model/network.ts';

// Compiled, never run: what a binding can get wrong is an error at its line.

const netRows: TableBinding<'lveNetTable', Network>['rows'] = (snapshot, add) => {
  for (const network of snapshot.networks) add(network, network.index);
  // @ts-expect-error the index has one value
  for (const network of snapshot.networks) add(network);
  // @ts-expect-error the index has only one value
  for (const network of snapshot.networks) add(network, network.index, 1);
  // @ts-expect-error the index is a number
  for (const network of snapshot.networks) add(network, network.name);
};

const good: TableBinding<'lveNetTable', Network>['columns'] = {
  lveNetName: (network) => network.name,
  lveNetUuid: (network) => network.uuid,
  lveNetActive: (network) => network.active,
  lveNetAutostart: () => undefined,
  lveNetBridge: (network) => network.bridge,
  lveNetForward: (network) => network.forward,
  lveNetLeases: (network) => network.leases,
  lveNetPorts: (network) => network.ports,
};

export const missingColumn: TableBinding<'lveNetTable', Network> = {
  table: 'lveNetTable',
  source: (snapshot) => snapshot.networks,
  rows: netRows,
  // @ts-expect-error lveNetPorts is missing
  columns: {
    lveNetName: (network) => network.name,
    lveNetUuid: (network) => network.uuid,
    lveNetActive: (network) => network.active,
    lveNetAutostart: (network) => network.autostart,
    lveNetBridge: (network) => network.bridge,
    lveNetForward: (network) => network.forward,
    lveNetLeases: (network) => network.leases,
  },
};

export const unknownColumn: TableBinding<'lveNetTable', Network>['columns'] = {
  ...good,
  // @ts-expect-error the MIB has no such column
  lveNetColour: () => 'red',
};

export const notReadable: TableBinding<'lveNetTable', Network>['columns'] = {
  ...good,
  // @ts-expect-error an index cannot be read
  lveNetIndex: (network: Network) => network.index,
};

export const wrongTypes: TableBinding<'lveNetTable', Network>['columns'] = {
  ...good,
  // @ts-expect-error a text is not a number
  lveNetName: (network) => network.index,
  // @ts-expect-error a TruthValue is a boolean
  lveNetActive: () => 1,
  // @ts-expect-error a Gauge32 is a number, not a bigint
  lveNetLeases: () => 1n,
  // @ts-expect-error null is not a value
  lveNetBridge: () => null,
};

// @ts-expect-error the MIB has no such table
export type UnknownTable = TableBinding<'lveColourTable', Network>;

export const warningColumns: TableBinding<'lveWarningTable', Warning>['columns'] = {
  // @ts-expect-error not a label of lveWarningCode
  lveWarningCode: () => 'tooLate',
  lveWarningText: (warning) => warning.text,
  // @ts-expect-error a moment is milliseconds since 1970, not a Date
  lveWarningSince: (warning) => new Date(warning.since),
};

export const scalars: ScalarBinding<'vmHypervisor'>['scalars'] = {
  vmHvSoftware: ({ host }) => host.hvSoftware,
  vmHvVersion: ({ host }) => host.hvVersion,
  // @ts-expect-error an object identifier is a list of numbers
  vmHvObjectID: () => '1.3.6.1',
  vmHvUpTime: () => 1,
};

export const label: ValueOf<'lveDomSeverity'> = 'failure';
// @ts-expect-error not a label of LveSeverity
export const noLabel: ValueOf<'lveDomSeverity'> = 'fatal';
export const count: ValueOf<'lveMemCurrent'> = 2n ** 60n;
export const index: IndexOf<'lveJobStatTable'> = [1, 'completed', 'time_elapsed'];
// @ts-expect-error the second index is a label of lveJobKind
export const wrongIndex: IndexOf<'lveJobStatTable'> = [1, 2, 'time_elapsed'];

// @ts-expect-error lveEventNewestSeq is missing
export const missingObject: NotificationValues<'lveNotificationsSuppressed'> = {
  lveNotifySuppressed: { value: 1 },
};

const served = new ServedMib({ vmMib: true });
served.notification('lveNotificationsSuppressed', {
  lveNotifySuppressed: { value: 1 },
  lveEventNewestSeq: { value: 2 },
});
served.notification('vmRunning', {
  vmName: { value: 'web', index: [1] },
  vmUUID: { value: new Uint8Array(16), index: [1] },
  // @ts-expect-error a column needs the index of its row
  vmOperState: { value: 'paused' },
});
// @ts-expect-error the MIB has no such notification
served.notification('vmExploded', {});
