import type { Config } from './config/config.ts';
import type { NotifyOptions } from './notify/notify-options.ts';

/** How notifications are chosen and throttled under a configuration. */
export function notifyOptions(config: Config): NotifyOptions {
  const { agentx, mib, notifications, severity } = config;
  const { modules } = notifications;
  return {
    // Without a master nobody would ever take them.
    enabled: notifications.enabled && modules !== 'VM-MIB' && agentx.enabled,
    vmMib: mib.vmMib && agentx.enabled,
    libvirtMib: mib.libvirtMib && agentx.enabled,
    perVm: notifications.perVm && modules !== 'LIBVIRT-EXT-MIB',
    bulk: notifications.bulk && modules !== 'LIBVIRT-EXT-MIB',
    standby: agentx.standby,
    bulkWindowMs: notifications.bulkWindow * 1000,
    bulkThreshold: notifications.bulkThreshold,
    holdoffSec: notifications.holdoff,
    maxPerMinute: notifications.maxPerMinute,
    queueLimit: notifications.queue,
    events: notifications.events,
    overrides: severity,
  };
}
