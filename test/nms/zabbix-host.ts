import { readFileSync } from 'node:fs';
import { repositoryPath } from '../lab/mib-path.ts';
import type { ZabbixServer } from './zabbix-server.ts';

/** An item as Zabbix has it. */
export interface ItemState {
  readonly key: string;
  readonly unsupported: string | undefined;
  /** undefined: no value has arrived. */
  readonly lastValue: string | undefined;
}

const imported = { createMissing: true, updateExisting: true };

/** Imports a file of contrib/zabbix. */
export async function importTemplates(zabbix: ZabbixServer, file: string): Promise<void> {
  const groups =
    zabbix.release === '6.0' ? { groups: imported } : { template_groups: imported, host_groups: imported };
  await zabbix.call('configuration.import', {
    format: 'yaml',
    source: readFileSync(`${repositoryPath}/contrib/zabbix/${zabbix.release}/${file}`, 'utf8'),
    rules: {
      ...groups,
      templates: imported,
      items: imported,
      discoveryRules: imported,
      triggers: imported,
      graphs: imported,
      valueMaps: imported,
      templateDashboards: imported,
      templateLinkage: { createMissing: true },
    },
  });
}

/** Makes a host with an SNMP interface on a loopback port, linked to templates by name. Returns its id. */
export async function makeHost(
  zabbix: ZabbixServer,
  name: string,
  snmpPort: number,
  templates: readonly string[],
): Promise<string> {
  const known = await zabbix.call<readonly { templateid: string; host: string }[]>('template.get', {
    output: ['templateid', 'host'],
    filter: { host: templates },
  });
  const [group] = await zabbix.call<readonly { groupid: string }[]>('hostgroup.get', {
    output: ['groupid'],
    filter: { name: 'Virtual machines' },
  });
  const details = { version: 2, bulk: 1, community: 'public' };
  const made = await zabbix.call<{ readonly hostids: readonly string[] }>('host.create', {
    host: name,
    interfaces: [
      {
        type: 2,
        main: 1,
        useip: 1,
        ip: '127.0.0.1',
        dns: '',
        port: String(snmpPort),
        details: zabbix.release === '6.0' ? details : { ...details, max_repetitions: 50 },
      },
    ],
    groups: [{ groupid: group?.groupid }],
    templates: known.map(({ templateid }) => ({ templateid })),
  });
  zabbix.reload();
  return made.hostids[0] ?? '';
}

/** Has Zabbix read all items and discovery rules of some hosts as soon as it can. */
export async function checkNow(zabbix: ZabbixServer, hostIds: readonly string[]): Promise<void> {
  const query = { hostids: hostIds, output: ['itemid', 'type'] };
  const items = await zabbix.call<readonly { itemid: string; type: string }[]>('item.get', query);
  const rules = await zabbix.call<readonly { itemid: string; type: string }[]>('discoveryrule.get', query);
  const snmpAgent = '20';
  const asked = [...items, ...rules].filter((item) => item.type === snmpAgent);
  if (asked.length === 0) return;
  await zabbix.call(
    'task.create',
    asked.map(({ itemid }) => ({ type: 6, request: { itemid } })),
  );
}

/** The items that some hosts have, those without history left out. */
export async function itemStates(
  zabbix: ZabbixServer,
  hostIds: readonly string[],
): Promise<readonly ItemState[]> {
  const items = await zabbix.call<
    readonly {
      readonly key_: string;
      readonly state: string;
      readonly error: string;
      readonly lastclock: string;
      readonly lastvalue: string;
      readonly history: string;
    }[]
  >('item.get', {
    hostids: hostIds,
    output: ['key_', 'state', 'error', 'lastclock', 'lastvalue', 'history'],
  });
  return items
    .filter((item) => item.history !== '0')
    .map((item) => ({
      key: item.key_,
      unsupported: item.state === '1' ? item.error : undefined,
      lastValue: item.lastclock === '0' ? undefined : item.lastvalue,
    }));
}

/** The names of the problems that are open on some hosts. */
export async function openProblems(
  zabbix: ZabbixServer,
  hostIds: readonly string[],
): Promise<readonly string[]> {
  const problems = await zabbix.call<readonly { readonly name: string }[]>('problem.get', {
    hostids: hostIds,
    output: ['name'],
  });
  return problems.map(({ name }) => name).sort();
}

/** The ids of the hosts that a discovery rule has made. */
export async function discoveredHosts(
  zabbix: ZabbixServer,
): Promise<readonly { readonly id: string; readonly name: string }[]> {
  const hosts = await zabbix.call<readonly { hostid: string; name: string; flags: string }[]>('host.get', {
    output: ['hostid', 'name', 'flags'],
  });
  const discovered = '4';
  return hosts.filter(({ flags }) => flags === discovered).map(({ hostid, name }) => ({ id: hostid, name }));
}
