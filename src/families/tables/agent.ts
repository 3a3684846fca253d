import { began, type FamilyGroup, type FamilyTable } from '../family-table.ts';

export const agentFamilies: FamilyGroup<'lveAgent'> = {
  group: 'lveAgent',
  prefix: 'libvirt_',
  families: {
    lveAgentUpTime: began('agent_start_time_seconds', 'The time at which the agent was initialized.'),
    lveConnState: {
      families: [
        { suffix: 'connection_state' },
        {
          suffix: 'up',
          values: { connected: 1, connecting: 0, disconnected: 0, authenticationFailed: 0, notResponding: 0 },
          help: 'Whether the connection to libvirt is established.',
        },
      ],
    },
    lveConnSince: 'connection_state_timestamp_seconds',
    lveConnReconnects: 'connection_reconnects_total',
    lveConnReadOnly: null,
    lveRefreshInterval: 'refresh_interval_seconds',
    lveRefreshLastTime: 'refresh_timestamp_seconds',
    lveRefreshAge: null,
    lveRefreshDuration: 'refresh_duration_seconds',
    lveRefreshCount: 'refreshes_total',
    lveRefreshErrors: 'refresh_errors_total',
    lveRefreshOverruns: 'refresh_overruns_total',
    lveRetentionTime: null,
    lveDomainsActive: 'domains_active',
    lveDomainsInactive: 'domains_inactive',
    lveDomainsGone: 'domains_gone',
    lveDomainsOkay: 'domains_okay',
    lveDomainsWarning: 'domains_warning',
    lveDomainsFailure: 'domains_failure',
    lveDomainsBlocked: 'domains_blocked',
  },
};

export const eventFamilies: FamilyGroup<'lveEvent'> = {
  group: 'lveEvent',
  prefix: 'libvirt_',
  families: {
    lveEventMaxEntries: null,
    lveEventMaxAge: null,
    lveEventEntries: null,
    lveEventOldestSeq: null,
    lveEventNewestSeq: null,
    lveEventsLogged: 'events_logged_total',
    lveEventsPersistent: null,
  },
};

export const notifyFamilies: FamilyGroup<'lveNotify'> = {
  group: 'lveNotify',
  prefix: 'libvirt_notifications_',
  families: {
    lveNotifyEnable: 'enabled',
    lveNotifyHoldoff: null,
    lveNotifyMaxRate: null,
  },
};

export const collectorFamilies: FamilyTable<'lveCollectorTable'> = {
  table: 'lveCollectorTable',
  prefix: 'libvirt_collector_',
  labels: { collector: 'lveCollectorId' },
  families: {
    lveCollectorLastTime: 'success_timestamp_seconds',
    lveCollectorAge: null,
  },
};

export const warningFamilies: FamilyTable<'lveWarningTable'> = {
  table: 'lveWarningTable',
  prefix: 'libvirt_warning_',
  labels: { code: 'lveWarningCode' },
  families: {
    lveWarningCode: null,
  },
};

export const eventRowFamilies: FamilyTable<'lveEventTable'> = {
  table: 'lveEventTable',
  prefix: 'libvirt_event_',
  labels: {},
  rest: null,
  families: {},
};
