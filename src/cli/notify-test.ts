import { hostname, userInfo } from 'node:os';
import { formatAgentxAddress } from '../agentx/address.ts';
import { openMaster, unreachable } from '../check/agentx.ts';
import { findingLine, foundProblem } from '../check/finding.ts';
import { askThrough } from '../check/snmp.ts';
import { snmpTarget } from '../check/snmp-options.ts';
import { trapSinkFinding } from '../check/trap-sinks.ts';
import type { Config } from '../config/config.ts';
import { DaemonError } from '../errors.ts';
import { objects } from '../mib/objects.gen.ts';
import { ServedMib } from '../mib/served-mib.ts';
import { formatOid } from '../tree/oid.ts';
import { exitCodes } from './exit-codes.ts';
import { chosenHypervisors } from './hypervisors.ts';
import { configFrom } from './options.ts';
import { programVersion } from './version.ts';

/** snmpTrapOID.0 (RFC 3418) */
const snmpTrapOid = [1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0];

/** What lveNotifyTestText can hold, in octets of UTF-8. */
const maxTextOctets = Math.max(...objects.lveNotifyTestText.limits.map(([, most]) => most));

/**
 * Sends lveNotificationTest in an AgentX session of its own, so that it works whether or not the agent runs: the rest
 * of the way, through snmpd to its receivers, is that of all notifications. Resolves with 0 when snmpd has taken it,
 * 69 if it cannot be reached or asked, or has no receiver.
 *
 * @throws DaemonError with code USAGE, before anything is sent.
 */
export async function notifyTest(options: Readonly<Record<string, unknown>>): Promise<number> {
  const target = snmpTarget(options);
  const { config } = await configFrom(options);
  if (!config.agentx.enabled) {
    throw new DaemonError('USAGE', 'agentx.enabled is false: nothing is sent through snmpd');
  }
  const [hypervisor] = chosenHypervisors(config, options, 'default');
  const name = hypervisor?.name ?? '';
  const text = textOf(options['text']);
  const sent = await send(config, text, name);
  if (sent !== undefined) {
    process.stdout.write(`${sent}\n`);
    return exitCodes.unavailable;
  }
  const { address } = config.agentx;
  const where = name === '' ? '' : ` in context ${name}`;
  process.stdout.write(
    `ok   ${formatAgentxAddress(address)}: snmpd has taken lveNotificationTest${where}: ${text}\n`,
  );
  if (!config.notifications.enabled) {
    const line = findingLine(
      foundProblem('notifications', 'notifications.enabled is false', 'agent-notifications-off'),
    );
    process.stdout.write(`${line}\n`);
  }
  const told =
    target === undefined ? [] : await askThrough(target, async (session) => [await trapSinkFinding(session)]);
  for (const finding of told) process.stdout.write(`${findingLine(finding)}\n`);
  if (told.some(({ level }) => level !== 'ok')) return exitCodes.unavailable;
  process.stdout.write(
    'snmpd does not tell whether anybody received it: look there. If nothing arrives: trap2sink, informsink or trapsess in\n' +
      'snmpd.conf, community or user at the receiver, UDP port 162 in firewalls; see docs/notifications.md.\n',
  );
  return exitCodes.ok;
}

/**
 * What is sent.
 *
 * @throws DaemonError with code USAGE if it does not fit: a receiver would see a part of it only.
 */
function textOf(given: unknown): string {
  const text = typeof given === 'string' && given !== '' ? given : usualText();
  const octets = Buffer.byteLength(text);
  if (octets <= maxTextOctets) return text;
  throw new DaemonError(
    'USAGE',
    `--text has ${octets} octets, and lveNotifyTestText holds ${maxTextOctets}: nothing was sent`,
  );
}

/** Sends it, as one of several hypervisors does if there is a name; what went wrong as a line, or undefined. */
async function send(config: Config, text: string, hypervisor: string): Promise<string | undefined> {
  const { address } = config.agentx;
  const mib = new ServedMib(config.mib);
  const { trapOid, varbinds } = mib.encode(
    { name: 'lveNotificationTest', values: { lveNotifyTestText: { value: text } } },
    hypervisor === '' ? {} : { lveNotifyHypervisor: { value: hypervisor } },
  );
  const trap = { oid: snmpTrapOid, syntax: 'ObjectIdentifier', value: trapOid } as const;
  try {
    const session = await openMaster(address, `libvirt-agentx ${programVersion()} notify-test`);
    await session.request(
      { kind: 'notify', context: hypervisor === '' ? undefined : hypervisor, varBinds: [trap, ...varbinds] },
      `Notify ${formatOid(trapOid)}`,
    );
    await session.close('shutdown');
    return undefined;
  } catch (error) {
    return findingLine(await unreachable(error, address));
  }
}

function usualText(): string {
  return `test from ${hostname()}, asked for by ${userName()} at ${new Date().toISOString()}; nothing has happened`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
