import type { Config } from '../config/config.ts';
import { keptDefinitions } from '../config/kept-definitions.ts';
import type { FacesOptions } from './faces-options.ts';

/** What the configuration asks of the faces beside SNMP. */
export function facesOptions(config: Config, version: string): FacesOptions {
  const { http, metrics, domainLabels, labels, statsd, influxdb, otlp } = config;
  return {
    version,
    http: { ...http, specs: keptDefinitions(config).forHttp },
    statsd,
    influxdb,
    otlp,
    metrics: { ...metrics, domainLabels, labelRules: labels.map(({ name }) => name) },
  };
}
