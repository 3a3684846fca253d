import { stat } from 'node:fs/promises';
import type { Finding } from './finding.ts';

const readableByOthers = 0o004;

/** A warning for each of these files that every user of this host can read; those that are not there are no matter. */
export async function exposedSecrets(subject: string, paths: readonly string[]): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const path of paths) {
    const mode = await modeOf(path);
    if (mode === undefined || (mode & readableByOthers) === 0) continue;
    findings.push({
      level: 'warn',
      subject,
      text: `everybody on this host can read the secret in ${path}`,
      remedy: `chmod o-r ${path}, and give it to the group of the user this program runs as.`,
    });
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
