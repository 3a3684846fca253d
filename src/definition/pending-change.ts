import { definedAttributes, definitionHash, significantChildren } from './definition-hash.ts';
import { isLiveAttribute, isLiveElement } from './live-additions.ts';
import { attributeOf, childOf, descend, parseXml, textOf, type XmlElement } from './xml-tree.ts';

/** Enough to explain; the rest of a list of differences is cut. */
const maxDifferences = 64;

/** A place where an active domain differs from its definition. */
export interface Difference {
  /** `domain/currentMemory`, `domain/devices/disk[vdb]` */
  readonly path: string;
  /** What the definition says there, or a digest of it; empty if the definition has nothing there. */
  readonly defined: string;
}

/**
 * What differed right after a start that the agent saw, so none of it can be a pending change while the
 * definition says the same at these places: what a version of libvirt adds that is not known here.
 */
export type StartBaseline = ReadonlySet<string>;

/**
 * The sizes of memory in a definition that are changed while a domain runs, by path. What the guest has now follows
 * its balloon and says nothing of its next boot; only another value in the definition than at the start does.
 */
export type AdjustableSizes = Readonly<Record<string, string>>;

/** What is known of the beginning of a run besides its two definitions now. */
export interface RunStart {
  readonly baseline?: StartBaseline | undefined;
  /** Those of the definition when the run began, or when it was first seen. */
  readonly sizes?: AdjustableSizes | undefined;
}

/**
 * Whether a domain gets anything else at its next boot than it has now: its active and its inactive XML differ in
 * more than what libvirt adds to every running domain, and in more than sizes that are adjusted while it runs.
 *
 * @throws DefinitionError if one of the texts cannot be read.
 */
export function pendingChange(
  active: XmlElement | string,
  inactive: XmlElement | string,
  start: RunStart = {},
): boolean {
  return pendingDifferences(rootOf(active), rootOf(inactive), start).length > 0;
}

function rootOf(xml: XmlElement | string): XmlElement {
  return typeof xml === 'string' ? parseXml(xml) : xml;
}

/** The paths at which the next start will change an active domain; at most 64. */
export function pendingDifferences(
  active: XmlElement,
  inactive: XmlElement,
  { baseline, sizes }: RunStart = {},
): readonly string[] {
  const paths = definitionDifferences(active, inactive)
    .filter((difference) => baseline?.has(baselineKey(difference)) !== true)
    .map((difference) => difference.path);
  const now = adjustableSizes(inactive);
  for (const [path, size] of Object.entries(sizes ?? {})) {
    if (now[path] !== undefined && now[path] !== size) paths.push(path);
  }
  return paths;
}

/** The sizes of a definition that may be another while the domain runs: of the balloon, and of virtio-mem devices. */
export function adjustableSizes(inactive: XmlElement): AdjustableSizes {
  const sizes: Record<string, string> = {};
  for (const [path, element] of adjustableElements(inactive)) sizes[path] = textContent(element).trim();
  return sizes;
}

function* adjustableElements(root: XmlElement): Iterable<readonly [string, XmlElement]> {
  const balloon = childOf(root, 'currentMemory');
  if (balloon !== undefined) yield ['domain/currentMemory', balloon];
  const devices = childOf(root, 'devices');
  if (devices === undefined) return;
  for (const [key, device] of keyedChildren(devices)) {
    const requested = device.name === 'memory' ? descend(device, 'target', 'requested') : undefined;
    if (requested !== undefined) yield [`domain/devices/${key}/target/requested`, requested];
  }
}

/** To be taken from the first XML read after a start. */
export function startBaseline(active: XmlElement, inactive: XmlElement): StartBaseline {
  return new Set(definitionDifferences(active, inactive).map(baselineKey));
}

function baselineKey(difference: Difference): string {
  return `${difference.path}\n${difference.defined}`;
}

/**
 * Where an active domain differs from its definition; at most 64 places. What libvirt adds to the XML of
 * every running domain does not count. The removal of a feature of a CPU whose model libvirt expands cannot
 * be told from such an addition.
 */
export function definitionDifferences(active: XmlElement, inactive: XmlElement): readonly Difference[] {
  const list = new DifferenceList();
  compareElement(list, active.name, active, inactive);
  return list.differences;
}

class DifferenceList {
  readonly differences: Difference[] = [];

  get full(): boolean {
    return this.differences.length >= maxDifferences;
  }

  add(path: string, defined: string): void {
    if (!this.full) this.differences.push({ path, defined });
  }
}

