import { errorText } from '../errors.ts';
import type { EpochMs } from '../model/scalar-types.ts';
import type { IndexBinding } from './index-allocator.ts';
import { maxIndex } from './index-allocator.ts';
import { linesOf, parseSaved } from './saved-json.ts';
import {
  type Check,
  type Checks,
  integerIn,
  isAgentState,
  isBoolean,
  isDiskErrorCode,
  isDomainState,
  isPastMoment,
  isRecord,
  isText,
  isVmOperState,
  listOf,
  nameIn,
  optional,
  recordOf,
  textLike,
} from './saved-values.ts';
import type { JsonPiece } from './state-file.ts';
import type { GoneColumns, GoneDomain, KeptFacts, ReportedDomain } from './state-types.ts';

// What indexes.json holds, and how it is written: a line per domain, so that the lines of a damaged file that are
// intact can still be used. What it holds is believed value by value.

const formatVersion = 1;

/** The kinds of devices numbered within a domain. */
export const deviceScopes = ['disk', 'nic', 'fileSystem'] as const;
export type DeviceScope = (typeof deviceScopes)[number];

/** What else is numbered, each in a list of its own. */
const bindingLists = ['pools', 'networks', 'perfEvents'] as const;
type BindingList = (typeof bindingLists)[number];

/** A domain as it is read. */
export interface SavedDomain {
  readonly binding: IndexBinding;
  readonly devices: Readonly<Record<DeviceScope, readonly IndexBinding[]>>;
  readonly facts: KeptFacts | undefined;
  readonly reported: ReportedDomain | undefined;
}

/** What of a file can be used. */
export interface SavedIndexes extends Readonly<Record<BindingList, readonly IndexBinding[]>> {
  readonly domains: readonly SavedDomain[];
  readonly gone: readonly GoneDomain[];
  /** Why some or all of it cannot (a clause for the operator); undefined if everything can. */
  readonly problem: string | undefined;
}

/** Reads the text of a file; what is wrong in it costs itself only. */
export function readIndexes(text: string, now: EpochMs): SavedIndexes {
  const reader = new IndexReader(now);
  let content: unknown;
  let problem: string | undefined;
  try {
    content = parseSaved(text);
  } catch (error) {
    content = intactLines(text);
    problem = `not JSON: ${errorText(error)}`;
  }
  const version = isRecord(content) ? content['version'] : undefined;
  if (version !== undefined && version !== formatVersion) {
    return { ...nothing, problem: `of another version: ${JSON.stringify(version).slice(0, 20)}` };
  }
  const saved = reader.read(content);
  return { ...saved, problem: problem ?? reader.problem };
}

const nothing = { domains: [], gone: [], pools: [], networks: [], perfEvents: [] } as const;

const isKnownNic: Check = (value) =>
  isRecord(value) && isText(value['key']) && isText(value['mac']) && listOf(isText)(value['marks']);

/** The most that are read of each list: more than an agent gives numbers to. */
const maxMembers = 100_000;
/** The same of domains that ceased to exist: more than it keeps rows of. Each has a number as well. */
const maxGone = 20_000;

/** Complaints are counted, and the first ones named. */
const maxNamed = 3;

