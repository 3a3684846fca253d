import { errorText } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { OnUnreadable } from './block-writer.ts';

/** Logs once per object that its values cannot be read. */
export function unreadableLog(logger: Logger): OnUnreadable {
  const told = new Set<string>();
  return (name, error) => {
    if (told.has(name)) return;
    told.add(name);
    logger.error(
      { object: name, error: errorText(error) },
      'an object cannot be read: this is a fault in the program',
    );
  };
}
