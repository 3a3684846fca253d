import type { Finding } from '../check/finding.ts';
import { exitCodes } from './exit-codes.ts';
import { configFrom } from './options.ts';

/** Looks for what stands in the way of the agent and prints a line for each finding. */
export async function check(options: Readonly<Record<string, unknown>>): Promise<number> {
  const { file } = await configFrom(options);
  const finding: Finding = { level: 'ok', subject: 'configuration', text: file ?? 'no file, defaults' };
  process.stdout.write(`${finding.level} ${finding.subject}: ${finding.text}\n`);
  return exitCodes.ok;
}
