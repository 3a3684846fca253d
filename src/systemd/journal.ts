import { fstatSync } from 'node:fs';
import type { LogLevel } from '../log.ts';

/** Priorities of syslog(3), which the journal goes by. */
const priorities: Readonly<Record<LogLevel, number>> = { error: 3, warn: 4, info: 6, debug: 7, trace: 7 };

/** Whether a descriptor leads to the journal ($JOURNAL_STREAM in systemd.exec(5)), where each line may have a priority. */
export function leadsToJournal(fd: number, environment: NodeJS.ProcessEnv = process.env): boolean {
  const stream = environment['JOURNAL_STREAM'];
  if (stream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(fd, { bigint: true });
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

/** Lines with their priority in front (sd-daemon(3)): `journalctl -p warning` then shows warnings. */
export function withPriority(text: string, level: LogLevel): string {
  return text.replaceAll(/^(?=.)/gm, `<${priorities[level]}>`);
}
