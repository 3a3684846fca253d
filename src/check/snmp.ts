import snmp from 'net-snmp';
import type { Config } from '../config/config.ts';
import { type HypervisorConfig, hypervisorConfigs } from '../config/hypervisor-configs.ts';
import { contextsOf } from '../config/hypervisor-contexts.ts';
import { errorText } from '../errors.ts';
import type { ObjectName } from '../mib/bind.ts';
import { objects } from '../mib/objects.gen.ts';
import { type ServedModule, servedModules } from '../mib/served-modules.ts';
import { resultsInOrder } from '../run/pool.ts';
import { formatOid } from '../tree/oid.ts';
import type { Registered } from './agentx.ts';
import { type Finding, findingsOf, foundProblem, inOrder } from './finding.ts';
import { fleetFindings, fleetRows } from './fleet.ts';
import type { ProblemName } from './problems.ts';
import { isAgentVersion, runningAgentFindings, uriFindings, watchedUri } from './running-agent.ts';
import type { SnmpTarget } from './snmp-options.ts';
import { type ProbeResult, probeSnmp } from './snmp-probe.ts';
import { SnmpSession } from './snmp-session.ts';
import { trapSinkFinding } from './trap-sinks.ts';

const subject = 'snmp';

/** sysORID and sysORDescr (RFC 3418): what subagents have announced, in the subtree that every usual view shows. */
const sysOrId = '1.3.6.1.2.1.1.9.1.2';
const sysOrDescr = '1.3.6.1.2.1.1.9.1.3';

/** What a subagent has announced. */
interface Announced {
  readonly oid: string;
  readonly description: string;
}

/** One of the modules that this configuration serves, as a manager sees it. */
interface SeenModule {
  readonly name: ServedModule['name'];
  readonly root: string;
  readonly isShown: boolean;
  /** Whether what is shown is none of ours. */
  readonly isForeign: boolean;
  /** Whether somebody has registered it with the master, as far as the check has tried. */
  readonly isRegistered: boolean;
}

export interface SnmpCheckOptions {
  /** As it was read. */
  readonly config: Config;
  /** Those of its hypervisors that are looked at. */
  readonly hypervisors: readonly HypervisorConfig[];
  readonly target: SnmpTarget;
  /** That of this program. */
  readonly version: string;
  /** What somebody has registered with the master. */
  readonly registered: Registered;
}

/** Contexts that are asked at a time. */
const contextsAtOnce = 4;

/** A view hides this one, and others not. */
const hiddenAlone = {
  'LIBVIRT-EXT-MIB': 'snmp-view-hides-ext-mib',
  'VM-MIB': 'snmp-view-hides-vm-mib',
  'LIBVIRT-MIB': 'snmp-view-hides-libvirt-mib',
} as const satisfies Readonly<Record<ServedModule['name'], ProblemName>>;

/**
 * Reads through snmpd as a manager would: whether the modules are there, and how the agent that answers fares.
 * Tells apart why they are not. Of several hypervisors, a user of SNMPv3 asks in the context of each; a community is in
 * one context only, and sees of the others what lveHypervisorTable tells.
 */
export async function checkSnmp(options: SnmpCheckOptions): Promise<readonly Finding[]> {
  const { target, config, hypervisors } = options;
  const all = hypervisorConfigs(config);
  const { context } = target;
  if (context !== undefined) {
    const known = all.find((one) => contextsOf(one).includes(context));
    return await inContext(options, known ?? { name: '', config }, target);
  }
  const named = target.access.kind === 'user' ? hypervisors.filter(({ name }) => name !== '') : [];
  const found: Finding[] = [];
  const seen = new Set<string>();
  const steps = resultsInOrder(named, contextsAtOnce, async (one) => ({
    name: one.name,
    findings: await inContext(options, one, { ...target, context: one.name }),
  }));
  for await (const { name, findings } of steps) {
    // As far as the connection is told of, the table has nothing to add.
    if (findings.some(({ subject: about }) => about === 'agent')) seen.add(name);
    found.push(...findings);
  }
  // Who asks for one of the others may have no right to see what is without a context.
  const isAsked = target.access.kind === 'community' || hypervisors.some(({ isDefault }) => isDefault);
  return [...(isAsked ? await inDefaultContext(options, seen) : []), ...found];
}

