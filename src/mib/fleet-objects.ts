import { tables } from './objects.gen.ts';

/** What is told of all hypervisors together: only the default context has it. */
export const onlyInDefault: readonly string[] = [
  ...tables.lveHypervisorTable.columns,
  ...tables.lveFleetEventTable.columns,
];
