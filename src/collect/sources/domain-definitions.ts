import { createHash } from 'node:crypto';
import { keptDefinitions } from '../../config/kept-definitions.ts';
import { DefinitionError } from '../../definition/definition-error.ts';
import type { NicDefinition } from '../../definition/nic-definition.ts';
import { identifyNics, shareMac } from '../../definition/nic-identity.ts';
import type { AdjustableSizes, StartBaseline } from '../../definition/pending-change.ts';
import { ConnectionLostError } from '../../errors.ts';
import { CallTimeoutError } from '../../libvirt/connection.ts';
import { domainGetXmlDesc } from '../../libvirt/procedures.ts';
import { xmlFlags } from '../../libvirt-enums/flags.ts';
import type { XmlChunk } from '../../model/domain.ts';
import type { KnownNic } from '../../model/nic.ts';
import type { EpochMs } from '../../model/scalar-types.ts';
import { systemClock } from '../../run/clock.ts';
import { NotCalledError } from '../access/call-gate.ts';
import { DomainReader } from '../reader/domain-reader.ts';
import type { DefinitionFacts, DomainRecord } from '../records/domain-record.ts';
import type { WarningBoard } from '../records/warning-board.ts';
import type { Collector, CollectorKind, CollectorPass } from './collector.ts';
import { ProcessFinder } from './hypervisor-process.ts';
import { readNicLinks } from './nic-links.ts';

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
  readonly reader: DomainReader;
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
  make: ({ config, intervalSec, local, has }) => {
    const { labels, namespaces } = config;
    return new DomainDefinitions({
      intervalSec,
      withXml: keptDefinitions(config).forHttp,
      withMetadata: has('metadata'),
      reader: new DomainReader({ rules: has('metadata') ? labels : [], namespaces }),
      local,
    });
  },
};

