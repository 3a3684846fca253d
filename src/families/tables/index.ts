import type { AnyFamilyTable } from '../family-table.ts';
import {
  agentFamilies,
  collectorFamilies,
  eventFamilies,
  eventRowFamilies,
  notifyFamilies,
  warningFamilies,
} from './agent.ts';
import { affinityFamilies, domCpuFamilies, iothreadFamilies, vcpuFamilies, vmCpuFamilies } from './cpu.ts';
import {
  blockJobFamilies,
  diskErrorFamilies,
  diskFamilies,
  tuneFamilies,
  vmStorageFamilies,
} from './disk.ts';
import { domFamilies, novaFamilies, specFamilies, vmFamilies } from './domain.ts';
import { fleetEventFamilies, fleetFamilies } from './fleet.ts';
import { fsFamilies, guestFamilies } from './guest.ts';
import {
  hostCpuFamilies,
  hostFamilies,
  hugePageFamilies,
  hypervisorFamilies,
  numaFamilies,
  vmObjectFamilies,
} from './host.ts';
import { netFamilies, poolFamilies } from './infrastructure.ts';
import { jobFamilies, jobStatFamilies } from './job.ts';
import { memFamilies } from './memory.ts';
import { nicFamilies, vmNetworkFamilies } from './nic.ts';
import { perfFamilies, statFamilies } from './stat.ts';

/** Every object that can be measured, in the order in which its families are served. */
export const familyTables: readonly AnyFamilyTable[] = [
  agentFamilies,
  eventFamilies,
  notifyFamilies,
  collectorFamilies,
  warningFamilies,
  eventRowFamilies,
  hypervisorFamilies,
  vmObjectFamilies,
  hostFamilies,
  hostCpuFamilies,
  numaFamilies,
  hugePageFamilies,
  domFamilies,
  specFamilies,
  vmFamilies,
  novaFamilies,
  domCpuFamilies,
  vcpuFamilies,
  vmCpuFamilies,
  affinityFamilies,
  iothreadFamilies,
  memFamilies,
  diskFamilies,
  vmStorageFamilies,
  diskErrorFamilies,
  tuneFamilies,
  blockJobFamilies,
  nicFamilies,
  vmNetworkFamilies,
  guestFamilies,
  fsFamilies,
  jobFamilies,
  jobStatFamilies,
  perfFamilies,
  statFamilies,
  poolFamilies,
  netFamilies,
  fleetFamilies,
  fleetEventFamilies,
];
