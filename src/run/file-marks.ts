import { stat } from 'node:fs/promises';
import type { Clock } from './clock.ts';

/** Marks of files that change when the files do, without reading them. */
export async function fileMarks(paths: readonly string[]): Promise<string> {
  const marks: string[] = [];
  for (const path of paths) {
    try {
      const { ino, size, mtimeMs, ctimeMs } = await stat(path);
      marks.push(`${ino} ${size} ${mtimeMs} ${ctimeMs}`);
    } catch {
      marks.push('none');
    }
  }
  return marks.join('\n');
}

/** Resolves when the marks of the files are others than these; rejects with the signal's reason if it aborts. */
export async function untilFilesChange(
  paths: readonly string[],
  marks: string,
  clock: Pick<Clock, 'sleep'>,
  signal: AbortSignal,
  everyMs = 5000,
): Promise<void> {
  do await clock.sleep(everyMs, signal);
  while ((await fileMarks(paths)) === marks);
}
