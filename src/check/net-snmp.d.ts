/** The part of the package net-snmp that `check` uses; the package brings no types of its own. */
declare module 'net-snmp' {
  interface User {
    readonly name: string;
    readonly level: number;
    readonly authProtocol?: number;
    readonly authKey?: string;
    readonly privProtocol?: number;
    readonly privKey?: string;
  }

  interface SessionOptions {
    readonly port: number;
    readonly version?: number;
    readonly transport: 'udp4' | 'udp6';
    readonly retries: number;
    /** Milliseconds. */
    readonly timeout: number;
    readonly context?: string;
  }

  export interface VarBind {
    readonly oid: string;
    readonly type: number;
    readonly value: unknown;
  }

  type Callback = (error: Error | null, varBinds?: readonly VarBind[]) => void;

  export interface Session {
    get(oids: readonly string[], callback: Callback): void;
    getNext(oids: readonly string[], callback: Callback): void;
    on(event: 'error', listener: (error: Error) => void): void;
    close(): void;
  }

  const snmp: {
    createSession(host: string, community: string, options: SessionOptions): Session;
    createV3Session(host: string, user: User, options: SessionOptions): Session;
    isVarbindError(varBind: VarBind): boolean;
    readonly Version2c: number;
    readonly SecurityLevel: Readonly<Record<string, number>>;
    readonly AuthProtocols: Readonly<Record<string, number>>;
    readonly PrivProtocols: Readonly<Record<string, number>>;
    readonly ObjectType: Readonly<Record<string, number>>;
    readonly RequestTimedOutError: new () => Error;
    readonly ResponseInvalidError: new () => Error;
  };
  export default snmp;
}
