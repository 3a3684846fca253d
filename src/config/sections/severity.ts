import { z } from 'zod';
import { isStateSeverityKey, type SeverityOverrides } from '../../domain-state/severity.ts';
import { stateKeys } from '../../domain-state/state-text.ts';
import { isEventSeverityKey } from '../../events/event-severity.ts';
import { eventKindByName } from '../event-names.ts';
import type { FreeTable } from '../setting.ts';
import { didYouMean } from '../suggest.ts';

const word = z.enum(['okay', 'warning', 'failure']);

/** Event kinds may be written as the documentation names them: `event:io-error` is `event:ioError`. */
function overrideKey(key: string): string {
  const [, name, detail = ''] = /^event:([^/]*)(\/.*)?$/.exec(key) ?? [];
  return name === undefined ? key : `event:${eventKindByName.get(name) ?? name}${detail}`;
}

const table = z
  .record(z.string(), z.unknown(), { error: 'must be a table: [severity]' })
  .transform((given, context): SeverityOverrides => {
    const known = [
      ...stateKeys(),
      'control/error',
      ...[...eventKindByName.keys()].map((name) => `event:${name}`),
    ];
    const overrides: Record<string, z.output<typeof word>> = {};
    for (const [name, value] of Object.entries(given)) {
      const key = overrideKey(name);
      const severity = word.safeParse(value);
      if (!isStateSeverityKey(key) && !isEventSeverityKey(key)) {
        const message = `is no state ("paused"), state with reason ("paused/ioerror") or event ("event:watchdog")${didYouMean(name, known)}`;
        context.addIssue({ code: 'custom', path: [name], message });
      } else if (!severity.success) {
        const message = `must be "okay", "warning" or "failure", not ${JSON.stringify(value)}`;
        context.addIssue({ code: 'custom', path: [name], message });
      } else {
        overrides[key] = severity.data;
      }
    }
    return overrides;
  });

export const severity: FreeTable<SeverityOverrides> = {
  schema: table.prefault({}),
  help: 'Severity of states and events, where the built-in one does not suit. Keys are a state (paused), a state with its reason ("paused/user"), "control/error", or "event:NAME"; values okay, warning or failure.',
  example: '[severity]\n"paused/user" = "okay"\n"event:watchdog" = "failure"',
};
