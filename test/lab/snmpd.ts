import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { freeTcpPort, freeUdpPort } from './free-port.ts';
import { makeLabDirectory } from './lab-directory.ts';
import { type RunningProcess, startProcess } from './process.ts';
import {
  createUserLine,
  makeSnmpClient,
  type SnmpClient,
  type SnmpUser,
  securityArguments,
  securityLevel,
} from './snmp-client.ts';

/** Where notifications go. */
export interface TrapSink {
  readonly kind: 'v1' | 'v2c' | 'v2c-inform' | 'v3' | 'v3-inform';
  /** `127.0.0.1:port`. */
  readonly address: string;
  readonly community?: string;
  /** For v3. */
  readonly user?: SnmpUser;
}

export interface SnmpdOptions {
  /** AgentX over TCP on a free loopback port instead of a UNIX socket. */
  readonly tcp?: boolean;
  /** Another place for the AgentX UNIX socket; default is in the private directory. */
  readonly agentxSocketPath?: string;
  /** Users that may read (and, with `writable`, set) everything. */
  readonly users?: readonly SnmpUser[];
  readonly trapSinks?: readonly TrapSink[];
  /** Communities get write access too: what refuses a SET is then the subagent, not the master. */
  readonly writable?: boolean;
  /** `agentXTimeout`, whole seconds. */
  readonly agentxTimeoutSec?: number;
  readonly agentxRetries?: number;
  /** Hexadecimal with `0x`; random by default. A receiver of SNMPv3 traps has to know it beforehand. */
  readonly engineId?: string;
  /** More lines of snmpd.conf. */
  readonly extraConfig?: string;
  /** A whole configuration instead of ours; the listening address and the AgentX socket are still ours. */
  readonly config?: string;
}

export interface Snmpd extends SnmpClient {
  /** `127.0.0.1:port` for SNMP managers. */
  readonly address: string;
  readonly port: number;
  /** In net-snmp's spelling: `unix:/path` or `tcp:127.0.0.1:port`. */
  readonly agentxAddress: string;
  /** Path of the AgentX UNIX socket, when it is one. */
  readonly agentxSocketPath: string | undefined;
  /** Authoritative engine id, hexadecimal with `0x`. */
  readonly engineId: string;
  readonly configPath: string;
  /** The private directory; gone after stop(). */
  readonly directoryPath: string;
  pid(): number;
  /** Log of the present process. */
  log(): string;
  /** Community `public`, SNMPv2c. */
  readonly community: string;
  /** SIGTERM and a new process on the same addresses. */
  restart(): Promise<void>;
  /** SIGKILL; the socket file stays, as after a crash. start() again with {@link restart}. */
  kill(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** Puts other lines of configuration in place of `extraConfig` for the next restart or SIGHUP. */
  setExtraConfig(lines: string): Promise<void>;
  /** Ends the process and removes its directory. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A random engine id in the "octets" format of RFC 3411, hexadecimal with `0x`. */
export function randomEngineId(): string {
  return `0x80001f8805${randomBytes(8).toString('hex')}`;
}

/**
 * Starts a private snmpd as AgentX master on a free loopback port. It reads and writes nothing of the system:
 * configuration, persistent state and AgentX socket are in a directory of its own.
 */
export async function startSnmpd(options: SnmpdOptions = {}): Promise<Snmpd> {
  const directory = await makeLabDirectory();
  const engineId = options.engineId ?? randomEngineId();
  const port = await freeUdpPort();
  const address = `127.0.0.1:${port}`;
  const agentxSocketPath = options.tcp
    ? undefined
    : (options.agentxSocketPath ?? directory.file('agentx', 'master'));
  const agentxAddress = options.tcp ? `tcp:127.0.0.1:${await freeTcpPort()}` : `unix:${agentxSocketPath}`;
  const configPath = directory.file('snmpd.conf');
  const persistentDirectory = directory.directory('persistent');
  const writeConfig = (extra: string) =>
    writeFile(configPath, options.config ?? `${ownConfig(options, engineId)}\n${extra}\n`);
  await writeConfig(options.extraConfig ?? '');

  let daemon: RunningProcess | undefined;
  const start = async () => {
    daemon = await startProcess({
      name: 'snmpd',
      command: 'snmpd',
      args: [
        '-f',
        '-Le',
        '-C',
        '-c',
        configPath,
        '-x',
        agentxAddress,
        // SMUX would listen on a fixed port; the Event MIB's part floods the log about missing MIBs.
        '-I',
        '-smux,mteTrigger,mteTriggerConf',
        `udp:${address}`,
      ],
      env: {
        SNMP_PERSISTENT_DIR: persistentDirectory,
        SNMPCONFPATH: persistentDirectory,
        MIBS: '',
      },
      ready: (output) =>
        output.includes('NET-SNMP version') &&
        (agentxSocketPath === undefined || existsSync(agentxSocketPath)),
    });
  };
  try {
    await start();
  } catch (error) {
    await directory.remove();
    throw error;
  }

  const running = () => {
    if (daemon === undefined) throw new Error('snmpd is not running');
    return daemon;
  };
  const stop = async () => {
    await daemon?.stop();
    await directory.remove();
  };
  return {
    ...makeSnmpClient({
      address,
      persistentDirectory: directory.directory('client'),
      defaults: { version: '2c', community: 'public' },
    }),
    address,
    port,
    agentxAddress,
    agentxSocketPath,
    engineId,
    configPath,
    directoryPath: directory.path,
    community: 'public',
    pid: () => running().pid,
    log: () => daemon?.output() ?? '',
    async restart() {
      await daemon?.stop();
      await start();
    },
    kill: () => running().kill(),
    signal: (signal) => running().signal(signal),
    setExtraConfig: writeConfig,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function ownConfig(options: SnmpdOptions, engineId: string): string {
  const access = options.writable ? 'rw' : 'ro';
  return [
    `exactEngineID ${engineId}`,
    'master agentx',
    `${access}community public 127.0.0.1`,
    'sysLocation lab',
    // As snmpd.conf.example has it.
    'maxGetbulkRepeats 200',
    'maxGetbulkResponses 2000',
    ...(options.agentxTimeoutSec === undefined ? [] : [`agentXTimeout ${options.agentxTimeoutSec}`]),
    ...(options.agentxRetries === undefined ? [] : [`agentXRetries ${options.agentxRetries}`]),
    ...(options.users ?? []).flatMap((user) => [
      createUserLine(user),
      `${access}user ${user.name} ${{ noAuthNoPriv: 'noauth', authNoPriv: 'auth', authPriv: 'priv' }[securityLevel(user)]}`,
    ]),
    ...(options.trapSinks ?? []).map((sink) => sinkLine(sink, engineId)),
  ].join('\n');
}

/** A line of snmpd.conf for one trap sink. Traps over v3 are sent under snmpd's own engine id. */
function sinkLine(sink: TrapSink, engineId: string): string {
  const community = sink.community ?? 'public';
  switch (sink.kind) {
    case 'v1':
      return `trapsess -v1 -c ${community} ${sink.address}`;
    case 'v2c':
      return `trapsess -v2c -c ${community} ${sink.address}`;
    case 'v2c-inform':
      return `trapsess -Ci -v2c -c ${community} ${sink.address}`;
    case 'v3':
    case 'v3-inform': {
      if (sink.user === undefined) throw new Error('a v3 trap sink needs a user');
      const security = securityArguments({ version: '3', user: sink.user }).join(' ');
      return sink.kind === 'v3'
        ? `trapsess -e ${engineId} ${security} ${sink.address}`
        : `trapsess -Ci ${security} ${sink.address}`;
    }
  }
}
