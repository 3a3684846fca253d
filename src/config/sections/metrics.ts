import { section, setting } from '../setting.ts';
import { flag, patterns } from '../setting-kinds.ts';

export const metrics = section('What /metrics serves.', {
  exclude: setting(patterns(), [], {
    help: 'Families that are left out (regular expressions on their names, which docs/metrics.md lists).',
  }),
  gzip: setting(flag(), true, { help: 'Compress for clients that accept it.' }),
});
