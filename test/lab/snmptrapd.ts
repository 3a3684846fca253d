import { writeFile } from 'node:fs/promises';
import { freeUdpPort } from './free-port.ts';
import { makeLabDirectory } from './lab-directory.ts';
import { startProcess } from './process.ts';
import { createUserLine, type SnmpUser, securityLevel } from './snmp-client.ts';
import { type PrintedVarBind, parseVarBinds } from './varbind-text.ts';
import { waitUntil } from './wait.ts';

export interface SnmptrapdOptions {
  /** Users that may notify. Traps need `senderEngineIds`; informs do not. */
  readonly users?: readonly SnmpUser[];
  /** Engine ids of the senders of SNMPv3 traps: `snmpd.engineId`. */
  readonly senderEngineIds?: readonly string[];
  /** Its own engine id, under which SNMPv3 informs reach it; hexadecimal with `0x`. */
  readonly engineId?: string;
}

/** A notification as snmptrapd understood it. */
export interface ReceivedNotification {
  /** `TRAP`, `TRAP2` or `INFORM` with version and security as snmptrapd words it. */
  readonly pdu: string;
  readonly kind: 'trap-v1' | 'trap-v2' | 'inform';
  readonly version: '1' | '2c' | '3';
  /** snmpTrapOID.0 without a leading dot; of v1 traps derived by RFC 3584 section 3.1. */
  readonly trapOid: string;
  /** All bindings, sysUpTime.0 and snmpTrapOID.0 included where the protocol carries them. */
  readonly varBinds: readonly PrintedVarBind[];
  readonly receivedAtMs: number;
}

export interface Snmptrapd {
  readonly address: string;
  readonly port: number;
  readonly pid: number;
  received(): readonly ReceivedNotification[];
  /** The first notification, past or coming, that the predicate accepts. */
  waitFor(
    predicate: (notification: ReceivedNotification) => boolean,
    timeoutMs?: number,
  ): Promise<ReceivedNotification>;
  log(): string;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const snmpTrapOid = '1.3.6.1.6.3.1.1.4.1.0';
const begin = '<<lab<<';
const end = '>>lab>>';

/** Starts a private snmptrapd on a free loopback port; it accepts community `public` and the users given. */
export async function startSnmptrapd(options: SnmptrapdOptions = {}): Promise<Snmptrapd> {
  const directory = await makeLabDirectory();
  const port = await freeUdpPort();
  const address = `127.0.0.1:${port}`;
  const configPath = directory.file('snmptrapd.conf');
  const users = options.users ?? [];
  const lines = [
    ...(options.engineId === undefined ? [] : [`exactEngineID ${options.engineId}`]),
    'authCommunity log public',
    ...users.flatMap((user) => [
      createUserLine(user),
      ...(options.senderEngineIds ?? []).map((engineId) => createUserLine(user, engineId)),
      `authUser log ${user.name} ${{ noAuthNoPriv: 'noauth', authNoPriv: 'auth', authPriv: 'priv' }[securityLevel(user)]}`,
    ]),
    `format1 ${begin}v1|%P|%N|%w|%q|\\n%V\\n%v\\n${end}\\n`,
    `format2 ${begin}v2|%P|%N|%w|%q|\\n%V\\n%v\\n${end}\\n`,
  ];
  await writeFile(configPath, `${lines.join('\n')}\n`);
  const persistentDirectory = directory.directory('persistent');
  const notifications: ReceivedNotification[] = [];
  let incomplete = '';
  const daemon = await startProcess({
    name: 'snmptrapd',
    command: 'snmptrapd',
    args: ['-f', '-Lo', '-C', '-c', configPath, '-Onex', '-m', '', `udp:${address}`],
    env: { SNMP_PERSISTENT_DIR: persistentDirectory, SNMPCONFPATH: persistentDirectory },
    ready: (output) => output.includes('NET-SNMP version'),
    onStdout(text) {
      const records = (incomplete + text).split(`${end}\n`);
      incomplete = records.pop() ?? '';
      for (const record of records) notifications.push(parseNotification(record));
    },
  }).catch(async (error: unknown) => {
    await directory.remove();
    throw error;
  });

  const stop = async () => {
    await daemon.stop();
    await directory.remove();
  };
  return {
    address,
    port,
    pid: daemon.pid,
    received: () => [...notifications],
    waitFor: (predicate, timeoutMs = 10_000) =>
      waitUntil(() => notifications.find(predicate), {
        what: 'a notification',
        timeoutMs,
        context: () => daemon.output(),
      }),
    log: () => daemon.output(),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function parseNotification(record: string): ReceivedNotification {
  const body = record.slice(record.indexOf(begin) + begin.length);
  const [, version = '', pdu = '', enterprise = '', generic = '', specific = '', rest = ''] =
    /^(v[12])\|(.*?)\|(.*?)\|(.*?)\|(.*?)\|\n(.*)$/s.exec(body) ?? [];
  const varBinds = parseVarBinds(rest);
  const carried = varBinds.find(({ oid }) => oid === snmpTrapOid)?.value;
  return {
    pdu,
    kind: version === 'v1' ? 'trap-v1' : pdu.startsWith('INFORM') ? 'inform' : 'trap-v2',
    version: pdu.includes('SNMP v3') ? '3' : version === 'v1' ? '1' : '2c',
    trapOid:
      carried ?? trapOidOfV1(enterprise.replace(/^\./, ''), Number(generic), specific.replace(/^\./, '')),
    varBinds,
    receivedAtMs: Date.now(),
  };
}

/** RFC 3584 section 3.1 (2) and (3). */
function trapOidOfV1(enterprise: string, generic: number, specific: string): string {
  return generic === 6 ? `${enterprise}.0.${specific}` : `1.3.6.1.6.3.1.1.5.${generic + 1}`;
}
