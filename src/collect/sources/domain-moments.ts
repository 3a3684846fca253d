import { parseSnapshotXml } from '../../definition/snapshot-xml.ts';
import {
  domainListAllCheckpoints,
  domainListAllSnapshots,
  domainSnapshotGetXmlDesc,
} from '../../libvirt/procedures.ts';
import type { MomentRef } from '../../libvirt/protocol.ts';
import type { EpochMs } from '../../model/scalar-types.ts';
import { momentOf } from '../../run/clock.ts';
import type { DomainRecord } from '../records/domain-record.ts';
import type { Collector, CollectorKind, CollectorPass } from './collector.ts';
import { eachDomain } from './each-domain.ts';
import { eachMember, readMember } from './each-member.ts';
import { RetrySchedule } from './retry-schedule.ts';

/** Snapshots of one domain whose time is looked up in one run; the rest follow in later runs. */
const maxLookups = 32;

export const domainMoments: CollectorKind = {
  name: 'domain-moments',
  id: 'snapshots',
  selectors: ['snapshot'],
  stage: 'background',
  interval: ({ intervals }) => intervals.snapshots,
  make: ({ intervalSec }) => new DomainMoments(intervalSec),
};

/** Snapshots with their ages, and checkpoints (virDomainListAllSnapshots, virDomainListAllCheckpoints). */
export class DomainMoments implements Collector {
  readonly #retries: RetrySchedule;
  /** Times of creation by domain and name: they never change while the snapshot exists. */
  readonly #created = new WeakMap<DomainRecord, Map<string, EpochMs>>();

  constructor(intervalSec: number) {
    this.#retries = new RetrySchedule(intervalSec * 1000);
  }

  async collect(pass: CollectorPass): Promise<void> {
    await eachDomain(pass, pass.domains.present, this.#retries, async (record) => {
      const retries = { schedule: this.#retries, owner: record };
      const snapshots = await readMember<Snapshots>(pass, snapshotsOf(record), {
        known: { count: record.snapshots, oldestAt: record.oldestSnapshotAt },
        read: () => this.#snapshots(pass, record),
        retries,
      });
      // libvirt before 5.6 has no checkpoints: then there is no number of them either.
      const hasCheckpoints = pass.libvirt.refusal(domainListAllCheckpoints) === undefined;
      const checkpoints = hasCheckpoints
        ? await readMember(pass, `${record.name} checkpoints`, {
            known: record.checkpoints,
            read: () => this.#checkpoints(pass, record),
            retries,
          })
        : undefined;
      if (
        record.snapshots === snapshots?.count &&
        record.oldestSnapshotAt === snapshots?.oldestAt &&
        record.checkpoints === checkpoints
      ) {
        return;
      }
      record.snapshots = snapshots?.count;
      record.oldestSnapshotAt = snapshots?.oldestAt;
      record.checkpoints = checkpoints;
      record.touch();
    });
  }

  async #snapshots(pass: CollectorPass, record: DomainRecord): Promise<Snapshots> {
    const listed = await pass.libvirt.call(domainListAllSnapshots, { domain: record.ref, flags: 0 });
    return { count: listed.length, oldestAt: await this.#oldest(pass, record, listed) };
  }

  async #checkpoints(pass: CollectorPass, record: DomainRecord): Promise<number> {
    const listed = await pass.libvirt.call(domainListAllCheckpoints, {
      domain: record.ref,
      flags: 0,
    });
    return listed.length;
  }

  /**
   * Of those whose time is known. Undefined while some have not been looked up yet: the oldest may be among them. One
   * that cannot be read costs only its own time.
   */
  async #oldest(
    pass: CollectorPass,
    record: DomainRecord,
    snapshots: readonly MomentRef[],
  ): Promise<EpochMs | undefined> {
    const created = this.#created.get(record) ?? new Map<string, EpochMs>();
    this.#created.set(record, created);
    const names = new Set(snapshots.map((snapshot) => snapshot.name));
    for (const name of created.keys()) if (!names.has(name)) created.delete(name);
    const unknown = snapshots.filter(({ name }) => !created.has(name));
    await eachMember(pass, unknown.slice(0, maxLookups), {
      nameOf: ({ name }) => `${record.name} snapshot ${name}`,
      known: () => undefined,
      read: async (snapshot) => {
        const xml = await pass.libvirt.call(domainSnapshotGetXmlDesc, { snapshot, flags: 0 });
        const { createdAt } = await parseSnapshotXml(xml);
        if (createdAt === undefined) return undefined;
        created.set(snapshot.name, momentOf(createdAt));
        return momentOf(createdAt);
      },
      retries: { schedule: this.#retries, owner: record },
      partOf: snapshotsOf(record),
    });
    if (created.size === 0 || unknown.length > maxLookups) return undefined;
    return Math.min(...created.values());
  }
}

/** What the list of its snapshots is called where it fails. */
function snapshotsOf({ name }: DomainRecord): string {
  return `${name} snapshots`;
}

interface Snapshots {
  readonly count: number | undefined;
  readonly oldestAt: EpochMs | undefined;
}
