import { section, setting } from '../setting.ts';
import { wholeSeconds } from '../setting-kinds.ts';

export const intervals = section(
  'Sources that are read less often than at every refresh. One that is due is read with the next refresh.',
  {
    inventory: setting(wholeSeconds(5, 86_400), 60, {
      help: 'How often definitions are read again where no event announced a change, and how often statistics are asked for that a domain had nothing in (IOThreads, dirty rate).',
    }),
    pinning: setting(wholeSeconds(1, 86_400), 30, { help: 'vCPU, emulator and IOThread pinning.' }),
    diskErrors: setting(wholeSeconds(1, 86_400), 10, { help: 'Disks in error.' }),
    jobs: setting(wholeSeconds(1, 86_400), 10, { help: 'Job statistics and block jobs.' }),
    guestAgent: setting(wholeSeconds(5, 86_400), 60, { help: 'Guest agent data.' }),
    snapshots: setting(wholeSeconds(5, 86_400), 300, { help: 'Snapshots, checkpoints, messages.' }),
    tuning: setting(wholeSeconds(5, 86_400), 60, {
      help: 'Limits of disks and interfaces, scheduler parameters.',
    }),
    pools: setting(wholeSeconds(5, 86_400), 60, { help: 'Storage pools.' }),
    networks: setting(wholeSeconds(5, 86_400), 60, { help: 'Virtual networks.' }),
    host: setting(wholeSeconds(5, 86_400), 60, {
      help: 'Names, versions and topology of the host, NUMA cells, huge pages, KSM.',
    }),
  },
);
