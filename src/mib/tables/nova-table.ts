import type { NovaMetadata } from '../../model/domain.ts';
import { wallOffset } from '../../smi/convert.ts';
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
    // A time that others wrote down stays what it is, whatever becomes of the clock.
    lveNovaCreationTime: ({ creationAt }) => creationAt && creationAt - wallOffset(),
    lveNovaPackage: (nova) => nova.package,
    lveNovaFlavorVcpus: (nova) => nova.flavorVcpus,
    lveNovaFlavorMemory: (nova) => nova.flavorMemoryBytes,
    lveNovaRowName: rowName(),
  },
};
