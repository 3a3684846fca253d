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

export interface RegistrationOptions {
  readonly regions: readonly Region[];
  readonly capabilities: readonly Capability[];
  /** Contexts besides the default one. */
  readonly contexts: readonly string[];
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
  readonly #refused = new Map<Wanted, string>();
  #wanted: readonly Wanted[];
  #accepted = 0;
  #announced = false;

  constructor(session: AgentxSession, options: RegistrationOptions) {
    this.#session = session;
    this.#options = options;
    this.#wanted = [undefined, ...options.contexts].flatMap((context) =>
      options.regions.map((region) => ({ region, context })),
    );
  }

  /** Regions that the master has accepted. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Whether nothing is left to be tried again. */
  get isComplete(): boolean {
    return this.#wanted.length === 0;
  }

  /**
   * Registers every region that is not registered yet (RFC 2741 section 7.1.4) and, once, announces the
   * capabilities (section 7.1.9). A refusal is logged when it is new.
   *
   * @throws ConnectionLostError if the session ended.
   */
  async attempt(): Promise<void> {
    const refused: Wanted[] = [];
    for (const wanted of this.#wanted) {
      if (!(await this.#register(wanted))) refused.push(wanted);
    }
    this.#wanted = refused;
    if (!this.#announced && this.#accepted > 0) {
      this.#announced = true;
      await this.#announce();
    }
  }

  async #register(wanted: Wanted): Promise<boolean> {
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
      if (this.#refused.get(wanted) !== text) {
        this.#refused.set(wanted, text);
        logger.error({ ...fields, error: text, remedy: remedyOf(error) }, 'a region could not be registered');
      }
      return false;
    }
    this.#accepted += 1;
    const level = this.#refused.has(wanted) ? 'info' : 'debug';
    logger[level](fields, 'region registered');
    return true;
  }

  async #announce(): Promise<void> {
    for (const { oid, description } of this.#options.capabilities) {
      try {
        await this.#session.request({ kind: 'addAgentCaps', id: oid, description }, 'AddAgentCaps');
      } catch (error) {
        if (this.#session.ended.aborted) throw error;
        this.#options.logger.warn(
          { oid: oid.join('.'), error: errorText(error) },
          'the master does not list a capability in its sysORTable',
        );
      }
    }
  }
}

function remedyOf(error: unknown): string | undefined {
  if (!(error instanceof AgentxError)) return undefined;
  switch (error.resError) {
    case ResponseError.duplicateRegistration:
      return (
        'another subagent serves this subtree, perhaps a second libvirt-agentx: stop it, or give one of the ' +
        'two another priority or root'
      );
    case ResponseError.requestDenied:
      return "see snmpd's log for why it denies the registration";
    default:
      return undefined;
  }
}
