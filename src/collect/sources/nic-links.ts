import { readFile } from 'node:fs/promises';
import type { NicLinks } from '../../model/nic.ts';
import type { IdentifiedNic } from '../records/device-facts.ts';

const noLinks: NicLinks = { ifIndex: 0, parentIfIndex: 0 };

/** Names the kernel may give an interface: anything else must not become part of a path. */
const deviceName = /^[^/\s.][^/\s]{0,14}$/;

/**
 * The ifIndex of each interface's host device and of what it is attached to: a bridge or bond, else the
 * lower device of a macvtap. Read from sysfs, so for domains of this host only.
 */
export async function readNicLinks(nics: readonly IdentifiedNic[]): Promise<ReadonlyMap<string, NicLinks>> {
  const links = await Promise.all(nics.map(async (nic) => [nic.key, await linksOf(nic.target)] as const));
  return new Map(links);
}

async function linksOf(target: string | undefined): Promise<NicLinks> {
  if (target === undefined || !deviceName.test(target)) return noLinks;
  const device = `/sys/class/net/${target}`;
  const ifIndex = await readNumber(`${device}/ifindex`);
  if (ifIndex === undefined) return noLinks;
  const master = await readNumber(`${device}/master/ifindex`);
  if (master !== undefined) return { ifIndex, parentIfIndex: master };
  const lower = await readNumber(`${device}/iflink`);
  return { ifIndex, parentIfIndex: lower === undefined || lower === ifIndex ? 0 : lower };
}

async function readNumber(path: string): Promise<number | undefined> {
  try {
    const number = Number((await readFile(path, 'utf8')).trim());
    return Number.isSafeInteger(number) && number > 0 ? number : undefined;
  } catch {
    return undefined;
  }
}
