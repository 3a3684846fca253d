import type { KnownNic } from '../model/nic.ts';
import type { NicDefinition } from './nic-definition.ts';

/** Interfaces that are gone and remembered, in case they return. */
const maxRemembered = 64;

/**
 * Finds out which interface of a definition is which of those known, so that none gets another's number when its like
 * is plugged in or out: by the name the user gave it, its place in the guest, its device on the host or what it is
 * attached to. One that is not known gets the next free key.
 *
 * @param known - what the last call returned for this domain.
 * @returns one for each interface, in the same order, and then those that are gone.
 */
export function identifyNics(
  nics: readonly NicDefinition[],
  known: readonly KnownNic[],
): readonly KnownNic[] {
  const found = new Map<NicDefinition, string>();
  for (const [mac, likes] of groupBy(nics, ({ mac: address }) => address)) {
    const knownLikes = known.filter((one) => one.mac === mac);
    matchLikes(mac, likes, knownLikes, found);
  }
  const present = nics.map((nic) => ({ key: found.get(nic) ?? nic.mac, mac: nic.mac, marks: marksOf(nic) }));
  const keys = new Set(present.map(({ key }) => key));
  const gone = known.filter(({ key }) => !keys.has(key)).slice(0, maxRemembered);
  return [...present, ...gone];
}

function matchLikes(
  mac: string,
  likes: readonly NicDefinition[],
  known: readonly KnownNic[],
  found: Map<NicDefinition, string>,
): void {
  const open = new Set(likes);
  const free = new Set(known);
  const match = (nic: NicDefinition, one: KnownNic): void => {
    found.set(nic, one.key);
    open.delete(nic);
    free.delete(one);
  };
  // The best kind of mark first, for all of them: a weaker one must not take what a better one tells.
  for (const [kind] of markKinds) {
    for (const nic of [...open]) {
      const marks = marksOf(nic);
      const mark = marks.find((one) => one.startsWith(kind));
      if (mark === undefined) continue;
      const one = [...free].find((like) => like.marks.includes(mark) && !areOthers(marks, like.marks));
      if (one !== undefined) match(nic, one);
    }
  }
  // One with a MAC address that no other ever had is the same whatever else has changed.
  const [onlyNic] = open;
  const [onlyKnown] = free;
  if (likes.length === 1 && known.length === 1 && onlyNic !== undefined && onlyKnown !== undefined) {
    match(onlyNic, onlyKnown);
  }
  const taken = new Set(known.map(({ key }) => key));
  let ordinal = 1;
  for (const nic of open) {
    let key = mac;
    while (taken.has(key)) {
      ordinal += 1;
      key = `${mac}#${ordinal}`;
    }
    taken.add(key);
    found.set(nic, key);
  }
}

/** Marks by kind, the best first; all but those of a run are in the inactive definition as well. */
const markKinds: readonly (readonly [kind: string, read: (nic: NicDefinition) => string | undefined])[] = [
  // Names that begin with ua- are the user's own.
  ['name ', ({ alias }) => (alias?.startsWith('ua-') === true ? alias : undefined)],
  ['place ', ({ place }) => place],
  ['device ', ({ target }) => target],
  ['peer ', ({ type, source }) => (source === undefined ? undefined : `${type ?? ''} ${source}`)],
  ['type ', ({ type }) => type],
];

/** Marks of these kinds that differ are those of two interfaces, whatever else they have in common. */
const firmKinds = ['name ', 'place '] as const;

function areOthers(marks: readonly string[], known: readonly string[]): boolean {
  for (const kind of firmKinds) {
    const [one, other] = [marks, known].map((list) => list.find((mark) => mark.startsWith(kind)));
    // The better mark decides, also where it says that they are the same.
    if (one !== undefined && other !== undefined) return one !== other;
  }
  return false;
}

function marksOf(nic: NicDefinition): readonly string[] {
  const marks: string[] = [];
  for (const [kind, read] of markKinds) {
    const mark = read(nic);
    if (mark !== undefined) marks.push(kind + mark);
  }
  return marks;
}

/** Whether some of them share a MAC address: only then is more to be kept than that. */
export function shareMac(nics: readonly KnownNic[]): boolean {
  return new Set(nics.map(({ mac }) => mac)).size < nics.length;
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
