import { stat } from 'node:fs/promises';
import { type Finding, foundProblem } from './finding.ts';

const readableByOthers = 0o004;

/** A warning for each of these files that every user of this host can read; those that are not there are no matter. */
export async function exposedSecrets(subject: string, paths: readonly string[]): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const path of paths) {
    const mode = await modeOf(path);
    if (mode === undefined || (mode & readableByOthers) === 0) continue;
    const text = `everybody on this host can read the secret in ${path}`;
    findings.push(foundProblem(subject, text, 'secret-open', { path }));
  }
  return findings;
}

async function modeOf(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.mode : undefined;
  } catch {
    return undefined;
  }
}
