import { Daemon } from '../daemon.ts';
import { errorText } from '../errors.ts';
import type { Logger } from '../log.ts';
import { exitCodes } from './exit-codes.ts';
import { makeLogger } from './logger.ts';
import { configFrom } from './options.ts';
import { programVersion } from './version.ts';

/** A shutdown that takes longer than this many milliseconds is cut short. */
const stopDeadlineMs = 5000;

/** Runs the agent until it is told to stop. Resolves with the exit code. */
export async function run(options: Readonly<Record<string, unknown>>): Promise<number> {
  const { config, file } = await configFrom(options);
  const logger = makeLogger(config.log, process.stderr.isTTY);
  logger.info({ file: file ?? 'none' }, 'configuration read');
  const daemon = new Daemon({ config, logger, version: programVersion() });
  process.on('SIGHUP', () => void reload(daemon, options, logger));
  const stopped = untilToldToStop(logger);
  await daemon.start();
  await stopped;
  const deadline = new Promise<'late'>((resolve) => {
    setTimeout(() => resolve('late'), stopDeadlineMs).unref();
  });
  if ((await Promise.race([daemon.stop(), deadline])) === 'late') {
    logger.warn({}, 'shutdown took too long and was cut short');
    return exitCodes.bug;
  }
  logger.info({}, 'stopped');
  return exitCodes.ok;
}

/** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
function untilToldToStop(logger: Logger): Promise<void> {
  return new Promise((resolve) => {
    let told = false;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (told) process.exit(signal === 'SIGINT' ? 130 : 143);
      told = true;
      logger.info({ signal }, 'stopping');
      resolve();
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
  });
}

/** An invalid new configuration changes nothing. */
async function reload(
  daemon: Daemon,
  options: Readonly<Record<string, unknown>>,
  logger: Logger,
): Promise<void> {
  try {
    const { config } = await configFrom(options);
    await daemon.reload(config);
  } catch (error) {
    logger.error(
      { error: errorText(error) },
      'the new configuration is not usable; the old one stays in force',
    );
  }
}
