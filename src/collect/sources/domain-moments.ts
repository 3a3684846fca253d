import { parseSnapshotXml } from '../../definition/snapshot-xml.ts';
import {
  domainListAllCheckpoints,
  domainListAllSnapshots,
  domainSnapshotGetXmlDesc,
} from '../../libvirt/procedures.ts';
import type { MomentRef } from '../../libvirt/protocol.ts';
import type { EpochMs } from '../../model/scalar-types.ts';
import type { DomainRecord } from '../records/domain-record.ts';
import type { Collector, CollectorKind, CollectorPass } from './collector.ts';
import { eachDomain } from './each-domain.ts';
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
      await this.#collectSnapshots(pass, record);
      await this.#collectCheckpoints(pass, record);
    });
  }

  async #collectSnapshots(pass: CollectorPass, record: DomainRecord): Promise<void> {
    const snapshots = await pass.libvirt.call(domainListAllSnapshots, {
      domain: record.ref,
      flags: 0,
    });
    const oldest = await this.#oldest(pass, record, snapshots);
    if (record.snapshots === snapshots.length && record.oldestSnapshotAt === oldest) return;
    record.snapshots = snapshots.length;
    record.oldestSnapshotAt = oldest;
    record.touch();
  }

  async #collectCheckpoints(pass: CollectorPass, record: DomainRecord): Promise<void> {
    // libvirt before 5.6 has no checkpoints: then there is no number of them either.
    if (pass.libvirt.refusal(domainListAllCheckpoints) !== undefined) return;
    const checkpoints = await pass.libvirt.call(domainListAllCheckpoints, {
      domain: record.ref,
      flags: 0,
    });
    if (record.checkpoints === checkpoints.length) return;
    record.checkpoints = checkpoints.length;
    record.touch();
  }

  /** Undefined while the time of a snapshot is not known yet: the oldest may be that one. */
  async #oldest(
    pass: CollectorPass,
    record: DomainRecord,
    snapshots: readonly MomentRef[],
  ): Promise<EpochMs | undefined> {
    const known = this.#created.get(record) ?? new Map<string, EpochMs>();
    const names = new Set(snapshots.map((snapshot) => snapshot.name));
    for (const name of known.keys()) if (!names.has(name)) known.delete(name);
    this.#created.set(record, known);
    let lookups = 0;
    for (const snapshot of snapshots) {
      if (known.has(snapshot.name)) continue;
      lookups += 1;
      if (lookups > maxLookups) return undefined;
      const xml = await pass.libvirt.call(domainSnapshotGetXmlDesc, { snapshot, flags: 0 });
      const { createdAt } = parseSnapshotXml(xml);
      if (createdAt !== undefined) known.set(snapshot.name, createdAt);
    }
    return known.size === 0 ? undefined : Math.min(...known.values());
  }
}
