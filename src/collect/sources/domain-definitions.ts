import { createHash } from 'node:crypto';
import { definitionHash } from '../../definition/definition-hash.ts';
import { type DomainDefinition, readDomainDefinition } from '../../definition/domain-definition.ts';
import { LabelReader } from '../../definition/labels.ts';
import { pendingChange, type StartBaseline, startBaseline } from '../../definition/pending-change.ts';
import { readSpec } from '../../definition/spec.ts';
import { parseXmlInSlices, type XmlElement } from '../../definition/xml-tree.ts';
import { ConnectionLostError } from '../../errors.ts';
import { CallTimeoutError } from '../../libvirt/connection.ts';
import { domainGetXmlDesc } from '../../libvirt/procedures.ts';
import type { XmlChunk } from '../../model/domain.ts';
import { NotCalledError } from '../access/call-gate.ts';
import type { DefinitionFacts, DomainRecord } from '../records/domain-record.ts';
import type { Collector, CollectorKind, CollectorPass } from './collector.ts';
import { readNicLinks } from './nic-links.ts';
import { processStart } from './process-start.ts';

/** virDomainXMLFlags */
const xmlFlags = { live: 0, inactive: 2 } as const;

/** Octets of one row of lveXmlTable. */
const chunkOctets = 1024;

/** A definition read within this many milliseconds of a start is the one the domain was started with. */
const startSeenMs = 30_000;

/** Domains whose definition is being read at a time. */
const readersInFlight = 4;

/** The definition cannot be asked for: the hypervisor process does not answer. */
const notNow = Symbol('not now');

export interface DomainDefinitionsOptions {
  /** Seconds after which a definition is read again although nothing announced a change. */
  readonly intervalSec: number;
  readonly withXml: boolean;
  readonly withMetadata: boolean;
  readonly labels: LabelReader;
  /** Whether the hypervisor is this machine: interfaces and processes can be looked at. */
  readonly local: boolean;
}

export const domainDefinitions: CollectorKind = {
  name: 'definitions',
  id: 'inventory',
  selectors: [],
  stage: 'background',
  interval: ({ intervals }) => intervals.inventory,
  // Those after which the definition of the domain may differ.
  promptedBy: [
    'lifecycle',
    'deviceAdded',
    'deviceRemoved',
    'diskChange',
    'trayChange',
    'metadataChange',
    'memoryDeviceSizeChange',
    'nicMacChange',
    'agentLifecycle',
    'blockJob',
  ],
  perDomain: true,
  make: ({ config: { labels, namespaces }, intervalSec, local, has }) =>
    new DomainDefinitions({
      intervalSec,
      withXml: has('xml'),
      withMetadata: has('metadata'),
      labels: new LabelReader(labels, namespaces),
      local,
    }),
};

/** What was read of a domain last time, to skip the work where nothing changed. */
interface ReadState {
  readonly digest: string;
  readonly readAt: number;
}

/**
 * The definitions (virDomainGetXMLDesc): read when a domain appears, starts or stops, when an event says that
 * devices or the definition changed, and else at a slow pace, because not every change is announced.
 */
export class DomainDefinitions implements Collector {
  readonly #options: DomainDefinitionsOptions;
  readonly #read = new Map<string, ReadState>();
  readonly #baselines = new WeakMap<
    DomainRecord,
    { readonly id: number; readonly baseline: StartBaseline | undefined }
  >();

  constructor(options: DomainDefinitionsOptions) {
    this.#options = options;
  }

  async collect(pass: CollectorPass): Promise<void> {
    const { only } = pass;
    const { present } = pass.domains;
    const staleBefore = pass.now - this.#options.intervalSec * 1000;
    const due = present.filter(({ uuid }) =>
      only === undefined ? (this.#read.get(uuid)?.readAt ?? 0) <= staleBefore : only.has(uuid),
    );
    this.#forgetVanished(present);
    const readers = Array.from({ length: readersInFlight }, async () => {
      for (let record = due.shift(); record !== undefined; record = due.shift()) {
        if (pass.signal.aborted) return;
        await this.#collectOne(pass, record);
      }
    });
    await Promise.all(readers);
  }

  async #collectOne(pass: CollectorPass, record: DomainRecord): Promise<void> {
    try {
      const { active, persistent } = record;
      const live = active ? await this.#xml(pass, record, xmlFlags.live) : undefined;
      const inactive = persistent || !active ? await this.#xml(pass, record, xmlFlags.inactive) : undefined;
      if (live === notNow || inactive === notNow) {
        pass.postpone(record);
        return;
      }
      const text = live ?? inactive;
      if (text === undefined) return;
      const digest = createHash('sha1')
        .update(`${record.id}\0${live ?? ''}\0${inactive ?? ''}`)
        .digest('base64');
      const known = this.#read.get(record.uuid);
      this.#read.set(record.uuid, { digest, readAt: Date.now() });
      if (known?.digest === digest && record.definition !== undefined) return;
      await this.#take(pass, record, text, live, inactive);
    } catch (error) {
      if (error instanceof ConnectionLostError) throw error;
      this.#read.set(record.uuid, { digest: '', readAt: Date.now() });
      pass.failed(error, record.name);
    }
  }

