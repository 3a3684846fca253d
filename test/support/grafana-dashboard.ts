import { readdirSync, readFileSync } from 'node:fs';
import { repositoryPath } from '../lab/mib-path.ts';

/** What tests look at of a dashboard in contrib/grafana/. */
export interface GrafanaDashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly GrafanaPanel[];
  readonly templating: { readonly list: readonly GrafanaVariable[] };
}

export interface GrafanaPanel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  /** Rows have none. */
  readonly targets?: readonly {
    readonly refId: string;
    readonly expr: string;
    readonly legendFormat: string;
  }[];
}

export interface GrafanaVariable {
  readonly name: string;
  readonly type: string;
  readonly multi?: boolean;
  readonly definition?: string;
}

/** The dashboards as they are shipped, by their paths in the repository. */
export function shippedDashboards(): readonly (readonly [path: string, GrafanaDashboard])[] {
  return readdirSync(`${repositoryPath}/contrib/grafana`)
    .filter((name) => name.endsWith('.json'))
    .map((name): readonly [string, GrafanaDashboard] => {
      const path = `contrib/grafana/${name}`;
      return [path, JSON.parse(readFileSync(`${repositoryPath}/${path}`, 'utf8')) as GrafanaDashboard];
    });
}

/**
 * An expression with values for its variables, as Grafana's data source for Prometheus puts them in: for a variable that may
 * have several values a regular expression, for others the text within quotes (github.com/grafana/grafana,
 * interpolateQueryExpr).
 */
export function withVariables(
  expr: string,
  variables: readonly GrafanaVariable[],
  values: Readonly<Record<string, string>>,
): string {
  return expr.replaceAll(/\$(?:\{(\w+)\}|(\w+))/g, (written, braced?: string, bare?: string) => {
    const name = braced ?? bare ?? '';
    const value = values[name];
    if (value === undefined) throw new Error(`${written} has no value`);
    const variable = variables.find((one) => one.name === name);
    if (variable === undefined) return value;
    const text = variable.multi ? value.replaceAll(/[$^*{}[\]+?.()|\\]/g, '\\$&') : value;
    return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
  });
}
