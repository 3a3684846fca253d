import { errorText } from '../errors.ts';
import type { Logger } from '../log.ts';
import { late, within } from '../run/deadline.ts';
import type { SendToManager } from './systemd-notify.ts';

/** What the service manager is told of. */
export interface ToldService {
  /** One line for `systemctl status`. */
  readonly statusText: () => string;
  /** Resolves if the service does its work; the longer it takes, the less it does. */
  readonly isAlive: () => Promise<void>;
}

export interface ServiceManagerOptions {
  readonly send: SendToManager;
  /** See ServiceEnvironment. */
  readonly watchdogMs: number | undefined;
  readonly service: ToldService;
  readonly logger: Logger;
  /** CLOCK_MONOTONIC in microseconds. */
  readonly monotonicUsec?: () => bigint;
}

/** A status that changes all the time is told at most so often, in milliseconds: each time is a process. */
const statusEveryMs = 5000;

/** Signs of life within the time that systemd waits for one: one may fail, and the next is still in time. */
const signsInTime = 3;

/**
 * Tells systemd how the service is (sd_notify(3)): ready, reloading, stopping, one line of status, and signs of life for
 * its watchdog. Nothing waits for it, and a failure is logged once until something gets through again.
 */
export class ServiceManager {
  readonly #options: ServiceManagerOptions;
  /** By the first variable of a message. One that is superseded before it was sent is not sent. */
  readonly #waiting = new Map<string, readonly string[]>();
  readonly #timers: NodeJS.Timeout[] = [];
  #isSending = false;
  #hasFailed = false;
  #isSilent = false;
  #isEnding = false;
  #isReloading = false;
  /** Whether systemd waits for the service to be ready, since that it is could not be sent. */
  #isReadyLost = false;
  /** As it was told; undefined if that could not be sent. */
  #status: string | undefined;

  constructor(options: ServiceManagerOptions) {
    this.#options = options;
  }

  /** The service runs, or goes on after a reload. */
  ready(): void {
    if (this.#isEnding) return;
    this.#isReloading = false;
    this.#status = this.#options.service.statusText();
    this.#tell('READY=1', `STATUS=${this.#status}`);
    if (this.#timers.length > 0) return;
    this.#every(statusEveryMs, () => this.#tellStatus());
    const { watchdogMs } = this.#options;
    if (watchdogMs !== undefined)
      this.#every(watchdogMs / signsInTime, () => void this.#tellLife(watchdogMs));
  }

  /** The configuration is read again; {@link ready} ends that, whatever has come of it. */
  reloading(): void {
    if (this.#isEnding) return;
    this.#isReloading = true;
    const now = this.#options.monotonicUsec?.() ?? process.hrtime.bigint() / 1000n;
    this.#tell('RELOADING=1', `MONOTONIC_USEC=${now}`);
  }

  /** The last that is told, and at once: the program may have ended before what is under way has arrived. */
  stopping(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    for (const timer of this.#timers) clearInterval(timer);
    this.#waiting.clear();
    void this.#send(['STOPPING=1', 'STATUS=stopping']);
  }

  #every(ms: number, act: () => void): void {
    this.#timers.push(setInterval(act, ms).unref());
  }

  #tellStatus(): void {
    // What is stopped to be started anew would seem not to be there.
    if (this.#isReloading) return;
    if (this.#isReadyLost) {
      this.ready();
      return;
    }
    const status = this.#options.service.statusText();
    if (status === this.#status) return;
    this.#status = status;
    this.#tell(`STATUS=${status}`);
  }

  async #tellLife(watchdogMs: number): Promise<void> {
    const { service, logger } = this.#options;
    const sign = await within(watchdogMs / signsInTime, service.isAlive()).catch(() => late);
    if (this.#isEnding) return;
    if (sign !== late) {
      this.#isSilent = false;
      this.#tell('WATCHDOG=1');
    } else if (!this.#isSilent) {
      this.#isSilent = true;
      logger.error(
        {},
        'the thread that answers snmpd does not respond: systemd gets no sign of life until it does',
      );
    }
  }

  #tell(...assignments: readonly [string, ...string[]]): void {
    const [variable = ''] = assignments[0].split('=', 1);
    // What is said again is said in its new place, so that the last word on each thing stays the last.
    this.#waiting.delete(variable);
    this.#waiting.set(variable, assignments);
    if (!this.#isSending) void this.#sendAll();
  }

  async #sendAll(): Promise<void> {
    this.#isSending = true;
    for (const [variable, assignments] of this.#waiting) {
      this.#waiting.delete(variable);
      const isSent = await this.#send(assignments);
      if (variable === 'READY') this.#isReadyLost = !isSent;
      if (variable === 'STATUS' && !isSent) this.#status = undefined;
    }
    this.#isSending = false;
  }

  /** Resolves with whether it was sent. */
  async #send(assignments: readonly string[]): Promise<boolean> {
    const { send, logger } = this.#options;
    try {
      await send(assignments);
      this.#hasFailed = false;
      return true;
    } catch (error) {
      if (!this.#hasFailed) {
        logger.warn(
          {
            error: errorText(error),
            remedy: 'The command systemd-notify must be in PATH, and the unit needs NotifyAccess=all.',
          },
          'systemd cannot be told how the service is',
        );
      }
      this.#hasFailed = true;
      return false;
    }
  }
}
