import { section, setting } from '../setting.ts';
import { choice, eventNames, flag, fractionalSeconds, integer, wholeSeconds } from '../setting-kinds.ts';

export const notifications = section('Traps and informs; who receives them is configured in snmpd.', {
  enabled: setting(flag(), true, { help: 'Start value of lveNotifyEnable.' }),
  modules: setting(choice(['both', 'VM-MIB', 'LIBVIRT-EXT-MIB']), 'both', {
    help: 'The modules whose notifications are sent. Those of VM-MIB name a virtual machine by octets (vmUUID), those of LIBVIRT-EXT-MIB in words. The switches of the other module start as false.',
  }),
  perVm: setting(flag(), true, { help: 'Start value of vmPerVMNotificationsEnabled.' }),
  bulk: setting(flag(), true, { help: 'Start value of vmBulkNotificationsEnabled.' }),
  bulkWindow: setting(fractionalSeconds(0, 60), 3, {
    help: 'Changes to the same state within this time make one bulk notification.',
  }),
  bulkThreshold: setting(integer(1, 100_000), 5, {
    help: 'With notifications per virtual machine on, a bulk notification needs this many virtual machines.',
  }),
  holdoff: setting(wholeSeconds(0, 86_400), 1, {
    help: 'Minimum time between two notifications that say the same about one entity. A state held off follows later.',
  }),
  maxPerMinute: setting(integer(0, 100_000), 120, {
    help: 'Maximum number of notifications a minute in all; 0 is no limit.',
  }),
  queue: setting(integer(1, 100_000), 1000, {
    help: 'Notifications kept while the master is away; the oldest are dropped, and counted.',
  }),
  events: setting(
    eventNames(),
    // What nothing else tells of and means something to an operator: the rest has notifications of its own.
    [
      'defined',
      'undefined',
      'reboot',
      'watchdog',
      'io-error',
      'io-error-reason',
      'control-error',
      'block-job',
      'block-job-2',
      'disk-change',
      'device-removal-failed',
      'memory-failure',
      'nic-mac-change',
      'vcpu-removed',
      'events-lost',
    ],
    {
      help: 'Events sent as lveDomainEvent, by the names of docs/configuration.md. What has a notification of its own needs no entry.',
    },
  ),
});