/** One hypervisor in a context of its own, or in the one that is asked for. */
async function inContext(
  options: SnmpCheckOptions,
  { name, config }: Pick<HypervisorConfig, 'name' | 'config'>,
  target: SnmpTarget,
): Promise<readonly Finding[]> {
  const { version } = options;
  const findings = await askThrough(target, async (session) => {
    const seen = await seenModules(session, options, target.context ?? '');
    // Only the default context has sysORTable.
    const announced = (): Promise<readonly Announced[]> => announcedElsewhere(target, name);
    const modules = await moduleFindings(session, seen, target, announced);
    const agent = isShown(seen) ? await runningAgentFindings(session, config, version) : [];
    return [...modules, ...agent];
  });
  return findingsOf(name, findings);
}

/** What is to be seen without a context: the default hypervisor, the table of all, and whom snmpd sends to. */
function inDefaultContext(
  options: SnmpCheckOptions,
  asked: ReadonlySet<string>,
): Promise<readonly Finding[]> {
  const { config, hypervisors, target, version } = options;
  const all = hypervisorConfigs(config);
  return askThrough(target, async (session) => {
    const seen = await seenModules(session, options, '');
    const modules = await moduleFindings(session, seen, target, () => announcements(session));
    const sinks = await trapSinkFinding(session);
    if (!isShown(seen)) return [...modules, sinks];
    const rows = await fleetRows(session, config);
    const uri = await watchedUri(session, config);
    const first = all.find(({ isDefault }) => isDefault);
    const mapped = all.find((one) => one !== first && one.config.libvirt.uri.shown === uri);
    if (rows.size === 0 && mapped !== undefined) {
      // Where the table is not, it is not the default context.
      const text = `what ${whoOf(target)} is shown is ${mapped.name}: snmpd maps it to that context`;
      const agent = await runningAgentFindings(session, mapped.config, version);
      return [...modules, ...findingsOf(mapped.name, [inOrder(subject, text), ...agent]), sinks];
    }
    const isLookedAt = first !== undefined && hypervisors.some(({ name }) => name === first.name);
    if (!isLookedAt) return [...modules, ...fleetFindings(rows, config, hypervisors, asked), sinks];
    const agent = asked.has(first.name)
      ? uriFindings(uri, first.config.libvirt.uri.shown)
      : await runningAgentFindings(session, first.config, version);
    const known = new Set([...asked, first.name]);
    const fleet = fleetFindings(rows, config, hypervisors, known);
    return [...modules, ...findingsOf(first.name, agent), ...fleet, sinks];
  });
}

/** What is found by asking this snmpd, or why it cannot be asked. */
export async function askThrough(
  target: SnmpTarget,
  ask: (session: SnmpSession) => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  let session: SnmpSession;
  try {
    session = await SnmpSession.open(target);
  } catch (error) {
    return [foundProblem(subject, `${target.host}: ${errorText(error)}`, 'snmp-host-unknown')];
  }
  const heard = await probeSnmp(session.address, target.port);
  try {
    if (heard === 'refused') {
      return [foundProblem(subject, `nothing listens on ${session.where}`, 'snmp-nobody-listens')];
    }
    return await ask(session);
  } catch (error) {
    return [failureFinding(error, session.where, target, heard)];
  } finally {
    session.close();
  }
}