interface RunBaseline {
  readonly startedAt: EpochMs | undefined;
  readonly baseline: StartBaseline | undefined;
}

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
  readonly #finder = new ProcessFinder();
  /** What differed at the start of the runs whose start was seen. */
  readonly #baselines = new WeakMap<DomainRecord, RunBaseline>();
  /** Interfaces by UUID, those that are gone included. */
  readonly #nics = new Map<string, readonly KnownNic[]>();
  readonly #faults = new FaultList();

  constructor(options: DomainDefinitionsOptions) {
    this.#options = options;
  }

  async collect(pass: CollectorPass): Promise<void> {
    const { only } = pass;
    const { present } = pass.domains;
    const staleBefore = pass.now - this.#options.intervalSec * 1000;
    const due = present.filter(({ uuid, name }) => {
      if (only !== undefined) return only.has(uuid);
      if ((this.#read.get(uuid)?.readAt ?? 0) <= staleBefore) return true;
      pass.spared(name);
      return false;
    });
    this.#forgetVanished(present);
    const readers = Array.from({ length: readersInFlight }, async () => {
      for (let record = due.shift(); record !== undefined; record = due.shift()) {
        if (pass.signal.aborted) return;
        await this.#collectOne(pass, record);
      }
    });
    await Promise.all(readers);
    this.#faults.show(pass.warnings);
  }

  async #collectOne(pass: CollectorPass, record: DomainRecord): Promise<void> {
    try {
      const { active, persistent } = record;
      const live = active ? await this.#xml(pass, record, xmlFlags.live) : undefined;
      const inactive = persistent || !active ? await this.#xml(pass, record, xmlFlags.inactive) : undefined;
      if (live === notNow || inactive === notNow) {
        pass.spared(record.name);
        pass.postpone(record);
        return;
      }
      const text = live ?? inactive;
      if (text === undefined) return;
      const digest = createHash('sha1')
        .update(`${record.id}\0${live ?? ''}\0${inactive ?? ''}`)
        .digest('base64');
      const known = this.#read.get(record.uuid);
      this.#read.set(record.uuid, { digest, readAt: systemClock.now() });
      if (known?.digest === digest && record.definition !== undefined) return;
      await this.#take(pass, record, text, live, inactive);
    } catch (error) {
      if (error instanceof ConnectionLostError) throw error;
      this.#read.set(record.uuid, { digest: '', readAt: systemClock.now() });
      if (error instanceof DefinitionError) {
        this.#faults.set(record.uuid, `the definition of ${record.name} (${error.message})`);
      }
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
    const { uuid, runtime } = record;
    const { withMetadata, withXml, local, reader } = this.#options;
    if (local && record.active && record.process === undefined) await this.#findProcess(pass, record);
    const isFresh = this.#isFresh(record);
    const baseline = this.#baselineOf(record);
    const sizes = pass.indexes.facts(uuid).runSizes;
    const reading = await reader.read({ live, inactive, start: { baseline, sizes }, isFresh });
    // It was stopped, or started anew, meanwhile: that is another reading.
    if (record.runtime !== runtime) return;
    const { spec, disks, labels, agentChannel, metadataFault, start } = reading;
    this.#keepStart(pass, record, start.sizes, start.baseline);
    this.#faults.set(uuid, metadataFault && `the metadata of ${record.name} (${metadataFault})`);
    const facts = pass.indexes.facts(uuid);
    const lastChangeAt = facts.hash === spec.hash ? facts.hashChangedAt : systemClock.now();
    pass.indexes.setFacts(uuid, { hash: spec.hash, hashChangedAt: lastChangeAt });
    const nics = this.#identify(pass, record, reading.nics);
    // There may be an IOThread now.
    runtime.idleGroups = undefined;
    record.definition = {
      spec: completed(spec, { lastChangeAt }),
      disks,
      nics,
      nova: withMetadata ? reading.nova : undefined,
      labels,
      xmlChunks: withXml ? chunksOf(text) : [],
      agentChannel,
    };
    if (local && record.active) runtime.nicLinks = await readNicLinks(nics);
    record.touch();
    pass.buildRow(record);
    pass.configChanged();
  }

  /** Whether the run has just begun, by an event, by its process, or because the last inventory did not have it. */
  #isFresh({ startedAt, startSource, discontinuityAt }: DomainRecord): boolean {
    if (startedAt === undefined || systemClock.now() - startedAt > startSeenMs) return false;
    return startSource === 'event' || startSource === 'process' || discontinuityAt === startedAt;
  }

  #baselineOf(record: DomainRecord): StartBaseline | undefined {
    const known = this.#baselines.get(record);
    return known?.startedAt === record.startedAt ? known?.baseline : undefined;
  }

  #keepStart(
    pass: CollectorPass,
    record: DomainRecord,
    sizes: AdjustableSizes | undefined,
    baseline: StartBaseline | undefined,
  ): void {
    if (!record.active) return;
    if (baseline !== undefined) this.#baselines.set(record, { startedAt: record.startedAt, baseline });
    if (sizes !== undefined) pass.indexes.setFacts(record.uuid, { runSizes: sizes });
  }

  /** Which interface is which; kept on disk only where the MAC addresses do not say it. */
  #identify(
    pass: CollectorPass,
    { uuid }: DomainRecord,
    nics: readonly NicDefinition[],
  ): DefinitionFacts['nics'] {
    const known = this.#nics.get(uuid) ?? pass.indexes.facts(uuid).nics ?? [];
    const found = identifyNics(nics, known);
    this.#nics.set(uuid, found);
    pass.indexes.setFacts(uuid, { nics: shareMac(found) ? found : undefined });
    return nics.map((nic, at) => completed(nic, { key: found[at]?.key ?? nic.mac }));
  }

  async #findProcess(pass: CollectorPass, record: DomainRecord): Promise<void> {
    const process = await this.#finder.find(record.name, record.uuid);
    if (process !== undefined && record.active) pass.domains.setProcess(record, process);
  }

  #forgetVanished(present: readonly DomainRecord[]): void {
    if (this.#read.size <= present.length) return;
    const uuids = new Set(present.map((record) => record.uuid));
    for (const uuid of this.#read.keys()) {
      if (uuids.has(uuid)) continue;
      this.#read.delete(uuid);
      this.#nics.delete(uuid);
      this.#faults.set(uuid, undefined);
    }
  }
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
 * Adds to a part of a reading, which is ours, in place. Copies made by spreading would get a hidden class each, as large
 * as themselves and as long-lived.
 */
function completed<Part extends object, More extends object>(part: Part, more: More): Part & More {
  return Object.assign(part, more);
}

/** Faults named in the text of the warning. */
const maxNamedFaults = 3;

/** What of the definitions could not be read, for one row of lveWarningTable. */
class FaultList {
  readonly #faults = new Map<string, string>();

  /** @param fault - undefined if there is none any more. */
  set(uuid: string, fault: string | undefined): void {
    if (fault === undefined) this.#faults.delete(uuid);
    else this.#faults.set(uuid, fault);
  }

  show(warnings: WarningBoard): void {
    const faults = [...this.#faults.values()].sort();
    if (faults.length === 0) {
      warnings.clear(warningKey);
      return;
    }
    const more = faults.length - maxNamedFaults;
    const named = faults.slice(0, maxNamedFaults).join('; ');
    const text = `Cannot be read: ${named}${more > 0 ? `; and ${more} more` : ''}.`;
    warnings.raise(
      warningKey,
      'definitionUnreadable',
      `${text} What is shown of these domains lacks it; "virsh dumpxml DOMAIN | xmllint -" says where.`,
    );
  }
}

const warningKey = 'definitions';
