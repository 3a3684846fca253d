import type { Oid } from '../../tree/oid.ts';
import type { AnyScalarBinding, AnyTableBinding } from '../bind.ts';
import { agentScalars } from './agent-scalars.ts';
import { blockJobTable } from './block-job-table.ts';
import { collectorTable } from './collector-table.ts';
import { diskErrorTable } from './disk-error-table.ts';
import { diskTable } from './disk-table.ts';
import { domCpuTable } from './dom-cpu-table.ts';
import { domTable } from './dom-table.ts';
import { eventFindTable } from './event-find-table.ts';
import { eventScalars } from './event-scalars.ts';
import { eventTable } from './event-table.ts';
import { fleetEventTable } from './fleet-event-table.ts';
import { fsTable } from './fs-table.ts';
import { guestTable } from './guest-table.ts';
import { hostCpuTable } from './host-cpu-table.ts';
import { hostScalars } from './host-scalars.ts';
import { hugePageTable } from './huge-page-table.ts';
import { hypervisorTable } from './hypervisor-table.ts';
import { iothreadTable } from './iothread-table.ts';
import { jobStatTable } from './job-stat-table.ts';
import { jobTable } from './job-table.ts';
import { labelTable } from './label-table.ts';
import { memTable } from './mem-table.ts';
import { netTable } from './net-table.ts';
import { nicTable } from './nic-table.ts';
import { notifyScalars } from './notify-scalars.ts';
import { novaTable } from './nova-table.ts';
import { numaTable } from './numa-table.ts';
import { perfTable } from './perf-table.ts';
import { poolTable } from './pool-table.ts';
import { specTable } from './spec-table.ts';
import { statTable } from './stat-table.ts';
import { tuneTable } from './tune-table.ts';
import { vcpuTable } from './vcpu-table.ts';
import { vmCpuAffinityTable } from './vm-cpu-affinity-table.ts';
import { vmCpuTable } from './vm-cpu-table.ts';
import { vmHypervisorScalars } from './vm-hypervisor-scalars.ts';
import { vmNetworkTable } from './vm-network-table.ts';
import { vmScalars } from './vm-scalars.ts';
import { vmStorageTable } from './vm-storage-table.ts';
import { vmTable } from './vm-table.ts';
import { warningTable } from './warning-table.ts';
import { xmlTable } from './xml-table.ts';

/** Every table of both modules. */
export const tableBindings: readonly AnyTableBinding[] = [
  collectorTable,
  warningTable,
  hostCpuTable,
  numaTable,
  hugePageTable,
  domTable,
  specTable,
  xmlTable,
  novaTable,
  labelTable,
  domCpuTable,
  vcpuTable,
  iothreadTable,
  memTable,
  diskTable,
  diskErrorTable,
  tuneTable,
  blockJobTable,
  nicTable,
  guestTable,
  fsTable,
  jobTable,
  jobStatTable,
  perfTable,
  statTable,
  poolTable,
  netTable,
  eventTable,
  eventFindTable,
  hypervisorTable,
  fleetEventTable,
  vmTable,
  vmCpuTable,
  vmCpuAffinityTable,
  vmStorageTable,
  vmNetworkTable,
];

/** Every group of scalars of both modules; `root` is where LIBVIRT-EXT-MIB is registered. */
export function scalarBindings(root: Oid): readonly AnyScalarBinding[] {
  return [agentScalars(root), hostScalars, eventScalars, notifyScalars, vmHypervisorScalars, vmScalars];
}
