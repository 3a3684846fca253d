import type { ConnectionLostError } from '../../errors.ts';
import { LibvirtConnection } from '../../libvirt/connection.ts';
import { connectGetLibVersion } from '../../libvirt/procedures.ts';
import type { SaslSettings } from '../../libvirt/sasl/credentials.ts';
import type { ConnectTarget } from '../../libvirt/uri.ts';
import type { Logger } from '../../log.ts';

const VERSION_TIMEOUT_MS = 10_000;

/** What a session needs to know. */
export interface LibvirtSessionOptions {
  readonly target: ConnectTarget;
  /** Target of the optional read-write connection for guest agent data. */
  readonly readWriteTarget: ConnectTarget | undefined;
  readonly sasl: SaslSettings;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Whether one more event of the hypervisor is handled. */
  readonly admitEvent?: (() => boolean) | undefined;
}

/**
 * The connections of one session with a libvirt daemon. They are separate because a daemon serves few
 * requests of a connection at a time: a slow call must not delay lists, control probes or events.
 */
export class LibvirtSession {
  /** Lists, states, control probes, definitions, events: nothing that waits for a hypervisor process. */
  readonly control: LibvirtConnection;
  /** Domain statistics in batches. */
  readonly bulk: LibvirtConnection;
  /** Everything expensive: disk errors, jobs, pinning, pools. */
  readonly slow: LibvirtConnection;
  /** Guest agent data, and what else needs the right to write; only with `read_write`. */
  readonly readWrite: LibvirtConnection | undefined;
  /** Another for guest agents: each that does not answer keeps one of the few places of a connection. */
  readonly moreAgents: LibvirtConnection | undefined;
  /** Version of the daemon's libvirt: major * 1000000 + minor * 1000 + release. */
  readonly libVersion: number;

  private constructor(
    libVersion: number,
    control: LibvirtConnection,
    bulk: LibvirtConnection,
    slow: LibvirtConnection,
    readWrite: LibvirtConnection | undefined,
    moreAgents: LibvirtConnection | undefined,
  ) {
    this.libVersion = libVersion;
    this.control = control;
    this.bulk = bulk;
    this.slow = slow;
    this.readWrite = readWrite;
    this.moreAgents = moreAgents;
  }

  /** Opens all connections, or none. */
  static async open(options: LibvirtSessionOptions): Promise<LibvirtSession> {
    const { target, readWriteTarget, sasl, logger, signal, admitEvent } = options;
    const opened: LibvirtConnection[] = [];
    const open = async (to: ConnectTarget, readOnly: boolean): Promise<LibvirtConnection> => {
      const connection = await LibvirtConnection.open(to, {
        ...{ readOnly, sasl, logger, signal },
        ...(admitEvent === undefined ? {} : { admitEvent }),
      });
      opened.push(connection);
      return connection;
    };
    try {
      const control = await open(target, true);
      const version = await control.call(connectGetLibVersion, undefined, { timeoutMs: VERSION_TIMEOUT_MS });
      const bulk = await open(target, true);
      const slow = await open(target, true);
      const readWrite = readWriteTarget === undefined ? undefined : await open(readWriteTarget, false);
      const moreAgents = readWriteTarget === undefined ? undefined : await open(readWriteTarget, false);
      return new LibvirtSession(Number(version), control, bulk, slow, readWrite, moreAgents);
    } catch (error) {
      await Promise.all(opened.map((connection) => connection.close()));
      throw error;
    }
  }

  /** Resolves when any of the connections ended, with the reason. */
  async closed(): Promise<ConnectionLostError | undefined> {
    return await Promise.race(this.#all().map((connection) => connection.closed));
  }

  async close(): Promise<void> {
    await Promise.all(this.#all().map((connection) => connection.close()));
  }

  #all(): readonly LibvirtConnection[] {
    const { control, bulk, slow, readWrite, moreAgents } = this;
    return [control, bulk, slow, readWrite, moreAgents].filter((connection) => connection !== undefined);
  }
}
