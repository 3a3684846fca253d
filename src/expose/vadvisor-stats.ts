import { findDefinition } from '../mib/definitions.ts';
import { labelOf } from '../smi/display.ts';
import { firstIndex } from './cells.ts';
import { DomainRows, scaled } from './domain-rows.ts';
import type { Frame } from './frame.ts';

// Statistics as clients of vAdvisor know them (github.com/kubevirt/vAdvisor): CPU times in milliseconds, memory in KiB,
// times of disks in nanoseconds. What is not known is left out.

/** One reading of a machine. */
export type VadvisorSample = Readonly<Record<string, unknown>>;

/** The columns that samples are made of. */
export const vadvisorColumns: readonly string[] = [
  'lveDomName',
  'lveDomUuid',
  'lveDomId',
  'lveDomState',
  'vmCpuTime',
  'lveDomCpuUserTime',
  'lveDomCpuSystemTime',
  'lveMemCurrent',
  'lveMemMaximum',
  'lveMemRss',
  'lveMemSwapIn',
  'lveVcpuNumber',
  'lveVcpuState',
  'vmCpuCoreTime',
  'lveNicTarget',
  'lveNicMac',
  'lveNicRxBytes',
  'lveNicRxPackets',
  'lveNicRxErrors',
  'lveNicRxDrops',
  'lveNicTxBytes',
  'lveNicTxPackets',
  'lveNicTxErrors',
  'lveNicTxDrops',
  'lveDiskTarget',
  'lveDiskCapacity',
  'lveDiskAllocation',
  'lveDiskPhysical',
  'lveDiskFlushRequests',
  'lveDiskFlushTime',
  'vmStorageReadIOs',
  'vmStorageWriteIOs',
  'vmStorageReadOctets',
  'vmStorageWriteOctets',
  'vmStorageReadLatency',
  'vmStorageWriteLatency',
];

const states: Readonly<Record<string, string>> = {
  nostate: 'NoState',
  running: 'Running',
  blocked: 'Blocked',
  paused: 'Paused',
  shutdown: 'Shutdown',
  shutoff: 'Shutoff',
  crashed: 'Crashed',
  pmsuspended: 'PMSuspended',
};

/** Rows of lveDomTable of the active domains. */
export function* activeRows(frame: Frame): Generator<number> {
  const { length } = frame.rows('lveDomId');
  for (let row = 0; row < length; row++) if (frame.number('lveDomId', row) !== undefined) yield row;
}

/** The sample of a domain. */
export function vadvisorSample(frame: Frame, row: number, at: string): VadvisorSample {
  const domain = firstIndex(frame.rows('lveDomId'), row);
  const own = new DomainRows(frame, domain);
  return {
    state: stateOf(frame, row),
    cpu: {
      usage: given({
        cpu_time: own.scaled('vmCpuTime', 1 / 1000),
        user_time: own.scaled('lveDomCpuUserTime', 1 / 1000),
        system_time: own.scaled('lveDomCpuSystemTime', 1 / 1000),
      }),
      per_cpu_usage: own.rows('lveVcpuNumber').map((vcpu) =>
        given({
          index: frame.number('lveVcpuNumber', vcpu),
          state: vcpuState(frame.number('lveVcpuState', vcpu)),
          vcpu_time: scaled(frame.number('vmCpuCoreTime', vcpu), 1 / 1000),
        }),
      ),
    },
    memory: given({
      actual: own.scaled('lveMemCurrent', 1 / 1024),
      rss: own.scaled('lveMemRss', 1 / 1024),
      swap_in: own.scaled('lveMemSwapIn', 1 / 1024),
    }),
    balloon: given({
      current: own.scaled('lveMemCurrent', 1 / 1024),
      maximum: own.scaled('lveMemMaximum', 1 / 1024),
    }),
    network: {
      interfaces: own.rows('lveNicTarget').map((nic) =>
        given({
          name: frame.text('lveNicTarget', nic) || frame.text('lveNicMac', nic),
          rx_bytes: frame.number('lveNicRxBytes', nic),
          rx_packets: frame.number('lveNicRxPackets', nic),
          rx_errors: frame.number('lveNicRxErrors', nic),
          rx_dropped: frame.number('lveNicRxDrops', nic),
          tx_bytes: frame.number('lveNicTxBytes', nic),
          tx_packets: frame.number('lveNicTxPackets', nic),
          tx_errors: frame.number('lveNicTxErrors', nic),
          tx_dropped: frame.number('lveNicTxDrops', nic),
        }),
      ),
    },
    diskio: own.rows('lveDiskTarget').map((disk) =>
      given({
        name: frame.text('lveDiskTarget', disk),
        rd_reqs: frame.number('vmStorageReadIOs', disk),
        rd_bytes: frame.number('vmStorageReadOctets', disk),
        rd_times: scaled(frame.number('vmStorageReadLatency', disk), 1000),
        wr_reqs: frame.number('vmStorageWriteIOs', disk),
        wr_bytes: frame.number('vmStorageWriteOctets', disk),
        wr_times: scaled(frame.number('vmStorageWriteLatency', disk), 1000),
        fl_reqs: frame.number('lveDiskFlushRequests', disk),
        fl_times: scaled(frame.number('lveDiskFlushTime', disk), 1000),
        physical: frame.number('lveDiskPhysical', disk),
        allocation: frame.number('lveDiskAllocation', disk),
        capacity: frame.number('lveDiskCapacity', disk),
      }),
    ),
    timestamp: at,
  };
}

function stateOf(frame: Frame, row: number): string {
  const label =
    labelOf(findDefinition('lveDomState')?.labels ?? {}, frame.number('lveDomState', row) ?? 0) ?? '';
  return states[label] ?? 'Unknown';
}

function vcpuState(state: number | undefined): string | undefined {
  if (state === undefined) return undefined;
  return ['Offline', 'Running', 'Blocked'][state] ?? 'Unknown';
}

/** Without what is not known. */
function given(values: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
