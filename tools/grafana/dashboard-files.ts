import { sources } from '../prometheus/source.ts';
import { renderDashboard } from './dashboard.ts';
import { domain } from './domain.ts';
import { fleet } from './fleet.ts';
import { host } from './host.ts';

/** The dashboards as Grafana imports them, by path in the repository: each for /metrics and for snmp_exporter. */
export function dashboardFiles(): ReadonlyMap<string, string> {
  return new Map(
    sources.flatMap((source) =>
      Object.entries({ fleet, host, domain }).map(([name, dashboard]): [string, string] => [
        `contrib/grafana/${source.name === 'metrics' ? name : `${name}-${source.name}`}.json`,
        `${JSON.stringify(renderDashboard(dashboard(source)), null, 2)}\n`,
      ]),
    ),
  );
}
