import { section, setting } from '../setting.ts';
import { flag, fractionalSeconds, integer, libvirtUri } from '../setting-kinds.ts';

export const libvirt = section('The connection to libvirt, and how gently it is used.', {
  uri: setting(libvirtUri(), 'qemu:///system', {
    help: 'Connection to libvirt. Default: LIBVIRT_DEFAULT_URI, else qemu:///system.',
    flag: 'uri',
    standIn: { variable: 'LIBVIRT_DEFAULT_URI', read: (text) => text },
  }),
  readWrite: setting(flag(), false, {
    help: 'Open one more, read-write connection. Needed for guest agent data (selectors guest, fs_info) only; it is as powerful as root.',
  }),
  callTimeout: setting(fractionalSeconds(0.1, 300), 3, {
    help: 'A call that is not answered within this time is given up, and its domain left alone until it is answered.',
  }),
  batchSize: setting(integer(1, 100, 'domains'), 20, {
    help: 'Domains asked for in one call.',
  }),
  callsInFlight: setting(integer(1, 8, 'calls'), 2, {
    help: 'Statistics calls under way at a time.',
  }),
  maxUnansweredCalls: setting(integer(1, 20, 'calls'), 3, {
    help: 'Workers of the daemon that calls may occupy at a time; with so many calls unanswered, only calls that wait for nothing are made.',
  }),
  controlGrace: setting(fractionalSeconds(0, 60), 1, {
    help: 'A domain whose control interface is busy for longer is asked only for what needs no hypervisor process.',
  }),
});
