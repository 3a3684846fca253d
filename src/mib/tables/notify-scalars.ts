import type { ScalarBinding } from '../bind.ts';

/** Control of the notifications of LIBVIRT-EXT-MIB. */
export const notifyScalars: ScalarBinding<'lveNotify'> = {
  group: 'lveNotify',
  scalars: {
    lveNotifyEnable: ({ notify }) => notify.enabled,
    lveNotifyHoldoff: ({ notify }) => notify.holdoffSec,
    lveNotifyMaxRate: ({ notify }) => notify.maxPerMinute,
    lveNotifySent: ({ notify }) => notify.sent,
    lveNotifySuppressed: ({ notify }) => notify.suppressed,
  },
};
