import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** How many notifications a state directory keeps for an AgentX master that has not taken them yet. */
export async function heldNotifications(stateDirectory: string): Promise<number> {
  const lines = (await readFile(join(stateDirectory, 'events.jsonl'), 'utf8')).split('\n');
  const count = (key: string): number => lines.filter((line) => line.startsWith(`{"${key}"`)).length;
  return count('held') - count('released');
}
