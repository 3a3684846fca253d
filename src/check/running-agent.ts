import type { Config } from '../config/config.ts';
import type { ObjectName } from '../mib/bind.ts';
import { objects } from '../mib/objects.gen.ts';
import { formatOid } from '../tree/oid.ts';
import { warningFinding } from './collectors.ts';
import { type Finding, foundProblem, inOrder } from './finding.ts';
import type { SnmpSession } from './snmp-session.ts';

const subject = 'agent';

/** Data older than so many intervals is complained about, */
const oldIntervals = 3;
/** if it is older than this many seconds too: a refresh after a start takes its time. */
const oldSec = 30;

/** Of lveConnUri and lveHypervisorUri. */
const maxUriOctets = 255;

const read = [
  'lveAgentVersion',
  'lveConnUri',
  'lveConnState',
  'lveConnLastError',
  'lveRefreshInterval',
  'lveRefreshAge',
  'lveNotifyEnable',
] as const satisfies readonly ObjectName[];

/** Whether a value of lveAgentVersion is one that this program has ever told. */
export function isAgentVersion(value: unknown): boolean {
  return String(value ?? '').startsWith('libvirt-agentx ');
}

/** The URI of the libvirt that is told of where this session asks; empty if none is. */
export async function watchedUri(session: SnmpSession, { mib }: Config): Promise<string> {
  const oid = `${formatOid(mib.root)}.${formatOid(objects.lveConnUri.oid)}.0`;
  const [uri] = await session.get([oid]);
  return String(uri?.value ?? '');
}

/**
 * How the agent fares that answers through snmpd. It is another process than this check, often another user: it may be
 * cut off from libvirt where this check is not.
 */
export async function runningAgentFindings(
  session: SnmpSession,
  config: Config,
  version: string,
): Promise<readonly Finding[]> {
  const oidOf = (name: ObjectName): string => `${formatOid(config.mib.root)}.${formatOid(objects[name].oid)}`;
  const values = await session.get(read.map((name) => `${oidOf(name)}.0`));
  const value = (name: (typeof read)[number]): unknown => values[read.indexOf(name)]?.value;
  const text = (name: (typeof read)[number]): string => String(value(name) ?? '');
  const number = (name: (typeof read)[number]): number | undefined => numberOf(value(name));

  const findings: Finding[] = [];
  const running = text('lveAgentVersion');
  findings.push(
    running === `libvirt-agentx ${version}`
      ? inOrder(subject, `${running} answers`)
      : foundProblem(subject, `${running} answers, this is ${version}`, 'agent-other-version'),
  );
  const uri = text('lveConnUri');
  findings.push(
    ...uriFindings(uri, config.libvirt.uri.shown),
    connectionFinding({
      state: labelOf('lveConnState', number('lveConnState')),
      uri,
      lastError: text('lveConnLastError'),
      ageSec: number('lveRefreshAge'),
      intervalSec: number('lveRefreshInterval') ?? config.collect.interval,
    }),
  );
  if (labelOf('lveNotifyEnable', number('lveNotifyEnable')) === 'false') {
    findings.push(foundProblem(subject, 'lveNotifyEnable is false', 'agent-notifications-off'));
  }
  return [...findings, ...(await warningFindings(session, oidOf))];
}

/** Whether the running agent watches the libvirt of the configuration. */
export function uriFindings(uri: string, wanted: string): readonly Finding[] {
  // As much of it as the object holds.
  if (uri === '' || uri === wanted || (uri.length >= maxUriOctets && wanted.startsWith(uri))) return [];
  const differs = `the running agent watches ${uri}, the configuration says ${wanted}`;
  return [foundProblem(subject, differs, 'agent-other-uri')];
}

/** How the running agent fares with a hypervisor, in the agent's own words. */
export interface SeenConnection {
  /** Label of lveConnState; undefined where a view hides it. */
  readonly state: string | undefined;
  readonly uri: string;
  readonly lastError: string;
  /** Undefined where there was no refresh yet. */
  readonly ageSec: number | undefined;
  readonly intervalSec: number;
}

/** Whether it is connected, and its data young. */
export function connectionFinding({ state, uri, lastError, ageSec, intervalSec }: SeenConnection): Finding {
  const ageText = ageSec === undefined ? 'it shows no data yet' : `its data is ${ageSec} s old`;
  if (state === undefined) {
    return foundProblem(subject, 'it does not say whether it is connected to libvirt', 'agent-state-hidden');
  }
  if (state !== 'connected') {
    const why = lastError === '' ? '' : `: ${lastError}`;
    return foundProblem(subject, `the running agent is ${state}, and ${ageText}${why}`, 'agent-libvirt-lost');
  }
  if (ageSec !== undefined && ageSec > Math.max(oldSec, oldIntervals * intervalSec)) {
    return foundProblem(subject, `connected to ${uri}, but ${ageText}`, 'agent-data-old');
  }
  return inOrder(subject, `connected to ${uri}, ${ageText}`);
}

async function warningFindings(
  session: SnmpSession,
  oidOf: (name: ObjectName) => string,
): Promise<readonly Finding[]> {
  const column = oidOf('lveWarningText');
  const texts = await session.below(column);
  const textOf = new Map(texts.map(({ oid, value }) => [oid.slice(column.length), String(value)]));
  const codes = await session.below(oidOf('lveWarningCode'));
  return codes.flatMap(({ oid, value }) => {
    const code = labelOf('lveWarningCode', numberOf(value));
    if (code === undefined) return [];
    // A row may have come between the two columns, or its text be hidden.
    const text = textOf.get(oid.slice(oidOf('lveWarningCode').length)) ?? '';
    return [warningFinding(`agent warning ${code}`, code, text)];
  });
}

/** What an object says that has a number; undefined if it is not shown, or somebody else says something else there. */
export function numberOf(value: unknown): number | undefined {
  const number = value === undefined ? Number.NaN : Number(value);
  return Number.isNaN(number) ? undefined : number;
}

/** What an enumeration's value is called; undefined if it is not shown. */
export function labelOf(
  name: 'lveConnState' | 'lveHypervisorState' | 'lveNotifyEnable' | 'lveWarningCode',
  value: number | undefined,
): string | undefined {
  if (value === undefined) return undefined;
  if (name === 'lveNotifyEnable') return value === 1 ? 'true' : 'false';
  const [label] = Object.entries(objects[name].labels).find(([, known]) => known === value) ?? [];
  return label ?? String(value);
}