  async #xml(pass: CollectorPass, record: DomainRecord, flags: number): Promise<string | typeof notNow> {
    try {
      return await pass.libvirt.call(domainGetXmlDesc, { domain: record.ref, flags });
    } catch (error) {
      if (error instanceof CallTimeoutError) pass.failed(error, record.name);
      else if (!(error instanceof NotCalledError)) throw error;
      return notNow;
    }
  }

  async #take(
    pass: CollectorPass,
    record: DomainRecord,
    text: string,
    live: string | undefined,
    inactive: string | undefined,
  ): Promise<void> {
    const liveRoot = live === undefined ? undefined : await parseXmlInSlices(live);
    const inactiveRoot = inactive === undefined ? undefined : await parseXmlInSlices(inactive);
    const root = liveRoot ?? inactiveRoot;
    if (root === undefined) return;
    const definition = readDomainDefinition(root);
    const hash =
      inactiveRoot === undefined ? definitionHash(root, 'active') : definitionHash(inactiveRoot, 'inactive');
    const facts = pass.indexes.facts(record.uuid);
    const lastChangeAt = facts.hash === hash ? facts.hashChangedAt : Date.now();
    pass.indexes.setFacts(record.uuid, { hash, hashChangedAt: lastChangeAt });
    const { withMetadata, withXml, labels, local } = this.#options;
    // There may be an IOThread now.
    record.runtime.idleGroups = undefined;
    record.definition = ownCopy({
      spec: {
        ...definition.spec,
        ...(inactiveRoot === undefined ? undefined : readSpec(inactiveRoot)),
        // Ports and addresses are known only while the domain runs.
        graphics: definition.spec.graphics,
        hash,
        lastChangeAt,
        pendingChange:
          liveRoot === undefined || inactiveRoot === undefined
            ? undefined
            : pendingChange(liveRoot, inactiveRoot, this.#baseline(record, liveRoot, inactiveRoot)),
      },
      disks: definition.disks,
      nics: definition.nics,
      nova: withMetadata ? definition.nova : undefined,
      labels: withMetadata ? labels.read(root) : [],
      xmlChunks: withXml ? chunksOf(text) : [],
      agentChannel: agentChannelOf(definition),
    });
    if (local && record.active) await this.#lookAtHost(pass, record, record.definition.nics);
    record.touch();
    pass.buildRow(record);
    pass.configChanged();
  }

  /** What differs between the two definitions of a run whose start was seen, which is no change since. */
  #baseline(record: DomainRecord, live: XmlElement, inactive: XmlElement): StartBaseline | undefined {
    const known = this.#baselines.get(record);
    if (known?.id === record.id) return known.baseline;
    const { startedAt, startSource } = record;
    const seen = startSource === 'event' && startedAt !== undefined && Date.now() - startedAt < startSeenMs;
    const baseline = seen ? startBaseline(live, inactive) : undefined;
    this.#baselines.set(record, { id: record.id, baseline });
    return baseline;
  }

  async #lookAtHost(pass: CollectorPass, record: DomainRecord, nics: DefinitionFacts['nics']): Promise<void> {
    record.runtime.nicLinks = await readNicLinks(nics);
    if (record.startSource !== 'firstSeen') return;
    const startedAt = await processStart(record.name, record.uuid);
    if (startedAt !== undefined) pass.domains.setStart(record, startedAt, 'process');
  }

  #forgetVanished(present: readonly DomainRecord[]): void {
    if (this.#read.size <= present.length) return;
    const uuids = new Set(present.map((record) => record.uuid));
    for (const uuid of this.#read.keys()) if (!uuids.has(uuid)) this.#read.delete(uuid);
  }
}

function agentChannelOf(definition: DomainDefinition): 'connected' | 'disconnected' | 'unknown' | undefined {
  return definition.agentChannel.present ? (definition.agentChannel.state ?? 'unknown') : undefined;
}

function chunksOf(text: string): readonly XmlChunk[] {
  const octets = Buffer.from(text, 'utf8');
  const chunks: XmlChunk[] = [];
  for (let from = 0; from < octets.length; from += chunkOctets) {
    chunks.push({ number: chunks.length + 1, octets: octets.subarray(from, from + chunkOctets) });
  }
  return chunks;
}

/**
 * The same facts in strings of their own. V8 makes a part of a text a reference into it, so that a MAC address
 * would keep the whole definition in memory, ten thousand characters and more a domain.
 */
function ownCopy(facts: DefinitionFacts): DefinitionFacts {
  return structuredClone(facts);
}
