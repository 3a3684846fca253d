import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { measuredNiceness, preferSession } from './process-cost.ts';

export interface WalkOptions {
  readonly address: string;
  readonly oids: readonly string[];
  /** Output, one variable binding after another. */
  readonly outputPath: string;
  readonly cpu: number;
}

/** One `snmpbulkwalk -Cr25` per OID, one after the other; resolves with the wall time in milliseconds. */
export async function bulkwalk(options: WalkOptions): Promise<number> {
  const file = await open(options.outputPath, 'w');
  const startedMs = performance.now();
  try {
    for (const oid of options.oids) {
      const child = spawn(
        'nice',
        [
          '-n',
          String(measuredNiceness),
          'taskset',
          '-c',
          String(options.cpu),
          'snmpbulkwalk',
          '-v2c',
          '-c',
          'public',
          '-m',
          '',
          '-Onqe',
          '-Cr25',
          '-t',
          '20',
          '-r',
          '0',
          options.address,
          oid,
        ],
        {
          stdio: ['ignore', file.fd, 'ignore'],
          // In a session of its own, as the others that are measured: the scheduler shares out by session first.
          detached: true,
          env: { ...process.env, MIBS: '', SNMPCONFPATH: '/nonexistent' },
        },
      );
      const ended = once(child, 'close');
      if (child.pid !== undefined) await preferSession(child.pid);
      const [code] = (await ended) as [number | null];
      if (code !== 0) throw new Error(`snmpbulkwalk of ${oid} ended with ${code}`);
    }
    return performance.now() - startedMs;
  } finally {
    await file.close();
  }
}

/** The bindings of an output as `name value` lines; a value that spans lines is one. */
export async function readBindings(path: string): Promise<readonly string[]> {
  const text = await readFile(path, 'utf8');
  return text.split(/\n(?=\.1\.)/).filter((line) => line.startsWith('.1.') && !line.includes('No Such'));
}

/** Counts bindings that are missing, too many, out of place or different, leaving out columns that move. */
export function countFaults(
  answer: readonly string[],
  reference: readonly string[],
  moving: ReadonlySet<string>,
): number {
  let faults = Math.abs(answer.length - reference.length);
  for (const [i, line] of answer.entries()) {
    const expected = reference[i];
    if (expected === undefined || line === expected) continue;
    if (nameOf(line) !== nameOf(expected) || !moving.has(columnOf(line))) faults += 1;
  }
  return faults;
}

/** Columns whose values differ between two answers to the same walk: ages and times. */
export function movingColumns(a: readonly string[], b: readonly string[]): ReadonlySet<string> {
  const moving = new Set<string>();
  for (const [i, line] of a.entries()) if (line !== b[i]) moving.add(columnOf(line));
  return moving;
}

function nameOf(line: string): string {
  return line.slice(0, line.indexOf(' '));
}

/** The name without its last sub-identifier. */
function columnOf(line: string): string {
  const name = nameOf(line);
  return name.slice(0, name.lastIndexOf('.'));
}
