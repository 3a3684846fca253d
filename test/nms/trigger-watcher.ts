import { waitUntil } from '../lab/wait.ts';
import { type LedgerLine, ledgerOf } from './trigger-ledger.ts';
import { checkNow, discoveredHosts } from './zabbix-host.ts';
import type { ZabbixServer } from './zabbix-server.ts';

export const hostTemplate = 'libvirt by SNMP';
export const guestTemplate = 'libvirt guest by SNMP';

/** A Zabbix server that watches hypervisors, and their guests as hosts that it has discovered. */
export interface TriggerWatcher {
  readonly zabbix: ZabbixServer;
  /** Of hypervisors. */
  readonly hosts: string[];
}

/** The hosts of hypervisors and guests. */
export async function idsOf({ zabbix, hosts }: TriggerWatcher): Promise<readonly string[]> {
  return [...hosts, ...(await discoveredHosts(zabbix)).map(({ id }) => id)];
}

/** What became of the triggers of both templates. */
export async function ledger({ zabbix, hosts }: TriggerWatcher): Promise<readonly LedgerLine[]> {
  const guests = (await discoveredHosts(zabbix)).map(({ id }) => id);
  return [
    ...(await ledgerOf(zabbix, hostTemplate, hosts)),
    ...(await ledgerOf(zabbix, guestTemplate, guests)),
  ];
}

interface UntilOptions {
  /** Is done before each look. */
  readonly meanwhile?: (() => Promise<void>) | undefined;
  /** Zabbix asks in its own time: asked again and again for what does not answer, 6.0 never says that it is away. */
  readonly unhurried?: boolean | undefined;
  /** More to say when the wait fails. */
  readonly context?: () => string;
}

/** Waits until some triggers have fired, or recovered, wherever they are declared, at all watchers. */
export async function untilTriggers(
  watchers: readonly TriggerWatcher[],
  stage: 'fired' | 'recovered',
  triggers: readonly string[],
  { meanwhile, unhurried = false, context }: UntilOptions = {},
): Promise<void> {
  const missing = new Set<string>();
  await waitUntil(
    async () => {
      await meanwhile?.();
      missing.clear();
      for (const watcher of watchers) {
        if (!unhurried) await checkNow(watcher.zabbix, await idsOf(watcher));
        for (const line of await ledger(watcher)) {
          if (triggers.includes(line.trigger) && line[stage].length === 0) {
            missing.add(`${watcher.zabbix.release} ${line.template}: ${line.trigger}`);
          }
        }
      }
      return missing.size === 0;
    },
    {
      what: `that they have ${stage}`,
      timeoutMs: 480_000,
      intervalMs: 3000,
      context: () => `missing: ${[...missing].join('\n')}\n${context?.() ?? ''}`,
    },
  );
}
