import type { DomainSpec } from '../../model/domain.ts';
import type { TableBinding } from '../bind.ts';
import { rowName } from '../row-name.ts';
import { domainsOf } from './domain-rows.ts';
import { presentDomains } from './present-domains.ts';

/** What the definitions of the domains say about the machines. */
export const specTable: TableBinding<'lveSpecTable', DomainSpec> = {
  table: 'lveSpecTable',
  source: domainsOf,
  rows: (snapshot, add) => {
    for (const domain of presentDomains(snapshot)) {
      if (domain.spec !== undefined) add(domain.spec, domain.index);
    }
  },
  columns: {
    lveSpecVirtType: (spec) => spec.virtType,
    lveSpecArch: (spec) => spec.arch,
    lveSpecMachine: (spec) => spec.machine,
    lveSpecEmulator: (spec) => spec.emulator,
    lveSpecFirmware: (spec) => spec.firmware,
    lveSpecCpuMode: (spec) => spec.cpuMode,
    lveSpecCpuModel: (spec) => spec.cpuModel,
    lveSpecCpuSockets: (spec) => spec.cpuSockets,
    lveSpecCpuCores: (spec) => spec.cpuCores,
    lveSpecCpuThreads: (spec) => spec.cpuThreads,
    lveSpecNumaCells: (spec) => spec.numaCells,
    lveSpecHugePageSize: (spec) => spec.hugePageBytes,
    lveSpecOsInfo: (spec) => spec.osInfo,
    lveSpecGraphics: (spec) => spec.graphics,
    lveSpecHostDevices: (spec) => spec.hostDevices,
    lveSpecHostDeviceText: (spec) => spec.hostDeviceText,
    lveSpecDescription: (spec) => spec.description,
    lveSpecHash: (spec) => spec.hash,
    lveSpecLastChange: (spec) => spec.lastChangeAt,
    lveSpecPendingChange: (spec) => spec.pendingChange,
    lveSpecRowName: rowName(),
  },
};
