import { ConfigError, issueText } from '../config/config-error.ts';
import { Daemon, NothingRunsError, remedyOf } from '../daemon.ts';
import { errorText, isOutOfFiles, openFilesRemedy } from '../errors.ts';
import type { Logger } from '../log.ts';
import { late, within } from '../run/deadline.ts';
import { agentProcessName, nameThread } from '../run/thread-name.ts';
import { StateDirectoryError } from '../state/state-directory-error.ts';
import { leadsToJournal } from '../systemd/journal.ts';
import { takeServiceEnvironment } from '../systemd/service-environment.ts';
import { ServiceManager } from '../systemd/service-manager.ts';
import { sendBySystemdNotify } from '../systemd/systemd-notify.ts';
import { endAtOnce } from './end-at-once.ts';
import { exitCodeOf, exitCodes } from './exit-codes.ts';
import { onHangUp } from './hang-up.ts';
import { keepHeapSmall } from './heap.ts';
import { type AdjustableLogger, makeLogger } from './logger.ts';
import { configFrom } from './options.ts';
import { programVersion } from './version.ts';

/** A shutdown that takes longer than this many milliseconds is cut short. */
const stopDeadlineMs = 5000;

/** Runs the agent until it is told to stop. Resolves with the exit code. */
export async function run(options: Readonly<Record<string, unknown>>): Promise<number> {
  const { config, file } = await configFrom(options);
  const logger = await makeLogger(config.log, {
    terminal: process.stderr.isTTY,
    journal: leadsToJournal(process.stderr.fd),
  });
  endOnDefects(logger);
  keepHeapSmall();
  // By this name `check` finds it, and `top` shows it.
  nameThread(agentProcessName);
  const daemon = new Daemon({ config, logger, version: programVersion() });
  const manager = managerOf(daemon, logger);
  const stopped = untilToldToStop(logger).finally(() => manager?.stopping());
  onHangUp(async () => {
    manager?.reloading();
    await reload(daemon, options, logger);
    manager?.ready();
  });
  // Who reads this may send signals from now on.
  logger.info({ file: file ?? 'none' }, 'configuration read');
  try {
    // Told to stop, it does not wait for a start that hangs.
    await Promise.race([daemon.start(), stopped]);
    manager?.ready();
  } catch (error) {
    if (!isSilent(error)) throw error;
    logger.error({ remedy: error.remedy }, error.message);
    endAtOnce(exitCodes.unavailable);
  }
  await stopped;
  if ((await within(stopDeadlineMs, daemon.stop())) === late) {
    logger.warn({ deadlineMs: stopDeadlineMs }, 'shutdown took too long and was cut short');
    endAtOnce(exitCodes.bug);
  }
  logger.info({}, 'stopped');
  if (daemon.waitsForFiles) endAtOnce(exitCodes.ok);
  return exitCodes.ok;
}

/** A file system may answer at the next attempt: who watches over the agent should make one. */
function isSilent(error: unknown): error is StateDirectoryError {
  return error instanceof StateDirectoryError && error.reason === 'silent';
}

/** Undefined where systemd has not started the program. */
function managerOf(daemon: Daemon, logger: Logger): ServiceManager | undefined {
  const environment = takeServiceEnvironment();
  if (environment === undefined) return undefined;
  return new ServiceManager({
    send: sendBySystemdNotify(environment.socket),
    watchdogMs: environment.watchdogMs,
    service: { statusText: () => daemon.statusText(), isAlive: () => daemon.isAlive() },
    logger,
  });
}

/**
 * What no part of the program expected is a defect: it is logged with its stack, and the process ends. That a thread
 * could not open a file of the program is none.
 */
function endOnDefects(logger: Logger): void {
  const end = (error: unknown): void => {
    if (isOutOfFiles(error))
      logger.error(
        { error: errorText(error), remedy: openFilesRemedy },
        'too many open files: the agent ends',
      );
    else logger.error({ err: error }, 'unexpected error: a defect in libvirt-agentx, please report it');
    process.exit(exitCodeOf(error));
  };
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
function untilToldToStop(logger: Logger): Promise<void> {
  return new Promise((resolve) => {
    let told = false;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (told) endAtOnce(signal === 'SIGINT' ? 130 : 143);
      told = true;
      logger.info({ signal }, 'stopping');
      resolve();
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}

/**
 * An invalid new configuration changes nothing; each of its problems is a line in the log. Where neither the new one nor
 * the old one can be put into effect the process ends.
 */
async function reload(
  daemon: Daemon,
  options: Readonly<Record<string, unknown>>,
  logger: AdjustableLogger,
): Promise<void> {
  try {
    const { config, file } = await configFrom(options);
    logger.info({ file: file ?? 'none' }, 'configuration read');
    logger.setLevel(config.log.level);
    await daemon.reload(config);
  } catch (error) {
    if (error instanceof ConfigError) {
      for (const issue of error.issues) logger.error({ key: issue.key }, issueText(issue));
      logger.error(
        { problems: error.issues.length },
        'the new configuration is not valid; the old one stays in force',
      );
      return;
    }
    const remedy = remedyOf(error);
    const isOver = error instanceof NothingRunsError;
    logger.error(
      { error: errorText(error), ...(remedy === undefined ? {} : { remedy }) },
      isOver
        ? 'neither the new configuration nor the old one can be put into effect: the agent ends'
        : 'the new configuration could not be put into effect; the old one stays in force',
    );
    // An agent that collects nothing would look alive to whoever watches over it.
    if (isOver) endAtOnce(isSilent(error.cause) ? exitCodes.unavailable : exitCodes.config);
  }
}
