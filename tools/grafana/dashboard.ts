import type { Select } from '../prometheus/source.ts';
import { type Panel, renderPanel } from './panel.ts';

/** A choice at the top of a dashboard. */
export interface Variable {
  readonly name: string;
  readonly label: string;
  /** Several at a time, and all. */
  readonly isMultiple: boolean;
  /** The expression whose label of the same name has the values. */
  readonly expr: string;
}

export interface Section {
  readonly title: string;
  readonly panels: readonly Panel[];
}

export interface Dashboard {
  /** In the address: never changes, so that an import of a later version takes the place of what is there. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  /** What all dashboards of a source have, and by which they find each other. */
  readonly tag: string;
  readonly variables: readonly Variable[];
  readonly sections: readonly Section[];
}

const columns = 24;

/** The selector of a variable; a single one is compared as it is, because Grafana escapes it for that. */
export function matcherOf({ name, isMultiple }: Variable): string {
  return `${name}${isMultiple ? '=~' : '='}"$${name}"`;
}

/** Writes a family's name with the selectors of the variables, and more if wanted. */
export function selecting(variables: readonly Variable[]): Select {
  const matchers = variables.map(matcherOf);
  return (family, more) => `${family}{${[...matchers, ...(more === undefined ? [] : [more])].join(',')}}`;
}

/** A dashboard as Grafana 10 and later imports it. */
export function renderDashboard({ uid, title, description, tag, variables, sections }: Dashboard): object {
  return {
    id: null,
    uid,
    title,
    description,
    tags: [tag],
    schemaVersion: 39,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    timezone: 'browser',
    annotations: { list: [] },
    links: [
      {
        type: 'dashboards',
        title: 'libvirt',
        tags: [tag],
        includeVars: true,
        keepTime: true,
        asDropdown: true,
      },
    ],
    templating: { list: [datasource, ...variables.map(renderVariable)] },
    panels: layOut(sections),
  };
}

const datasource = { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' };

function renderVariable({ name, label, isMultiple, expr }: Variable): object {
  const query = `label_values(${expr}, ${name})`;
  return {
    name,
    label,
    type: 'query',
    datasource: { type: 'prometheus', uid: `\${datasource}` },
    definition: query,
    query: { query, refId: name },
    // When the range of time changes: machines come and go.
    refresh: 2,
    sort: 1,
    multi: isMultiple,
    includeAll: isMultiple,
    ...(isMultiple ? { current: { text: ['All'], value: ['$__all'] } } : {}),
  };
}

/** From left to right, and below when a row is full. */
function layOut(sections: readonly Section[]): readonly object[] {
  const placed: object[] = [];
  let y = 0;
  for (const { title, panels } of sections) {
    const gridPos = { h: 1, w: columns, x: 0, y };
    placed.push({ id: placed.length + 1, type: 'row', title, collapsed: false, gridPos, panels: [] });
    y += 1;
    let x = 0;
    let height = 0;
    for (const panel of panels) {
      if (x + panel.width > columns) {
        y += height;
        x = 0;
        height = 0;
      }
      placed.push(renderPanel(panel, placed.length + 1, x, y));
      x += panel.width;
      height = Math.max(height, panel.height);
    }
    y += height;
  }
  return placed;
}
