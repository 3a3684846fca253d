import { renderDashboard } from './dashboard.ts';
import { domain } from './domain.ts';
import { fleet } from './fleet.ts';
import { host } from './host.ts';

/** The dashboards as Grafana imports them, by path in the repository. */
export function dashboardFiles(): ReadonlyMap<string, string> {
  return new Map(
    Object.entries({ fleet, host, domain }).map(([name, dashboard]): [string, string] => [
      `contrib/grafana/${name}.json`,
      `${JSON.stringify(renderDashboard(dashboard), null, 2)}\n`,
    ]),
  );
}
