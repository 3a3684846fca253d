import type { AnyLabelSources } from '../families/label-set.ts';
import type { FamilySet } from '../families/set-names.ts';
import type { InfluxOptions } from '../push/influx-push.ts';
import type { OtlpOptions } from '../push/otlp-push.ts';
import type { StatsdOptions } from '../push/statsd-push.ts';
import type { HttpOptions } from '../web/http-options.ts';

/** What the faces beside SNMP are to do: plain data, which is handed to their thread. */
export interface FacesOptions {
  readonly version: string;
  readonly http: HttpOptions;
  readonly statsd: StatsdOptions;
  readonly influxdb: InfluxOptions;
  readonly otlp: OtlpOptions;
  readonly metrics: MetricsOptions;
}

/** What /metrics serves. */
export interface MetricsOptions {
  readonly sets: readonly FamilySet[];
  /** Families whose name matches one of these are left out. */
  readonly exclude: readonly RegExp[];
  readonly gzip: boolean;
  /** Labels for every series of a domain. */
  readonly domainLabels: AnyLabelSources;
  /** Names of the configured rules for labels. */
  readonly labelRules: readonly string[];
}

/** Whether there is anything to do. */
export function hasFaces({ http, statsd, influxdb, otlp }: FacesOptions): boolean {
  return http.address !== undefined || statsd.host !== '' || influxdb.url !== '' || otlp.url !== '';
}
