import { readFileSync } from 'node:fs';
import { repositoryPath } from '../lab/mib-path.ts';
import { waitUntil } from '../lab/wait.ts';
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
  zabbix.analyze();
}

/** A host to be made. */
export interface HostOptions {
  readonly name: string;
  /** Of snmpd on loopback. */
  readonly snmpPort: number;
  /** By name. */
  readonly templates: readonly string[];
  /** Default 127.0.0.1. Traps belong to the hosts whose interface has the address that they come from. */
  readonly address?: string;
  /** How snmpd is asked: what the API calls the details of the interface. Default: SNMPv2c, community public. */
  readonly snmp?: Readonly<Record<string, string | number>>;
  /** Macros of the host, over those of its templates. */
  readonly macros?: Readonly<Record<string, string>>;
}

/** Makes a host with an SNMP interface on loopback. Returns its id. */
export async function makeHost(zabbix: ZabbixServer, options: HostOptions): Promise<string> {
  const known = await zabbix.call<readonly { templateid: string; host: string }[]>('template.get', {
    output: ['templateid', 'host'],
    filter: { host: options.templates },
  });
  const [group] = await zabbix.call<readonly { groupid: string }[]>('hostgroup.get', {
    output: ['groupid'],
    filter: { name: 'Virtual machines' },
  });
  const details = { bulk: 1, ...(options.snmp ?? { version: 2, community: 'public' }) };
  const made = await zabbix.call<{ readonly hostids: readonly string[] }>('host.create', {
    host: options.name,
    interfaces: [
      {
        type: 2,
        main: 1,
        useip: 1,
        ip: options.address ?? '127.0.0.1',
        dns: '',
        port: String(options.snmpPort),
        details: zabbix.release === '6.0' ? details : { ...details, max_repetitions: 50 },
      },
    ],
    groups: [{ groupid: group?.groupid }],
    templates: known.map(({ templateid }) => ({ templateid })),
    macros: Object.entries(options.macros ?? {}).map(([macro, value]) => ({ macro, value })),
  });
  zabbix.reload();
  return made.hostids[0] ?? '';
}

/** Changes or adds macros of a host or a template, as an operator does for thresholds. */
export async function setMacros(
  zabbix: ZabbixServer,
  hostId: string,
  macros: Readonly<Record<string, string>>,
): Promise<void> {
  const known = await zabbix.call<readonly { hostmacroid: string; macro: string }[]>('usermacro.get', {
    hostids: [hostId],
    output: ['hostmacroid', 'macro'],
  });
  for (const [macro, value] of Object.entries(macros)) {
    const before = known.find((one) => one.macro === macro);
    if (before === undefined) await zabbix.call('usermacro.create', { hostid: hostId, macro, value });
    else await zabbix.call('usermacro.update', { hostmacroid: before.hostmacroid, value });
  }
  zabbix.reload();
}

/** The id of a template. */
export async function templateId(zabbix: ZabbixServer, name: string): Promise<string> {
  const [found] = await zabbix.call<readonly { templateid: string }[]>('template.get', {
    output: ['templateid'],
    filter: { host: [name] },
  });
  if (found === undefined) throw new Error(`no template ${name}`);
  return found.templateid;
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

/**
 * Waits until no item is unsupported. One of an object that is not there may be at first: 6.0 can ask for a new item
 * before it knows of the preprocessing that discards the error, and then has the error until it asks again.
 */
export async function untilSupported(zabbix: ZabbixServer, hostIds: readonly string[]): Promise<void> {
  let unsupported: readonly ItemState[] = [];
  await waitUntil(
    async () => {
      unsupported = (await itemStates(zabbix, hostIds)).filter((item) => item.unsupported !== undefined);
      if (unsupported.length > 0) await checkNow(zabbix, hostIds);
      return unsupported.length === 0;
    },
    {
      what: `${zabbix.release} to support all items`,
      timeoutMs: 240_000,
      intervalMs: 4000,
      context: () => JSON.stringify(unsupported, undefined, 2),
    },
  );
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

/** Closes the open problems of some hosts, as a person does. */
export async function closeProblems(zabbix: ZabbixServer, hostIds: readonly string[]): Promise<void> {
  const open = await zabbix.call<readonly { readonly eventid: string }[]>('problem.get', {
    hostids: hostIds,
    output: ['eventid'],
  });
  const close = 1;
  if (open.length > 0) {
    await zabbix.call('event.acknowledge', { eventids: open.map(({ eventid }) => eventid), action: close });
  }
}

/** Discovery rules of some hosts that failed, at all or for a row, with what Zabbix says. */
export async function failedRules(
  zabbix: ZabbixServer,
  hostIds: readonly string[],
): Promise<readonly { readonly key: string; readonly error: string }[]> {
  const rules = await zabbix.call<readonly { readonly key_: string; readonly error: string }[]>(
    'discoveryrule.get',
    { hostids: hostIds, output: ['key_', 'error'] },
  );
  return rules.filter(({ error }) => error !== '').map(({ key_, error }) => ({ key: key_, error }));
}

/** The names of the problems that were opened on some hosts since a time, in seconds of Unix; each once. */
export async function problemsSince(
  zabbix: ZabbixServer,
  hostIds: readonly string[],
  since: number,
): Promise<readonly string[]> {
  const events = await zabbix.call<readonly { readonly name: string }[]>('event.get', {
    source: 0,
    object: 0,
    value: 1,
    hostids: hostIds,
    time_from: since,
    output: ['name'],
  });
  return [...new Set(events.map(({ name }) => name))].sort();
}