function compareElement(list: DifferenceList, path: string, live: XmlElement, defined: XmlElement): void {
  if (list.full) return;
  if (live.name === 'cpu' && path === 'domain/cpu') {
    compareCpu(list, path, live, defined);
    return;
  }
  if (isAdjustable(path, live)) return;
  if (live.name === 'disk' && childOf(defined, 'transient') !== undefined) {
    compareParts(list, path, withoutOverlay(live, defined), defined);
    return;
  }
  compareParts(list, path, live, defined);
}

/**
 * A disk whose changes are thrown away, with the image that it begins with: it runs on an overlay, of a format of its
 * own, and at the next start there is another.
 */
function withoutOverlay(live: XmlElement, defined: XmlElement): XmlElement {
  const children = live.children.map((child) =>
    typeof child === 'string' || (child.name !== 'source' && child.name !== 'driver')
      ? child
      : (childOf(defined, child.name) ?? child),
  );
  return { ...live, children };
}

function compareParts(list: DifferenceList, path: string, live: XmlElement, defined: XmlElement): void {
  compareAttributes(list, path, live, defined);
  const text = textContent(defined);
  if (textContent(live) !== text) list.add(path, text);
  compareChildren(list, path, live, defined);
}

function isAdjustable(path: string, element: XmlElement): boolean {
  return (
    path === 'domain/currentMemory' || (element.name === 'requested' && path.endsWith('/target/requested'))
  );
}

function compareAttributes(list: DifferenceList, path: string, live: XmlElement, defined: XmlElement): void {
  const key = (attribute: XmlElement['attributes'][number]): string =>
    attribute.namespace === '' ? attribute.name : `{${attribute.namespace}}${attribute.name}`;
  const liveValues = new Map(definedAttributes(live).map((one) => [key(one), one.value]));
  for (const attribute of definedAttributes(defined)) {
    const name = key(attribute);
    const liveValue = liveValues.get(name);
    liveValues.delete(name);
    if (liveValue === attribute.value) continue;
    if (!isChosenAtStart(live, defined, name, attribute.value, liveValue)) {
      list.add(`${path}@${name}`, attribute.value);
    }
  }
  for (const name of liveValues.keys()) {
    // Of where a device is in the guest, what the definition leaves open is chosen at the start: the base of a DIMM.
    const isPlace = live.name === 'address' && !path.endsWith('/source/address');
    if (!isPlace && !isLiveAttribute(live, name)) list.add(`${path}@${name}`, '');
  }
}

/** Whether a value of the definition is a wish that libvirt fulfils, or drops, at the start. */
function isChosenAtStart(
  live: XmlElement,
  defined: XmlElement,
  name: string,
  value: string,
  liveValue: string | undefined,
): boolean {
  switch (`${defined.name}@${name}`) {
    case 'graphics@port':
    case 'graphics@tlsPort':
    case 'graphics@websocket':
      return value === '-1' || attributeOf(defined, 'autoport') === 'yes';
    case 'driver@type':
      // The format of a drive without a medium.
      return liveValue === undefined;
    case 'interface@type':
      return value === 'network' && sameNetwork(live, defined);
    case 'clock@adjustment':
    case 'clock@basis':
      return true;
    case 'target@port':
      // The place of a console among the consoles, which libvirt counts anew at the start.
      return attributeOf(defined, 'type') === 'virtio';
    default:
      return false;
  }
}

function sameNetwork(live: XmlElement, defined: XmlElement): boolean {
  const network = attributeOf(childOf(defined, 'source'), 'network');
  return network !== undefined && attributeOf(childOf(live, 'source'), 'network') === network;
}

function compareChildren(list: DifferenceList, path: string, live: XmlElement, defined: XmlElement): void {
  const liveChildren = keyedChildren(live);
  for (const [key, child] of sameOrder(keyedChildren(defined), liveChildren)) {
    const counterpart = liveChildren.get(key);
    liveChildren.delete(key);
    if (counterpart === undefined) list.add(`${path}/${key}`, definitionHash(child, 'inactive'));
    else compareElement(list, `${path}/${key}`, counterpart, child);
    if (list.full) return;
  }
  for (const [key, child] of liveChildren) {
    if (!isLiveElement(live, child)) list.add(`${path}/${key}`, '');
  }
}

/**
 * The children of a definition under the keys of their counterparts. Those without an identity have only their place
 * among their like, which is another one where devices were plugged in another order: what says the same goes
 * together, the others by their places.
 */