async function seenModules(
  session: SnmpSession,
  { config: { mib }, registered }: SnmpCheckOptions,
  context: string,
): Promise<readonly SeenModule[]> {
  const there = registered.get(context) ?? [];
  const instance = (name: ObjectName): string => `${formatOid(mib.root)}.${formatOid(objects[name].oid)}.0`;
  const [version, active, inactive] = await session.get(
    (['lveAgentVersion', 'lveDomainsActive', 'lveDomainsInactive'] as const).map(instance),
  );
  const hasDomains = [active, inactive].some((count) => Number(count?.value ?? 0) > 0);
  const seen: SeenModule[] = [];
  for (const { name, oid } of servedModules(mib)) {
    const root = formatOid(oid);
    // The view of a manager may hide much of a module: the version is in each that is of any use.
    const isShown =
      name === 'LIBVIRT-EXT-MIB' ? version !== undefined : (await session.below(root, 1)).length > 0;
    // All of it is a table of domains: without any it is empty.
    if (name === 'LIBVIRT-MIB' && !isShown && !hasDomains) continue;
    const isForeign = name === 'LIBVIRT-EXT-MIB' && isShown && !isAgentVersion(version?.value);
    seen.push({ name, root, isShown, isForeign, isRegistered: there.includes(root) });
  }
  return seen;
}

/** Whether LIBVIRT-EXT-MIB can be read, and is that of an agent. */
function isShown([extension]: readonly SeenModule[]): boolean {
  return extension?.isShown === true && !extension.isForeign;
}

async function moduleFindings(
  session: SnmpSession,
  seen: readonly SeenModule[],
  target: SnmpTarget,
  announced: () => Promise<readonly Announced[]>,
): Promise<readonly Finding[]> {
  const { where } = session;
  const absent = seen.filter(({ isShown }) => !isShown);
  const shown = seen
    .filter((module) => module.isShown)
    .map(({ name, root, isForeign }) =>
      isForeign
        ? foundProblem(subject, `${where} has somebody else's answers at ${name} (${root})`, 'snmp-not-ours')
        : inOrder(subject, `${where} shows ${name} (${root}) to ${whoOf(target)}`),
    );
  if (absent.length === 0) return shown;
  return [...shown, ...absentFindings(absent, seen, await announced(), where, target)];
}

/**
 * snmpd says the same of an object that its view hides and of one that nobody registered. What subagents
 * announced in sysORTable tells the difference.
 */
function absentFindings(
  absent: readonly SeenModule[],
  seen: readonly SeenModule[],
  announced: readonly Announced[],
  where: string,
  target: SnmpTarget,
): readonly Finding[] {
  const lines = viewLines(absent);
  const nothingShown = absent.length === seen.length;
  if (nothingShown && announced.length === 0) {
    const text = `${where} answers ${whoOf(target)}, but shows nothing at ${absent.map(({ root }) => root).join(' and ')}`;
    return [foundProblem(subject, text, 'snmp-view-or-agent', { lines })];
  }
  // Who has announced a subtree has registered it: our agent announces what it could register, and nothing else.
  const served = absent.filter(({ root }) => announced.some(({ oid }) => oid === root));
  if (nothingShown && served.length === absent.length) {
    const text = `${where} answers and the agent is registered, but the view of ${whoOf(target)} hides all of it`;
    return [foundProblem(subject, text, 'snmp-view', { lines })];
  }
  // Who sees what an agent shows, and not that anybody has announced it, has a view without sysORTable.
  const isListHidden = !nothingShown && announced.length === 0;
  return absent.map((module) => {
    const { name, root } = module;
    const text = `${where} shows no object of ${name} (${root})`;
    if (isListHidden && module.isRegistered) {
      const unsure = `${text} to ${whoOf(target)}; unless the log of the agent says duplicateRegistration, the view hides it`;
      return foundProblem(subject, unsure, hiddenAlone[name], { lines: viewLines([module]) });
    }
    if (served.includes(module)) {
      const hidden = `${text} to ${whoOf(target)}, although it is registered`;
      return foundProblem(subject, hidden, nothingShown ? 'snmp-view' : hiddenAlone[name], {
        lines: viewLines([module]),
      });
    }
    return module.isRegistered
      ? foundProblem(
          subject,
          `${text}, which another subagent has registered, or a pass line of snmpd.conf${whom(announced, seen)}`,
          'snmp-subtree-taken',
        )
      : foundProblem(subject, `${text}, and no subagent has announced it`, 'snmp-not-registered');
  });
}

