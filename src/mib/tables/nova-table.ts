import type { NovaMetadata } from '../../model/domain.ts';
import type { TableBinding } from '../bind.ts';
import { rowName } from '../row-name.ts';
import { domainsOf } from './domain-rows.ts';
import { presentDomains } from './present-domains.ts';

/** The metadata of OpenStack Nova. */
export const novaTable: TableBinding<'lveNovaTable', NovaMetadata> = {
  table: 'lveNovaTable',
  source: domainsOf,
  rows: (snapshot, add) => {
    for (const domain of presentDomains(snapshot)) {
      if (domain.nova !== undefined) add(domain.nova, domain.index);
    }
  },
  columns: {
    lveNovaInstanceName: (nova) => nova.instanceName,
    lveNovaFlavor: (nova) => nova.flavor,
    lveNovaProjectName: (nova) => nova.projectName,
    lveNovaProjectId: (nova) => nova.projectId,
    lveNovaUserName: (nova) => nova.userName,
    lveNovaUserId: (nova) => nova.userId,
    lveNovaImageId: (nova) => nova.imageId,
    lveNovaRootType: (nova) => nova.rootType,
    lveNovaCreationTime: (nova) => nova.creationAt,
    lveNovaPackage: (nova) => nova.package,
    lveNovaFlavorVcpus: (nova) => nova.flavorVcpus,
    lveNovaFlavorMemory: (nova) => nova.flavorMemoryBytes,
    lveNovaRowName: rowName(),
  },
};
