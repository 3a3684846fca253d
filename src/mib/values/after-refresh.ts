import type { Snapshot } from '../../model/snapshot.ts';

/** Nothing before the domains were looked at: none in failure would end an alarm that stands. */
export function afterRefresh<Value>(
  read: (snapshot: Snapshot) => Value,
): (snapshot: Snapshot) => Value | undefined {
  return (snapshot) => (snapshot.agent.refreshCount === 0 ? undefined : read(snapshot));
}