/** The other subagents, as far as they have said who they are: one of them may be it. */
function whom(announced: readonly Announced[], seen: readonly SeenModule[]): string {
  const ofMaster = /^(1\.3\.6\.1\.6\.3\.|1\.3\.6\.1\.2\.1\.)/;
  const others = announced
    // Who serves what is shown has not taken what is missing.
    .filter(({ oid }) => !ofMaster.test(oid) && !seen.some(({ root, isShown }) => isShown && root === oid))
    .map(({ description }) => description);
  return others.length === 0 ? '' : ` (subagents that say who they are: ${others.join(', ')})`;
}

/** The lines of snmpd.conf that show subtrees. */
function viewLines(hidden: readonly SeenModule[]): string {
  return hidden.map(({ root }) => `"view libvirt included .${root}"`).join(' and ');
}

/** What is announced of a hypervisor, asked for without a context: see the texts of sysORDescr in face-set.ts. */
async function announcedElsewhere(target: SnmpTarget, hypervisor: string): Promise<readonly Announced[]> {
  const found: Announced[] = [];
  await askThrough({ ...target, context: undefined }, async (session) => {
    found.push(...(await announcements(session)));
    return [];
  });
  return found.filter(
    ({ description }) => hypervisor === '' || description.includes(` of ${hypervisor} in `),
  );
}

async function announcements(session: SnmpSession): Promise<readonly Announced[]> {
  const ids = await session.below(sysOrId);
  const descriptions = await session.below(sysOrDescr);
  const byRow = new Map(descriptions.map(({ oid, value }) => [oid.slice(sysOrDescr.length), String(value)]));
  return ids.map(({ oid, value }) => ({
    oid: String(value),
    description: byRow.get(oid.slice(sysOrId.length)) ?? '',
  }));
}

function whoOf({ access, context }: SnmpTarget): string {
  const who = access.kind === 'community' ? 'this community' : `user ${access.user.name}`;
  return context === undefined ? who : `${who} in context ${context}`;
}

function failureFinding(error: unknown, where: string, target: SnmpTarget, heard: ProbeResult): Finding {
  const text = `${where}: ${errorText(error)}`;
  if (error instanceof snmp.RequestTimedOutError) return silenceFinding(where, target, heard);
  if (error instanceof snmp.ResponseInvalidError) {
    return foundProblem(subject, text, v3Problem(errorText(error)));
  }
  if (/AuthorizationError|NoAccess/i.test(text)) {
    return target.context === undefined
      ? foundProblem(subject, text, 'snmp-not-authorized')
      : foundProblem(subject, `${text} in context ${target.context}`, 'snmp-context-not-permitted', {
          context: target.context,
        });
  }
  if (/GeneralError|genErr/i.test(text)) return foundProblem(subject, text, 'snmp-agent-hangs');
  // The system refused to send.
  if (heard === 'silent') return foundProblem(subject, text, 'snmp-silent');
  return foundProblem(subject, text, 'snmp-refused');
}

/** snmpd keeps silent for several reasons; what it says to anybody else tells them apart. */
function silenceFinding(where: string, target: SnmpTarget, heard: ProbeResult): Finding {
  if (heard !== 'answers') return foundProblem(subject, `${where} answers nothing at all`, 'snmp-silent');
  const text = `${where} answers, but not ${whoOf(target)}`;
  if (target.access.kind === 'community') return foundProblem(subject, text, 'snmp-community-unknown');
  return foundProblem(subject, text, target.context === undefined ? 'snmp-privacy' : 'snmp-context-unknown');
}

/** The counters of RFC 3414 section 5 that a Report names. */
function v3Problem(text: string) {
  if (/user name/i.test(text)) return 'snmp-user-unknown';
  if (/digest/i.test(text)) return 'snmp-authentication';
  if (/decrypt/i.test(text)) return 'snmp-privacy';
  if (/security level/i.test(text)) return 'snmp-security-level';
  if (/time window/i.test(text)) return 'snmp-time-window';
  return 'snmp-refused';
}
