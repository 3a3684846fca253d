import { agentx } from './sections/agentx.ts';
import { collect } from './sections/collect.ts';
import { domainLabels } from './sections/domain-labels.ts';
import { events } from './sections/events.ts';
import { http } from './sections/http.ts';
import { hypervisors } from './sections/hypervisors.ts';
import { influxdb } from './sections/influxdb.ts';
import { intervals } from './sections/intervals.ts';
import { labels } from './sections/labels.ts';
import { libvirt } from './sections/libvirt.ts';
import { log } from './sections/log.ts';
import { metrics } from './sections/metrics.ts';
import { mib } from './sections/mib.ts';
import { namespaces } from './sections/namespaces.ts';
import { notifications } from './sections/notifications.ts';
import { otlp } from './sections/otlp.ts';
import { severity } from './sections/severity.ts';
import { state } from './sections/state.ts';
import { statsd } from './sections/statsd.ts';

// To add a setting: a line in the file of its section. To add a section: a file in sections/, and a line here. The type
// of the configuration, the options, the variables, `config`, the example and the reference follow.

/** The sections of the file, in the order of the documentation. */
export const sections = {
  libvirt,
  collect,
  intervals,
  agentx,
  mib,
  state,
  notifications,
  events,
  http,
  metrics,
  statsd,
  influxdb,
  otlp,
  log,
} as const;

/** The tables whose keys are the operator's own, likewise. */
export const freeTables = { hypervisors, severity, labels, namespaces, domainLabels } as const;

export type SectionName = keyof typeof sections;
