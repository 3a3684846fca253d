import type { Config } from '../../src/config/config.ts';
import { section, setting } from '../../src/config/setting.ts';
import { choice, eventNames, integer, selectors, wholeSeconds } from '../../src/config/setting-kinds.ts';

// What the compiler has to refuse about settings: names and values in a second spelling.

export function reads(config: Config): unknown {
  return [
    config.notifications.maxPerMinute satisfies number,
    config.agentx.address.kind satisfies 'unix' | 'tcp',
    config.collect.affinity satisfies 'dense' | 'compact' | 'off',
    // @ts-expect-error -- the name of the file is not that of the program
    config.notifications.max_per_minute,
    // @ts-expect-error -- no such section
    config.notify,
    // @ts-expect-error -- no such word
    config.log.format === 'text',
  ];
}

export const declared = section('A section.', {
  good: setting(wholeSeconds(1, 10), '5s', { help: 'A setting.' }),
  // @ts-expect-error -- the default is no number
  number: setting(integer(1, 10), 'five', { help: 'A setting.' }),
  // @ts-expect-error -- the default is none of the words
  word: setting(choice(['on', 'off']), 'none', { help: 'A setting.' }),
  // @ts-expect-error -- events are called as the documentation calls them
  event: setting(eventNames(), ['ioError'], { help: 'A setting.' }),
  events: setting(eventNames(), ['io-error', 'block-job-2'], { help: 'A setting.' }),
  // @ts-expect-error -- no such selector
  selector: setting(selectors(), ['default', '-perv'], { help: 'A setting.' }),
  // @ts-expect-error -- a setting needs its help
  silent: setting(integer(1, 10), 5, {}),
});
