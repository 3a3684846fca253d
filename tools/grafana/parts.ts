import type { Source } from '../prometheus/source.ts';
import type { Steps } from './panel.ts';

/** Seconds over which a rate is taken: Grafana's word, which follows the interval of scraping. */
const window = '[$__rate_interval]';

/** What a counter grows by in a second. */
export const rate = (counter: string): string => `rate(${counter}${window})`;

/** Zero where nothing is found. */
export const orZero = (expr: string): string => `${expr} or vector(0)`;

/** What is right if it is zero. */
export const zeroIsGood = (color: string): Steps => ['green', [1, color]];

/** Shares of what there is. */
export const shares: Steps = ['green', [0.8, 'orange'], [0.95, 'red']];

/** Ages of data in seconds. */
export const ages: Steps = ['green', [60, 'orange'], [120, 'red']];

/** lveDomSeverity. */
export const severities: Steps = ['green', [2, 'orange'], [3, 'red']];

/** uids are in the addresses of dashboards. */
export function uidOf(name: 'fleet' | 'host' | 'domain', source: Source): string {
  return `libvirt-agentx-${source.name === 'metrics' ? '' : `${source.name}-`}${name}`;
}

const chosen = `var-datasource=\${datasource}&\${job:queryparam}`;

/** From a row of a table to the dashboard of its host. */
export function hostLink(source: Source): string {
  return `/d/${uidOf('host', source)}?${chosen}&var-instance=\${__data.fields.instance:percentencode}`;
}

/** From a row of a table to the dashboard of its virtual machine; it may move to another host. */
export function domainLink(source: Source): string {
  return `/d/${uidOf('domain', source)}?${chosen}&var-instance=$__all&var-domain=\${__data.fields.domain:percentencode}`;
}
