import { mibDirectories, mibModules } from './mib-path.ts';
import { type RunResult, runAnyway } from './process.ts';
import { type PrintedVarBind, parseVarBinds } from './varbind-text.ts';

/** A user of SNMPv3's user-based security model; without `privacyPassword` authNoPriv, without either noAuthNoPriv. */
export interface SnmpUser {
  readonly name: string;
  readonly authProtocol?: 'MD5' | 'SHA' | 'SHA-256' | 'SHA-512';
  readonly authPassword?: string;
  readonly privacyProtocol?: 'DES' | 'AES';
  readonly privacyPassword?: string;
}

export interface SnmpRequestOptions {
  readonly version?: '1' | '2c' | '3';
  readonly community?: string;
  readonly user?: SnmpUser;
  /** SNMPv3 context name. */
  readonly contextName?: string;
  readonly timeoutSec?: number;
  readonly retries?: number;
  /** GETBULK's max-repetitions. */
  readonly maxRepetitions?: number;
}

export interface SnmpClientSettings {
  /** `127.0.0.1:port`. */
  readonly address: string;
  /** A private directory: the tools write state of their own. */
  readonly persistentDirectory: string;
  readonly defaults: SnmpRequestOptions;
}

/** The tools of net-snmp, aimed at one agent. OIDs are numeric unless a method says otherwise. */
export interface SnmpClient {
  get(oids: string | readonly string[], options?: SnmpRequestOptions): Promise<readonly PrintedVarBind[]>;
  getNext(oids: string | readonly string[], options?: SnmpRequestOptions): Promise<readonly PrintedVarBind[]>;
  /** GETNEXT after GETNEXT below `oid`. */
  walk(oid: string, options?: SnmpRequestOptions): Promise<readonly PrintedVarBind[]>;
  /** GETBULK after GETBULK below `oid`. */
  bulkwalk(oid: string, options?: SnmpRequestOptions): Promise<readonly PrintedVarBind[]>;
  /** `snmpset OID TYPE VALUE`; a refusal rejects with the tool's text (`Reason: notWritable …`). */
  set(
    oid: string,
    type: string,
    value: string,
    options?: SnmpRequestOptions,
  ): Promise<readonly PrintedVarBind[]>;
  /** `snmptable` with our modules loaded; `args` such as `-Cw`, `120` come before the table's name. */
  table(name: string, args?: readonly string[], options?: SnmpRequestOptions): Promise<string>;
  /**
   * Any tool with our modules loaded and its output untouched; security options and address are put in front of
   * `operands`. Never rejects because of the exit status.
   */
  tool(
    tool: string,
    args: readonly string[],
    operands: readonly string[],
    options?: SnmpRequestOptions,
  ): Promise<RunResult>;
}

export function makeSnmpClient(settings: SnmpClientSettings): SnmpClient {
  const env = {
    SNMP_PERSISTENT_DIR: settings.persistentDirectory,
    SNMPCONFPATH: settings.persistentDirectory,
  };

  const tool: SnmpClient['tool'] = (name, args, operands, options = {}) => {
    const version = options.version ?? (options.user === undefined ? settings.defaults.version : '3');
    const all = { ...settings.defaults, ...options, ...(version === undefined ? {} : { version }) };
    return runAnyway(
      name,
      [
        ...args,
        ...securityArguments(all),
        '-t',
        String(all.timeoutSec ?? 3),
        '-r',
        String(all.retries ?? 1),
        settings.address,
        ...operands,
      ],
      { env },
    );
  };

  const numeric = async (
    name: string,
    args: readonly string[],
    operands: readonly string[],
    options: SnmpRequestOptions = {},
  ) => {
    const result = await tool(name, ['-m', '', '-Onex', ...args], operands, options);
    if (result.code !== 0) throw new Error(`${name} ${operands.join(' ')}: ${result.stderr}${result.stdout}`);
    return parseVarBinds(result.stdout);
  };
  const list = (oids: string | readonly string[]) => (typeof oids === 'string' ? [oids] : oids);

  return {
    tool: (name, args, operands, options) =>
      tool(name, ['-M', mibDirectories, '-m', mibModules, ...args], operands, options),
    get: (oids, options) => numeric('snmpget', [], list(oids), options),
    getNext: (oids, options) => numeric('snmpgetnext', [], list(oids), options),
    walk: async (oid, options) => withoutException(await numeric('snmpwalk', ['-CI'], [oid], options)),
    bulkwalk: async (oid, options = {}) =>
      withoutException(await numeric('snmpbulkwalk', [`-Cr${options.maxRepetitions ?? 25}`], [oid], options)),
    set: (oid, type, value, options) => numeric('snmpset', [], [oid, type, value], options),
    async table(name, args = [], options = {}) {
      const result = await tool(
        'snmptable',
        ['-M', mibDirectories, '-m', mibModules, ...args],
        [name],
        options,
      );
      if (result.code !== 0) throw new Error(`snmptable ${name}: ${result.stderr}${result.stdout}`);
      return result.stdout;
    },
  };
}

/** Command line options of net-snmp's tools for these credentials. */
export function securityArguments(options: SnmpRequestOptions): readonly string[] {
  const version = options.version ?? (options.user === undefined ? '2c' : '3');
  if (version !== '3') return [`-v${version}`, '-c', options.community ?? 'public'];
  const { user } = options;
  if (user === undefined) throw new Error('SNMPv3 needs a user');
  return [
    '-v3',
    '-u',
    user.name,
    '-l',
    securityLevel(user),
    ...(user.authPassword === undefined ? [] : ['-a', user.authProtocol ?? 'SHA', '-A', user.authPassword]),
    ...(user.privacyPassword === undefined
      ? []
      : ['-x', user.privacyProtocol ?? 'AES', '-X', user.privacyPassword]),
    ...(options.contextName === undefined ? [] : ['-n', options.contextName]),
  ];
}

export function securityLevel(user: SnmpUser): 'noAuthNoPriv' | 'authNoPriv' | 'authPriv' {
  if (user.authPassword === undefined) return 'noAuthNoPriv';
  return user.privacyPassword === undefined ? 'authNoPriv' : 'authPriv';
}

/** A `createUser` line of snmpd.conf and snmptrapd.conf; `engineId` in hexadecimal with `0x`. */
export function createUserLine(user: SnmpUser, engineId?: string): string {
  return [
    'createUser',
    ...(engineId === undefined ? [] : ['-e', engineId]),
    user.name,
    ...(user.authPassword === undefined ? [] : [user.authProtocol ?? 'SHA', `"${user.authPassword}"`]),
    ...(user.privacyPassword === undefined
      ? []
      : [user.privacyProtocol ?? 'AES', `"${user.privacyPassword}"`]),
  ].join(' ');
}

/** A walk below an empty subtree answers with one exception instead of rows. */
function withoutException(varBinds: readonly PrintedVarBind[]): readonly PrintedVarBind[] {
  return varBinds.filter(
    ({ type }) => type !== 'noSuchObject' && type !== 'noSuchInstance' && type !== 'endOfMibView',
  );
}
