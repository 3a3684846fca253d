import { domainFilter } from '../../config/domain-filter.ts';
import { connectListAllDomains } from '../../libvirt/procedures.ts';
import type { ListedDomain } from '../records/domain-table.ts';
import type { Collector, CollectorKind, CollectorPass } from './collector.ts';

/** virConnectListAllDomainsFlags */
const listFlags = { persistent: 1 << 2, managedSave: 1 << 8, autostart: 1 << 10 } as const;

export const domainInventory: CollectorKind = {
  name: 'inventory',
  id: 'inventory',
  selectors: [],
  stage: 'opening',
  interval: ({ collect }) => collect.interval,
  make: ({ config }) => new DomainInventory(domainFilter(config.collect)),
};

/** Which domains exist: one list call, and one for each property that libvirt can filter by. */
export class DomainInventory implements Collector {
  readonly #admits: (name: string) => boolean;

  /** @param admits - whether a domain of this name is monitored at all. */
  constructor(admits: (name: string) => boolean) {
    this.#admits = admits;
  }

  async collect(pass: CollectorPass): Promise<void> {
    const [all, persistent, autostart, managedSave] = await Promise.all([
      pass.libvirt.call(connectListAllDomains, { flags: 0 }),
      this.#withFlag(pass, listFlags.persistent),
      this.#withFlag(pass, listFlags.autostart),
      this.#withFlag(pass, listFlags.managedSave),
    ]);
    const listed: ListedDomain[] = all
      .filter((ref) => this.#admits(ref.name))
      .map((ref) => ({
        ref,
        persistent: persistent?.has(ref.uuid) ?? false,
        autostart: autostart?.has(ref.uuid),
        managedSave: managedSave?.has(ref.uuid),
      }));
    const { appeared, switched } = pass.domains.applyInventory(listed, Date.now());
    for (const record of [...appeared, ...switched]) pass.changed(record);
  }

  /** The UUIDs of the domains with a property; undefined where this driver cannot tell. */
  async #withFlag(pass: CollectorPass, flags: number): Promise<ReadonlySet<string> | undefined> {
    try {
      const refs = await pass.libvirt.call(connectListAllDomains, { flags });
      return new Set(refs.map((ref) => ref.uuid));
    } catch (error) {
      pass.failed(error);
      return undefined;
    }
  }
}
