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

const read = [
  'lveAgentVersion',
  'lveConnUri',
  'lveConnState',
  'lveConnLastError',
  'lveRefreshInterval',
  'lveRefreshAge',
  'lveNotifyEnable',
] as const satisfies readonly ObjectName[];

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
  const number = (name: (typeof read)[number]): number => Number(value(name) ?? Number.NaN);

  const findings: Finding[] = [];
  const running = text('lveAgentVersion');
  findings.push(
    running === `libvirt-agentx ${version}`
      ? inOrder(subject, `${running} answers`)
      : foundProblem(subject, `${running} answers, this is ${version}`, 'agent-other-version'),
  );
  const uri = text('lveConnUri');
  if (uri !== config.libvirt.uri.shown && uri !== '') {
    const differs = `the running agent watches ${uri}, the configuration says ${config.libvirt.uri.shown}`;
    findings.push(foundProblem(subject, differs, 'agent-other-uri'));
  }
  const state = labelOf('lveConnState', number('lveConnState'));
  const age = number('lveRefreshAge');
  const ageText = `its data is ${age} s old`;
  if (state !== 'connected') {
    const last = text('lveConnLastError');
    findings.push(
      foundProblem(
        subject,
        `the running agent is ${state}, and ${ageText}${last === '' ? '' : `: ${last}`}`,
        'agent-libvirt-lost',
      ),
    );
  } else if (age > Math.max(oldSec, oldIntervals * number('lveRefreshInterval'))) {
    findings.push(foundProblem(subject, `connected to ${uri}, but ${ageText}`, 'agent-data-old'));
  } else {
    findings.push(inOrder(subject, `connected to ${uri}, ${ageText}`));
  }
  if (labelOf('lveNotifyEnable', number('lveNotifyEnable')) === 'false') {
    findings.push(foundProblem(subject, 'lveNotifyEnable is false', 'agent-notifications-off'));
  }
  return [...findings, ...(await warningFindings(session, oidOf))];
}

async function warningFindings(
  session: SnmpSession,
  oidOf: (name: ObjectName) => string,
): Promise<readonly Finding[]> {
  const codes = await session.below(oidOf('lveWarningCode'));
  const texts = await session.below(oidOf('lveWarningText'));
  return codes.map(({ value }, nth) => {
    const code = labelOf('lveWarningCode', Number(value));
    return warningFinding(`agent warning ${code}`, code, String(texts[nth]?.value ?? ''));
  });
}

/** What an enumeration's value is called. */
function labelOf(name: 'lveConnState' | 'lveNotifyEnable' | 'lveWarningCode', value: number): string {
  if (name === 'lveNotifyEnable') return value === 1 ? 'true' : 'false';
  const [label] = Object.entries(objects[name].labels).find(([, known]) => known === value) ?? [];
  return label ?? String(value);
}
