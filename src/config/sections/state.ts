import { section, setting } from '../setting.ts';
import { absolutePath } from '../setting-kinds.ts';

export const state = section('What survives a restart.', {
  directory: setting(absolutePath(), '/var/lib/libvirt-agentx', {
    help: 'Where indexes and the event log are kept. Default: $STATE_DIRECTORY, else /var/lib/libvirt-agentx.',
    flag: 'state-dir',
    // systemd.exec(5): several directories are separated by colons.
    standIn: { variable: 'STATE_DIRECTORY', read: (text) => text.split(':', 1)[0] ?? '' },
  }),
});
