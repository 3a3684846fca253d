import { isIP } from 'node:net';
import snmp from 'net-snmp';
import type { Config } from '../config/config.ts';
import { errorText } from '../errors.ts';
import { objects } from '../mib/objects.gen.ts';
import type { Finding } from './finding.ts';
import type { SnmpTarget, SnmpUser } from './snmp-options.ts';

const subject = 'snmp';

/** sysORID (RFC 3418): what subagents have announced, in the subtree that every usual view shows. */
const sysOrId = '1.3.6.1.2.1.1.9.1.2';

/** More announced capabilities than any snmpd has. */
const maxSysOrRows = 200;

const timeoutMs = 2000;

/** Reads lveAgentVersion through snmpd, as a manager would, and tells apart why that fails. */
export async function checkSnmp(config: Config, target: SnmpTarget): Promise<Finding> {
  const root = config.mib.root.join('.');
  const session = open(target);
  session.on('error', () => undefined);
  const where = `${isIP(target.host) === 6 ? `[${target.host}]` : target.host}:${target.port}`;
  try {
    const [version] = await get(session, [`${root}.${objects.lveAgentVersion.oid.join('.')}.0`]);
    if (version !== undefined && !snmp.isVarbindError(version)) {
      const text = `${where} answers lveAgentVersion.0 = "${String(version.value)}"`;
      return { level: 'ok', subject, text };
    }
    return await explainAbsence(session, where, root, target);
  } catch (error) {
    return { level: 'fail', subject, ...failureText(error, where, target) };
  } finally {
    session.close();
  }
}

function open({ host, port, access }: SnmpTarget): ReturnType<typeof snmp.createSession> {
  const transport = isIP(host) === 6 ? 'udp6' : 'udp4';
  const options = { port, transport, retries: 1, timeout: timeoutMs } as const;
  if (access.kind === 'community') {
    return snmp.createSession(host, access.community, { ...options, version: snmp.Version2c });
  }
  return snmp.createV3Session(host, credentials(access.user), options);
}

function credentials({ name, auth, priv }: SnmpUser): Parameters<typeof snmp.createV3Session>[1] {
  const level = priv !== undefined ? 'authPriv' : auth !== undefined ? 'authNoPriv' : 'noAuthNoPriv';
  return {
    name,
    level: snmp.SecurityLevel[level] ?? 1,
    ...(auth === undefined
      ? {}
      : { authProtocol: snmp.AuthProtocols[auth.protocol] ?? 1, authKey: auth.passphrase }),
    ...(priv === undefined
      ? {}
      : { privProtocol: snmp.PrivProtocols[priv.protocol] ?? 1, privKey: priv.passphrase }),
  };
}

type VarBinds = readonly { readonly oid: string; readonly type: number; readonly value: unknown }[];

function get(
  session: ReturnType<typeof snmp.createSession>,
  oids: readonly string[],
  next = false,
): Promise<VarBinds> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, varBinds?: VarBinds): void => {
      if (error === null) resolve(varBinds ?? []);
      else reject(error);
    };
    if (next) session.getNext(oids, done);
    else session.get(oids, done);
  });
}

/**
 * snmpd says the same of an object that its view hides and of one that nobody registered. What subagents
 * announced in sysORTable tells the difference.
 */
async function explainAbsence(
  session: ReturnType<typeof snmp.createSession>,
  where: string,
  root: string,
  target: SnmpTarget,
): Promise<Finding> {
  const announced = await announcedIds(session);
  if (announced.includes(root)) {
    return {
      level: 'fail',
      subject,
      text: `${where} answers and the agent is registered, but the view of ${whoOf(target)} hides ${root}`,
      remedy: `Add to snmpd.conf, with the name of that view (Debian's is systemonly): ${viewLines(root)}; then restart snmpd.`,
    };
  }
  const visible = announced.length > 0;
  return {
    level: 'fail',
    subject,
    text: `${where} answers, but has no object at ${root}`,
    remedy: visible
      ? 'The agent is not registered with this snmpd: is it running, with the same mib.root, and is this the snmpd of agentx.address?'
      : `Either the agent is not registered with this snmpd (is it running?), or the view hides it; then add to snmpd.conf: ${viewLines(root)}.`,
  };
}

/** The lines of snmpd.conf that show both of our subtrees. */
function viewLines(root: string): string {
  return `"view systemonly included .${root}" and "view systemonly included .1.3.6.1.2.1.236"`;
}

async function announcedIds(session: ReturnType<typeof snmp.createSession>): Promise<readonly string[]> {
  const ids: string[] = [];
  let at = sysOrId;
  while (ids.length < maxSysOrRows) {
    const [row] = await get(session, [at], true);
    if (row === undefined || snmp.isVarbindError(row) || !row.oid.startsWith(`${sysOrId}.`)) break;
    ids.push(String(row.value));
    at = row.oid;
  }
  return ids;
}

function whoOf({ access }: SnmpTarget): string {
  return access.kind === 'community' ? 'this community' : `user ${access.user.name}`;
}

function failureText(
  error: unknown,
  where: string,
  target: SnmpTarget,
): { readonly text: string; readonly remedy: string } {
  const v3 = target.access.kind === 'user';
  if (error instanceof snmp.RequestTimedOutError) {
    return {
      text: `${where} does not answer`,
      remedy: v3
        ? 'Is snmpd running and listening there (agentaddress in snmpd.conf)? It also keeps silent about what it cannot decrypt: compare --v3-priv with createUser.'
        : 'Is snmpd running and listening there (agentaddress in snmpd.conf)? It also keeps silent about a community that it does not know, or not from this address (rocommunity), and when the agent behind it hangs.',
    };
  }
  if (error instanceof snmp.ResponseInvalidError) {
    return { text: `${where} refuses: ${errorText(error)}`, remedy: v3Remedy(errorText(error)) };
  }
  const text = `${where}: ${errorText(error)}`;
  if (/AuthorizationError|NoAccess/i.test(text)) {
    return {
      text,
      remedy:
        'snmpd knows this user but gives it no access at this security level: see rouser or access in snmpd.conf.',
    };
  }
  if (/ENOTFOUND|EAI_AGAIN/.test(text)) return { text, remedy: 'The host name does not resolve.' };
  return { text, remedy: 'See the log of snmpd.' };
}

/** The counters of RFC 3414 section 5 that a Report names. */
function v3Remedy(text: string): string {
  if (/user name/i.test(text)) {
    return 'snmpd has no such user: createUser in its persistent file (Debian: /var/lib/snmp/snmpd.conf, while snmpd is stopped).';
  }
  if (/digest/i.test(text)) return 'The passphrase or the protocol of --v3-auth is not that of the user.';
  if (/decrypt/i.test(text)) return 'The passphrase or the protocol of --v3-priv is not that of the user.';
  if (/security level/i.test(text)) {
    return 'The user has no such keys: createUser in snmpd.conf must name an authentication and, for --v3-priv, a privacy protocol.';
  }
  return 'Compare user, protocols and passphrases with createUser and rouser of snmpd.';
}
