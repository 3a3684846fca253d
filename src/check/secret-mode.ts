import { stat } from 'node:fs/promises';
import { type Finding, foundProblem } from './finding.ts';

/** Rights of files of secrets that others have none of. */
const secretMask = 0o007;

/** Warns of a file of secrets that is open to everybody; undefined if all is well, or if there is no such file. */
export async function secretModeFinding(subject: string, path: string): Promise<Finding | undefined> {
  const found = path === '' ? undefined : await stat(path).catch(() => undefined);
  if (found?.isFile() !== true || (found.mode & secretMask) === 0) return undefined;
  const mode = (found.mode & 0o7777).toString(8).padStart(4, '0');
  return foundProblem(subject, `${path} is open to everybody on this host (mode ${mode})`, 'secret-open', {
    path,
  });
}
