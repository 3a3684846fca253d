import { familySets } from '../../families/set-names.ts';
import { section, setting } from '../setting.ts';
import { choices, flag, patterns } from '../setting-kinds.ts';

export const metrics = section('What /metrics serves.', {
  sets: setting(choices(familySets), ['libvirt'], {
    help: 'Names that are served: "libvirt" are our own, the others are those of other exporters, for dashboards and alerts that use them (docs/metrics.md).',
  }),
  exclude: setting(patterns(), [], {
    help: 'Families that are left out (regular expressions on their names, which docs/metrics.md lists).',
  }),
  gzip: setting(flag(), true, { help: 'Compress for clients that accept it.' }),
});
