import type { Config } from '../config/config.ts';
import { type HypervisorConfig, hypervisorConfigs } from '../config/hypervisor-configs.ts';
import type { ObjectName } from '../mib/bind.ts';
import { objects } from '../mib/objects.gen.ts';
import { formatOid } from '../tree/oid.ts';
import { type Finding, findingsOf, foundProblem } from './finding.ts';
import { connectionFinding, labelOf, numberOf, uriFindings } from './running-agent.ts';
import type { SnmpSession } from './snmp-session.ts';

const subject = 'agent';

/** Rows of lveHypervisorTable read at most. */
const maxHypervisors = 5000;

const columns = [
  'lveHypervisorContext',
  'lveHypervisorUri',
  'lveHypervisorState',
  'lveHypervisorLastError',
  'lveHypervisorRefreshAge',
  'lveHypervisorRefreshInterval',
] as const satisfies readonly ObjectName[];

/** What lveHypervisorTable says of one hypervisor. */
export type FleetRow = Readonly<Partial<Record<(typeof columns)[number], unknown>>>;

/** The hypervisors of the running agent by name, as the default context shows them; none elsewhere. */
export async function fleetRows(
  session: SnmpSession,
  config: Config,
): Promise<ReadonlyMap<string, FleetRow>> {
  const rows = new Map<string, Partial<Record<(typeof columns)[number], unknown>>>();
  for (const name of columns) {
    const column = `${formatOid(config.mib.root)}.${formatOid(objects[name].oid)}`;
    for (const { oid, value } of await session.below(column, maxHypervisors)) {
      const key = oid.slice(column.length);
      rows.set(key, { ...rows.get(key), [name]: value });
    }
    // The first column tells whether there are any.
    if (rows.size === 0) break;
  }
  return new Map([...rows.values()].map((row) => [String(row.lveHypervisorContext ?? ''), row]));
}

/**
 * Compares the hypervisors of the running agent with those of the configuration, and tells how those fare of which
 * nothing more is known.
 *
 * @param chosen - those that are looked at.
 * @param seen - names of those whose own context tells.
 */
export function fleetFindings(
  rows: ReadonlyMap<string, FleetRow>,
  config: Config,
  chosen: readonly HypervisorConfig[],
  seen: ReadonlySet<string>,
): readonly Finding[] {
  const named = chosen.filter(({ name }) => name !== '');
  if (rows.size === 0) {
    if (named.length === 0) return [];
    return [foundProblem(subject, 'lveHypervisorTable shows no hypervisor', 'agent-hypervisors-unseen')];
  }
  const known = new Set(hypervisorConfigs(config).map(({ name }) => name));
  const left = [...rows.keys()].filter((name) => !known.has(name));
  return [
    ...named.flatMap(({ name, config: { collect, libvirt } }) => {
      const row = rows.get(name);
      if (row === undefined) {
        const text = `the running agent does not have ${name}`;
        return findingsOf(name, [foundProblem(subject, text, 'agent-hypervisor-missing')]);
      }
      return seen.has(name) ? [] : findingsOf(name, rowFindings(row, libvirt.uri.shown, collect.interval));
    }),
    ...(left.length === 0
      ? []
      : [
          foundProblem(
            subject,
            `the running agent has ${left.join(', ')}, which the configuration does not have`,
            'agent-hypervisor-left',
          ),
        ]),
  ];
}

/** @param configuredSec - the interval that counts where a view hides that of the agent. */
function rowFindings(row: FleetRow, wantedUri: string, configuredSec: number): readonly Finding[] {
  const uri = String(row.lveHypervisorUri ?? '');
  return [
    ...uriFindings(uri, wantedUri),
    connectionFinding({
      state: labelOf('lveHypervisorState', numberOf(row.lveHypervisorState)),
      uri,
      lastError: String(row.lveHypervisorLastError ?? ''),
      ageSec: numberOf(row.lveHypervisorRefreshAge),
      intervalSec: numberOf(row.lveHypervisorRefreshInterval) ?? configuredSec,
    }),
  ];
}
