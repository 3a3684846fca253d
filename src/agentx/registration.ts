import { errorText } from '../errors.ts';
import type { Logger } from '../log.ts';
import { AgentxError, ResponseError } from './errors.ts';
import type { AgentxSession } from './session.ts';

/** A subtree to be registered. */
export interface Region {
  readonly oid: readonly number[];
  /** For messages: the MIB module's name. */
  readonly name: string;
}

/** An entry of the master's sysORTable (RFC 3418). */
export interface Capability {
  readonly oid: readonly number[];
  readonly description: string;
}

/** What is served in one SNMP context. */
export interface ServedContext {
  /** Empty for the default context. */
  readonly name: string;
  readonly regions: readonly Region[];
  readonly capabilities: readonly Capability[];
}

export interface RegistrationOptions {
  /** What is to be registered; asked at each attempt, because contexts come and go. */
  readonly wanted: () => readonly ServedContext[];
  /** r.priority (RFC 2741 section 6.2.3); the lowest number is preferred. */
  readonly priority: number;
  /** r.timeout in seconds. */
  readonly timeoutSec: number;
  readonly logger: Logger;
}

interface Wanted {
  readonly region: Region;
  readonly context: string | undefined;
}

/** The registrations of one session. */
export class Registration {
  readonly #session: AgentxSession;
  readonly #options: RegistrationOptions;
  readonly #registered = new Map<string, Wanted>();
  /** Why regions were refused, by their keys. */
  readonly #refused = new Map<string, string>();
  #announced: readonly Capability[] = [];
  #isComplete = false;

  constructor(session: AgentxSession, options: RegistrationOptions) {
    this.#session = session;
    this.#options = options;
  }

  /** Regions that are registered. */
  get accepted(): number {
    return this.#registered.size;
  }

  /** Whether the last attempt left nothing to be tried again. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /**
   * Registers every region that is wanted and not registered yet (RFC 2741 section 7.1.4), unregisters what is no longer
   * wanted (section 7.1.5), and has the master announce what there is (section 7.1.9). A refusal is logged when it is new.
   *
   * @throws ConnectionLostError if the session ended.
   */
  async attempt(): Promise<void> {
    const contexts = this.#options.wanted();
    const wanted = new Map<string, Wanted>();
    for (const { name, regions } of contexts) {
      for (const region of regions) {
        const context = name === '' ? undefined : name;
        wanted.set(`${region.oid.join('.')} ${name}`, { region, context });
      }
    }
    for (const [key, one] of this.#registered) if (!wanted.has(key)) await this.#unregister(key, one);
    for (const key of this.#refused.keys()) if (!wanted.has(key)) this.#refused.delete(key);
    let isComplete = true;
    for (const [key, one] of wanted) {
      if (!this.#registered.has(key) && !(await this.#register(key, one))) isComplete = false;
    }
    this.#isComplete = isComplete;
    if (this.accepted === 0) return;
    // Who reads sysORTable shall not take a region for served that another subagent has.
    const served = contexts.flatMap(({ name, capabilities }) =>
      capabilities.filter(({ oid }) => {
        const key = `${oid.join('.')} ${name}`;
        return !wanted.has(key) || this.#registered.has(key);
      }),
    );
    await this.#announce(served);
  }

  async #register(key: string, wanted: Wanted): Promise<boolean> {
    const { priority, timeoutSec, logger } = this.#options;
    const { region, context } = wanted;
    const fields = { region: region.name, oid: region.oid.join('.'), context: context ?? '' };
    try {
      await this.#session.request(
        {
          kind: 'register',
          context,
          timeoutSec,
          priority,
          subtree: region.oid,
        },
        `Register ${region.name}`,
      );
    } catch (error) {
      if (this.#session.ended.aborted) throw error;
      const text = errorText(error);
      if (this.#refused.get(key) !== text) {
        this.#refused.set(key, text);
        logger.error({ ...fields, error: text, remedy: remedyOf(error) }, 'a region could not be registered');
      }
      return false;
    }
    this.#registered.set(key, wanted);
    const level = this.#refused.has(key) ? 'info' : 'debug';
    logger[level](fields, 'region registered');
    return true;
  }

  async #unregister(key: string, { region, context }: Wanted): Promise<void> {
    const { priority, logger } = this.#options;
    const fields = { region: region.name, oid: region.oid.join('.'), context: context ?? '' };
    this.#registered.delete(key);
    try {
      await this.#session.request(
        { kind: 'unregister', context, priority, subtree: region.oid },
        `Unregister ${region.name}`,
      );
      logger.debug(fields, 'region unregistered');
    } catch (error) {
      if (this.#session.ended.aborted) throw error;
      logger.warn({ ...fields, error: errorText(error) }, 'a region could not be unregistered');
    }
  }

  /** The master forgets capabilities by their OID alone, so that those which stay are announced again. */
  async #announce(wanted: readonly Capability[]): Promise<void> {
    const isIn = (list: readonly Capability[], { oid, description }: Capability): boolean =>
      list.some((one) => one.description === description && one.oid.join('.') === oid.join('.'));
    const gone = this.#announced.filter((one) => !isIn(wanted, one));
    const forgotten = new Map(gone.map(({ oid }) => [oid.join('.'), oid]));
    const known = this.#announced.filter(({ oid }) => !forgotten.has(oid.join('.')));
    for (const id of forgotten.values()) await this.#tell({ kind: 'removeAgentCaps', id }, 'RemoveAgentCaps');
    for (const one of wanted) {
      if (isIn(known, one)) continue;
      await this.#tell({ kind: 'addAgentCaps', id: one.oid, description: one.description }, 'AddAgentCaps');
    }
    this.#announced = wanted;
  }

  async #tell(
    pdu:
      | { readonly kind: 'addAgentCaps'; readonly id: readonly number[]; readonly description: string }
      | { readonly kind: 'removeAgentCaps'; readonly id: readonly number[] },
    what: string,
  ): Promise<void> {
    try {
      await this.#session.request(pdu, what);
    } catch (error) {
      if (this.#session.ended.aborted) throw error;
      this.#options.logger.warn(
        { oid: pdu.id.join('.'), error: errorText(error) },
        'the sysORTable of the master does not list what is served',
      );
    }
  }
}

function remedyOf(error: unknown): string | undefined {
  if (!(error instanceof AgentxError)) return undefined;
  switch (error.resError) {
    case ResponseError.duplicateRegistration:
      return (
        'another subagent serves this subtree, perhaps a second libvirt-agentx, or a pass line of snmpd.conf: ' +
        'stop or remove it, or give one of the two another priority or root'
      );
    case ResponseError.requestDenied:
      return "see snmpd's log for why it denies the registration";
    default:
      return undefined;
  }
}
