import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import snmp, { type Session, type VarBind } from 'net-snmp';
import type { SnmpTarget, SnmpUser } from './snmp-options.ts';

const timeoutMs = 2000;

/** More rows than any table read here has. */
const maxRows = 200;

/** Reads through snmpd as a manager does. */
export class SnmpSession {
  /** `127.0.0.1:161`, for messages. */
  readonly where: string;
  /** The address that the host of the target has. */
  readonly address: string;
  readonly #session: Session;

  private constructor(target: SnmpTarget, address: string) {
    const { host, port } = target;
    this.where = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
    this.address = address;
    this.#session = open(target, address);
    this.#session.on('error', () => undefined);
  }

  /** Looks the host up. Rejects with the system's error (ENOTFOUND). */
  static async open(target: SnmpTarget): Promise<SnmpSession> {
    const found = await lookup(target.host, { all: true });
    // localhost is both, and snmpd listens on IPv4 unless told otherwise.
    const address = found.find(({ family }) => family === 4) ?? found[0];
    return new SnmpSession(target, address?.address ?? target.host);
  }

  /**
   * One value for each OID; undefined for what does not exist or is hidden.
   *
   * @throws what the package net-snmp has for a request that fails.
   */
  async get(oids: readonly string[]): Promise<readonly (VarBind | undefined)[]> {
    const varBinds = await this.#ask((done) => this.#session.get(oids, done));
    return oids.map((_oid, nth) => present(varBinds[nth]));
  }

  /** Everything below an OID, at most two hundred instances. */
  async below(oid: string, limit = maxRows): Promise<readonly VarBind[]> {
    const found: VarBind[] = [];
    let at = oid;
    while (found.length < limit) {
      const next = at;
      const [varBind] = await this.#ask((done) => this.#session.getNext([next], done));
      const value = present(varBind);
      if (value === undefined || !value.oid.startsWith(`${oid}.`)) break;
      found.push(value);
      at = value.oid;
    }
    return found;
  }

  close(): void {
    this.#session.close();
  }

  #ask(
    request: (done: (error: Error | null, varBinds?: readonly VarBind[]) => void) => void,
  ): Promise<readonly VarBind[]> {
    return new Promise((resolve, reject) => {
      request((error, varBinds) => (error === null ? resolve(varBinds ?? []) : reject(error)));
    });
  }
}

function present(varBind: VarBind | undefined): VarBind | undefined {
  return varBind === undefined || snmp.isVarbindError(varBind) ? undefined : varBind;
}

function open({ port, access, context }: SnmpTarget, address: string): Session {
  const transport = isIP(address) === 6 ? 'udp6' : 'udp4';
  const options = { port, transport, retries: 1, timeout: timeoutMs } as const;
  if (access.kind === 'community') {
    return snmp.createSession(address, access.community, { ...options, version: snmp.Version2c });
  }
  return snmp.createV3Session(address, credentials(access.user), {
    ...options,
    ...(context === undefined ? {} : { context }),
  });
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
