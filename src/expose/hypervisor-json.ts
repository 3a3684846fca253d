import type { ImageTree } from '../image/image-tree.ts';
import type { JsonScalar } from '../mib/print.ts';
import type { ReadContext } from '../tree/tree.ts';
import { jsonCell } from './cells.ts';

/** What is told of a hypervisor in a list of them, and the scalar that tells it. */
const scalars = {
  uri: 'lveConnUri',
  state: 'lveConnState',
  since: 'lveConnSince',
  lastError: 'lveConnLastError',
  host: 'lveHostName',
  libvirt: 'lveLibvirtVersion',
  active: 'lveDomainsActive',
  inactive: 'lveDomainsInactive',
  okay: 'lveDomainsOkay',
  warning: 'lveDomainsWarning',
  failure: 'lveDomainsFailure',
  blocked: 'lveDomainsBlocked',
  refreshAge: 'lveRefreshAge',
  refreshDurationMs: 'lveRefreshDuration',
} as const;

/** A hypervisor in short. What is not known is left out. */
export function hypervisorJson(tree: ImageTree, context: ReadContext): Readonly<Record<string, JsonScalar>> {
  return Object.fromEntries(
    Object.entries(scalars).flatMap(([name, object]) => {
      const column = tree.column(object);
      const value = column === undefined ? undefined : jsonCell(column, 0, context);
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}
