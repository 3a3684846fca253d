import { readClientConfig } from '../../libvirt/client-config.ts';
import type { SaslSettings } from '../../libvirt/sasl/credentials.ts';
import { mechanismNames } from '../../libvirt/sasl/mechanism-names.ts';
import { section, setting, type ValuesOf } from '../setting.ts';
import {
  choices,
  flag,
  fractionalSeconds,
  integer,
  libvirtUri,
  line,
  optionalPath,
} from '../setting-kinds.ts';

export const libvirt = section('The connection to libvirt, and how gently it is used.', {
  uri: setting(libvirtUri(), 'qemu:///system', {
    help: 'Connection to libvirt, or an alias of one in libvirt.conf. Default: LIBVIRT_DEFAULT_URI, uri_default of libvirt.conf, qemu:///system.',
    flag: 'uri',
    standIn: { variable: 'LIBVIRT_DEFAULT_URI', read: (text) => text },
    elsewhere: (env) => {
      const { path, uriDefault } = readClientConfig({ env });
      return uriDefault === undefined ? undefined : { path, text: uriDefault };
    },
  }),
  saslUser: setting(line(255), '', {
    help: 'User for a daemon that authenticates with SASL. Default: the user of the URI, else that of auth.conf of libvirt.',
  }),
  saslPasswordFile: setting(optionalPath(), '', {
    help: 'File whose first line is the password of that user. Default: the password of auth.conf of libvirt.',
  }),
  saslMechanisms: setting(choices(mechanismNames), mechanismNames, {
    help: 'Mechanisms of SASL that may be used; the strongest that the daemon offers is taken.',
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
    help: 'Statistics calls under way at a time. More than four, or more than max_unanswered_calls, has no effect.',
  }),
  maxUnansweredCalls: setting(integer(1, 20, 'calls'), 3, {
    help: 'Workers of the daemon that calls may occupy at a time; with so many calls unanswered, only calls that wait for nothing are made.',
  }),
  maxEventRate: setting(integer(1, 100_000, 'events'), 500, {
    help: 'Events of one hypervisor that are handled a second in the long run, and twenty times as many at once. What comes beyond is dropped, counted and reported in lveWarningTable; the next refresh shows what it led to.',
  }),
  controlGrace: setting(fractionalSeconds(0, 60), 1, {
    help: 'A domain whose control interface is busy for longer is asked only for what needs no hypervisor process.',
  }),
});

/** What these settings say about authentication with SASL. */
export function saslSettings({
  saslUser,
  saslPasswordFile,
  saslMechanisms,
}: ValuesOf<typeof libvirt>): SaslSettings {
  return { user: saslUser, passwordFile: saslPasswordFile, mechanisms: saslMechanisms };
}