/** Whether a text is a UUID as libvirt's protocol has it: lower case. */
export const isUuid = textLike(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
const indexNumber = integerIn(1, maxIndex);
const counter = integerIn(0, 2 ** 32 - 1);
const unitBytes = integerIn(1, 2 ** 31 - 1);

class IndexReader {
  readonly #now: EpochMs;
  readonly #named: string[] = [];
  #faults = 0;

  constructor(now: EpochMs) {
    this.#now = now;
  }

  get problem(): string | undefined {
    if (this.#faults === 0) return undefined;
    const more = this.#faults - this.#named.length;
    return `unexpected content: ${this.#named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  }

  read(content: unknown): Omit<SavedIndexes, 'problem'> {
    if (!isRecord(content)) {
      this.#fault('no object');
      return nothing;
    }
    return {
      domains: this.#list(content, 'domains', (one, where) => this.#domain(one, where)),
      gone: this.#list(content, 'gone', (one, where) => this.#gone(one, where)),
      pools: this.#list(content, 'pools', (one, where) => this.#binding(one, where)),
      networks: this.#list(content, 'networks', (one, where) => this.#binding(one, where)),
      perfEvents: this.#list(content, 'perfEvents', (one, where) => this.#binding(one, where)),
    };
  }

  #fault(where: string): undefined {
    this.#faults += 1;
    if (this.#named.length < maxNamed) this.#named.push(where);
  }

  readonly #moment = (value: unknown): boolean => isPastMoment(value, this.#now);

  readonly #factChecks: Checks<KeptFacts> = {
    startedAt: this.#moment,
    upSince: this.#moment,
    startSource: nameIn({ unknown: true, event: true, process: true, firstSeen: true } satisfies Record<
      NonNullable<KeptFacts['startSource']>,
      true
    >),
    stateSince: this.#moment,
    lastState: isDomainState,
    lastReason: counter,
    lastId: integerIn(-1, 2 ** 31 - 1),
    lastBoot: isText,
    lastRun: isText,
    stateChanges: counter,
    runSizes: recordOf(isText),
    nics: listOf(isKnownNic),
    hash: textLike(/^[0-9a-f]+$/),
    hashChangedAt: this.#moment,
    discontinuityAt: this.#moment,
    vmMemUnit: unitBytes,
    diskSizeUnits: recordOf(unitBytes),
  };

  readonly #reportedChecks: Checks<ReportedDomain> = {
    name: isText,
    state: isDomainState,
    reason: counter,
    operState: optional(isVmOperState),
    persistent: isBoolean,
    diskErrors: optional(recordOf(isDiskErrorCode)),
    agentState: optional(isAgentState),
  };

  readonly #columnChecks: Checks<GoneColumns> = {
    state: isDomainState,
    reason: counter,
    stateSince: this.#moment,
    stateChanges: counter,
    persistent: isBoolean,
  };

  #list<T>(
    content: Record<string, unknown>,
    name: string,
    read: (one: unknown, where: string) => T | undefined,
  ): readonly T[] {
    const list = content[name];
    if (!Array.isArray(list)) {
      this.#fault(name);
      return [];
    }
    const most = name === 'gone' ? maxGone : maxMembers;
    if (list.length > most) this.#fault(`${name} beyond the first ${most}`);
    return list
      .slice(0, most)
      .map((one, at) => read(one, `${name}[${at}]`))
      .filter((one) => one !== undefined);
  }

  #domain(value: unknown, where: string): SavedDomain | undefined {
    if (!isRecord(value) || !isUuid(value['uuid'])) return this.#fault(where);
    const binding = this.#binding({ ...value, key: value['uuid'] }, where);
    if (binding === undefined) return undefined;
    const devices = isRecord(value['devices']) ? value['devices'] : {};
    const numbers = (scope: DeviceScope): readonly IndexBinding[] =>
      this.#numbers(devices[scope], `${where}.devices.${scope}`);
    const { facts, reported } = value;
    return {
      binding,
      devices: { disk: numbers('disk'), nic: numbers('nic'), fileSystem: numbers('fileSystem') },
      facts:
        facts === undefined ? undefined : this.#members<KeptFacts>(facts, this.#factChecks, `${where}.facts`),
      reported: reported === undefined ? undefined : this.#reported(reported, `${where}.reported`),
    };
  }

  #numbers(value: unknown, where: string): readonly IndexBinding[] {
    if (value === undefined) return [];
    if (!isRecord(value)) {
      this.#fault(where);
      return [];
    }
    const bindings: IndexBinding[] = [];
    for (const [key, index] of Object.entries(value)) {
      if (indexNumber(index)) bindings.push({ key, index: index as number });
      else this.#fault(`${where}.${key}`);
    }
    return bindings;
  }

  #binding(value: unknown, where: string): IndexBinding | undefined {
    if (!isRecord(value) || !isText(value['key']) || !indexNumber(value['index'])) return this.#fault(where);
    const binding = { key: value['key'] as string, index: value['index'] as number };
    const { releasedAt } = value;
    if (releasedAt === undefined) return binding;
    if (this.#moment(releasedAt)) return { ...binding, releasedAt: releasedAt as number };
    this.#fault(`${where}.releasedAt`);
    return { ...binding, releasedAt: this.#now };
  }

  #reported(value: unknown, where: string): ReportedDomain | undefined {
    if (!isRecord(value)) return this.#fault(where);
    for (const [name, check] of Object.entries(this.#reportedChecks)) {
      if (!check(value[name])) return this.#fault(`${where}.${name}`);
    }
    return value as unknown as ReportedDomain;
  }

  #gone(value: unknown, where: string): GoneDomain | undefined {
    if (!isRecord(value) || !isUuid(value['uuid']) || !isText(value['name'])) return this.#fault(where);
    let goneAt = value['goneAt'];
    if (!this.#moment(goneAt)) {
      this.#fault(`${where}.goneAt`);
      goneAt = this.#now;
    }
    return {
      uuid: value['uuid'] as string,
      name: value['name'] as string,
      goneAt: goneAt as number,
      columns: this.#members<GoneColumns>(value['columns'], this.#columnChecks, `${where}.columns`),
    };
  }

  /** Those members that pass; members that are not known here are of another version and no fault. */
  #members<T>(value: unknown, checks: Checks<T>, where: string): Partial<T> {
    const kept: Record<string, unknown> = {};
    if (!isRecord(value)) {
      this.#fault(where);
      return kept as Partial<T>;
    }
    for (const [name, check] of Object.entries<(value: unknown) => boolean>(checks)) {
      const member = value[name];
      if (member === undefined) continue;
      if (check(member)) kept[name] = member;
      else this.#fault(`${where}.${name}`);
    }
    return kept as Partial<T>;
  }
}

/** How the line of a domain begins; of what else there is, nothing is tried. */
const lineOfDomain = '{"uuid":';
/** A file of more damaged lines is another one. */
const maxDamaged = 1000;

/** What the lines of a damaged file hold that are whole. */
function intactLines(text: string): Record<string, unknown> {
  const content: Record<string, unknown> & { domains: unknown[] } = { ...nothing, domains: [] };
  const [, version] = /^\{"version":(\d{1,15})\b/.exec(text) ?? [];
  if (version !== undefined) content['version'] = Number(version);
  let damaged = 0;
  for (const ended of linesOf(text)) {
    // An editor may have ended lines in another way.
    const line = ended.replace(/\r$/, '');
    if (line.startsWith(lineOfDomain)) {
      const domain = parsed(line.replace(/,$/, ''));
      if (isRecord(domain)) content.domains.push(domain);
      else damaged += 1;
      if (damaged > maxDamaged || content.domains.length >= maxMembers) break;
      continue;
    }
    const list = /^,?"(\w+)":(\[.*\]),?$/.exec(line);
    const [, name, members] = list ?? [];
    if (name !== undefined && members !== undefined && name in nothing && name !== 'domains') {
      content[name] = parsed(members) ?? [];
    }
  }
  return content;
}

/** A domain as it is written. */
export interface DomainToSave extends IndexBinding {
  readonly devices: Partial<Record<DeviceScope, Readonly<Record<string, number>>>>;
  readonly facts: KeptFacts | undefined;
  readonly reported: ReportedDomain | undefined;
}

export interface IndexesToSave extends Readonly<Record<BindingList, readonly IndexBinding[]>> {
  readonly domains: Iterable<DomainToSave>;
  readonly gone: readonly GoneDomain[];
}

/** The file in pieces, each of which is made into text when it is written. The long list comes last. */
export function indexFilePieces({ domains, ...rest }: IndexesToSave): readonly JsonPiece[] {
  const pieces: JsonPiece[] = [`{"version":${formatVersion},\n`];
  for (const [name, json] of Object.entries(rest)) pieces.push(`"${name}":`, { json }, ',\n');
  pieces.push('"domains":[\n');
  let separator = '';
  for (const { key: uuid, index, releasedAt, devices, facts, reported } of domains) {
    pieces.push(separator, { json: { uuid, index, releasedAt, devices, facts, reported } });
    separator = ',\n';
  }
  pieces.push('\n]}\n');
  return pieces;
}

/** The value of a JSON text; undefined if it is none. */
function parsed(text: string): unknown {
  try {
    return parseSaved(text);
  } catch {
    return undefined;
  }
}