function sameOrder(
  defined: ReadonlyMap<string, XmlElement>,
  live: ReadonlyMap<string, XmlElement>,
): ReadonlyMap<string, XmlElement> {
  const several = [...byLike(defined.keys())].filter(([, keys]) => keys.length > 1);
  if (several.length === 0) return defined;
  const counterparts = byLike(live.keys());
  const ordered = new Map(defined);
  for (const [like, keys] of several) {
    const places = counterparts.get(like) ?? [];
    // By digest, the first place last: lists may have thousands of entries (metadata), in any order.
    const twins = new Map<string, string[]>();
    for (const place of [...places].reverse()) append(twins, digestOf(live.get(place)), place);
    for (const key of keys) ordered.delete(key);
    const taken = new Set<string>();
    const left: XmlElement[] = [];
    for (const key of keys) {
      const child = defined.get(key);
      if (child === undefined) continue;
      const twin = twins.get(digestOf(child))?.pop();
      if (twin === undefined) left.push(child);
      else {
        taken.add(twin);
        ordered.set(twin, child);
      }
    }
    const free = places.filter((place) => !taken.has(place));
    for (const [at, child] of left.entries()) ordered.set(free[at] ?? `${like}#${live.size + at + 1}`, child);
  }
  return ordered;
}

/** Keys of children that differ in their places only. */
function byLike(keys: Iterable<string>): ReadonlyMap<string, readonly string[]> {
  const likes = new Map<string, string[]>();
  for (const key of keys) append(likes, likeOf(key), key);
  return likes;
}

function append(lists: Map<string, string[]>, name: string, entry: string): void {
  const list = lists.get(name);
  if (list === undefined) lists.set(name, [entry]);
  else list.push(entry);
}

/** `hostdev` for `hostdev#2` */
function likeOf(key: string): string {
  return key.replace(/#\d+$/, '');
}

/** What is said of an element without what libvirt adds at the start. */
function digestOf(element: XmlElement | undefined): string {
  return element === undefined ? '' : definitionHash(element, 'active');
}

/** Child elements by name and identity; those without an identity by their place among their like. */
function keyedChildren(element: XmlElement): Map<string, XmlElement> {
  const keyed = new Map<string, XmlElement>();
  const places = new Map<string, number>();
  for (const child of element.children) {
    if (typeof child === 'string') continue;
    const name = child.namespace === '' ? child.name : `{${child.namespace}}${child.name}`;
    const identity = identityOf(element, child);
    const base = identity === undefined ? name : `${name}[${identity}]`;
    const place = (places.get(base) ?? 0) + 1;
    places.set(base, place);
    keyed.set(place === 1 ? base : `${base}#${place}`, child);
  }
  return keyed;
}

/** What tells a device from its like, so that a device more or less shifts no others. */
function identityOf(parent: XmlElement, child: XmlElement): string | undefined {
  switch (`${parent.name}/${child.name}`) {
    case 'devices/disk':
      return attributeOf(childOf(child, 'target'), 'dev');
    case 'devices/interface':
      return attributeOf(childOf(child, 'mac'), 'address')?.toLowerCase();
    case 'devices/controller':
      return `${attributeOf(child, 'type') ?? ''} ${attributeOf(child, 'index') ?? ''}`;
    case 'devices/filesystem':
      return attributeOf(childOf(child, 'target'), 'dir');
    case 'devices/channel':
      return attributeOf(childOf(child, 'target'), 'name');
    case 'domain/seclabel':
      return attributeOf(child, 'model');
    case 'vcpus/vcpu':
      return attributeOf(child, 'id');
    case 'cputune/vcpupin':
      return attributeOf(child, 'vcpu');
    case 'cputune/iothreadpin':
      return attributeOf(child, 'iothread');
    case 'perf/event':
    case 'cpu/feature':
      return attributeOf(child, 'name');
    default:
      return undefined;
  }
}

/**
 * libvirt replaces host-model and maximum by the model it found, and completes the features of every model.
 * Topology, NUMA cells and the rest are as defined.
 */
function compareCpu(list: DifferenceList, path: string, live: XmlElement, defined: XmlElement): void {
  const mode = attributeOf(defined, 'mode');
  const expanded = mode === 'host-model' || mode === 'maximum';
  const liveMode = attributeOf(live, 'mode');
  if (mode !== liveMode && !(expanded && liveMode === 'custom')) list.add(`${path}@mode`, mode ?? '');
  const matched = attributeOf(defined, 'match') === 'minimum';
  const model = textOf(childOf(defined, 'model'));
  if (!expanded && !matched && model !== textOf(childOf(live, 'model'))) {
    list.add(`${path}/model`, model ?? '');
  }
  compareChildren(list, path, withoutModel(live), withoutModel(defined));
}

function withoutModel(cpu: XmlElement): XmlElement {
  const children = cpu.children.filter(
    (child) => typeof child === 'string' || !['model', 'vendor', 'feature'].includes(child.name),
  );
  return { ...cpu, children };
}

function textContent(element: XmlElement): string {
  return significantChildren(element)
    .filter((child) => typeof child === 'string')
    .join('');
}
