import type { Disk } from '../../model/disk.ts';
import type { Domain } from '../../model/domain.ts';
import type { Nic } from '../../model/nic.ts';
import type { Snapshot } from '../../model/snapshot.ts';
import type { Vcpu } from '../../model/vcpu.ts';
import { partOf } from '../part.ts';
import { presentDomains } from './present-domains.ts';

// Rows of several tables. Bindings that name the same function share one layout of their rows.

type Add<Row, Index extends readonly number[]> = (row: Row, ...index: Index) => void;

/** What most rows come from. */
export function domainsOf(snapshot: Snapshot): readonly Domain[] {
  return snapshot.domains;
}

/** What of a domain is no figure. */
export const domainFacts = partOf((domain: Domain) => domain.facts);

/** One row per present domain. */
export function presentDomainRows(snapshot: Snapshot, add: Add<Domain, [number]>): void {
  for (const domain of presentDomains(snapshot)) add(domain, domain.index);
}

/** One row per vCPU of a present domain. */
export function vcpuRows(snapshot: Snapshot, add: Add<Vcpu, [number, number]>): void {
  for (const domain of presentDomains(snapshot)) {
    for (const vcpu of domain.vcpus) add(vcpu, domain.index, vcpu.index);
  }
}

/** One row per disk of a present domain. */
export function diskRows(snapshot: Snapshot, add: Add<Disk, [number, number]>): void {
  for (const domain of presentDomains(snapshot)) {
    for (const disk of domain.disks) add(disk, domain.index, disk.facts.index);
  }
}

/** What the definition says of a disk. */
export const diskFacts = partOf((disk: Disk) => disk.facts);

/** One row per network interface of a present domain. */
export function nicRows(snapshot: Snapshot, add: Add<Nic, [number, number]>): void {
  for (const domain of presentDomains(snapshot)) {
    for (const nic of domain.nics) add(nic, domain.index, nic.facts.index);
  }
}

/** What the definition says of an interface. */
export const nicFacts = partOf((nic: Nic) => nic.facts);
