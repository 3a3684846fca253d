import { section, setting } from '../setting.ts';
import { choice } from '../setting-kinds.ts';

export const log = section('Messages on standard error.', {
  level: setting(choice(['trace', 'debug', 'info', 'warn', 'error']), 'info', {
    help: 'Lowest level that is logged.',
    flag: 'log-level',
  }),
  format: setting(choice(['auto', 'json', 'human']), 'auto', {
    help: 'auto is human-readable on a terminal and JSON elsewhere.',
    flag: 'log-format',
  }),
});
