import type { ZabbixServer } from './zabbix-server.ts';

/** What became of a trigger of a template. */
export interface LedgerLine {
  readonly template: string;
  readonly trigger: string;
  /** Names of the events that opened a problem. */
  readonly fired: readonly string[];
  /** Names of those that were over again. */
  readonly recovered: readonly string[];
}

interface Declared {
  readonly triggerid: string;
  readonly description: string;
}

interface Happened {
  readonly name: string;
  readonly objectid: string;
  readonly r_eventid: string;
}

/**
 * What every trigger and trigger prototype of a template has done on some hosts since they were made, from the events
 * that Zabbix has kept.
 */
export async function ledgerOf(
  zabbix: ZabbixServer,
  template: string,
  hostIds: readonly string[],
): Promise<readonly LedgerLine[]> {
  const [{ templateid } = { templateid: '' }] = await zabbix.call<readonly { templateid: string }[]>(
    'template.get',
    { output: ['templateid'], filter: { host: [template] } },
  );
  const query = { templateids: [templateid], output: ['triggerid', 'description'] };
  const declared = [
    ...(await zabbix.call<readonly Declared[]>('trigger.get', query)),
    ...(await zabbix.call<readonly Declared[]>('triggerprototype.get', {
      output: query.output,
      templateids: [templateid],
    })),
  ];
  const ofHosts = await zabbix.call<readonly Declared[]>('trigger.get', {
    hostids: hostIds,
    output: ['triggerid', 'description'],
    expandDescription: true,
  });
  const names = new Map(ofHosts.map(({ triggerid, description }) => [triggerid, description]));
  const problems = await zabbix.call<readonly Happened[]>('event.get', {
    source: 0,
    object: 0,
    value: 1,
    hostids: hostIds,
    output: ['name', 'objectid', 'r_eventid'],
  });
  return declared
    .map(({ description }) => {
      const mine = problems.filter(({ objectid }) => isNamed(description, names.get(objectid) ?? ''));
      return {
        template,
        trigger: description,
        fired: unique(mine.map(({ name }) => name)),
        recovered: unique(mine.filter(({ r_eventid }) => r_eventid !== '0').map(({ name }) => name)),
      };
    })
    .sort((a, b) => (a.trigger < b.trigger ? -1 : 1));
}

/** What has not yet been seen of some triggers, in words. */
export function missingOf(lines: readonly LedgerLine[]): readonly string[] {
  return lines.flatMap(({ template, trigger, fired, recovered }) =>
    fired.length === 0
      ? [`${template}: ${trigger}: has not fired`]
      : recovered.length === 0
        ? [`${template}: ${trigger}: has not recovered`]
        : [],
  );
}

/** Macros of a row stand for anything. */
function isNamed(declared: string, name: string): boolean {
  const parts = declared.split(/\{#[A-Z.]+\}/).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(name);
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)].sort();
}
