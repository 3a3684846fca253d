import type { DomainSpec, Label, NovaMetadata } from '../model/domain.ts';
import { definitionHash } from './definition-hash.ts';
import type { DiskDefinition } from './disk-definition.ts';
import { readDomainDefinition } from './domain-definition.ts';
import { type DomainDocument, readDomainDocument } from './domain-document.ts';
import type { LabelReader } from './labels.ts';
import type { NicDefinition } from './nic-definition.ts';
import {
  type AdjustableSizes,
  adjustableSizes,
  pendingChange,
  type RunStart,
  startBaseline,
} from './pending-change.ts';
import { readSpec } from './spec.ts';

/** The XML of a domain; at least one of the two. Plain data, so that another thread can read it. */
export interface DomainTexts {
  /** Of an active domain. */
  readonly live: string | undefined;
  /** Of a persistent or inactive one. */
  readonly inactive: string | undefined;
  /** What is known of the beginning of the run. */
  readonly start: RunStart;
  /** Whether the run has begun only now, so that none of what differs is a change. */
  readonly isFresh: boolean;
}

/** What the texts say. Plain data. */
export interface DomainReading {
  readonly spec: Omit<DomainSpec, 'lastChangeAt'>;
  readonly disks: readonly DiskDefinition[];
  readonly nics: readonly NicDefinition[];
  readonly nova: NovaMetadata | undefined;
  readonly labels: readonly Label[];
  /** State attribute of the guest agent's channel; undefined without such a channel. */
  readonly agentChannel: 'connected' | 'disconnected' | 'unknown' | undefined;
  /** Why the metadata could not be read; undefined where it was. */
  readonly metadataFault: string | undefined;
  /** To be given with the texts of the same run from now on. */
  readonly start: RunStart;
}

/**
 * Reads the definitions of a domain.
 *
 * @throws DefinitionError if one of them cannot be read.
 */
export function readDomain(texts: DomainTexts, labels: LabelReader): DomainReading {
  const live = texts.live === undefined ? undefined : readDomainDocument(texts.live);
  const inactive = texts.inactive === undefined ? undefined : readDomainDocument(texts.inactive);
  const document = live ?? inactive;
  if (document === undefined) throw new RangeError('no text to read');
  const { root } = document;
  const definition = readDomainDefinition(root);
  const { present, state } = definition.agentChannel;
  const start = beginning(texts, live, inactive);
  return {
    spec: {
      ...definition.spec,
      ...(inactive === undefined ? undefined : readSpec(inactive.root)),
      // Ports and addresses are known only while the domain runs.
      graphics: definition.spec.graphics,
      hash: inactive === undefined ? hashOf(document, 'active') : hashOf(inactive, 'inactive'),
      pendingChange:
        live === undefined || inactive === undefined
          ? undefined
          : live.metadataDigest !== inactive.metadataDigest || pendingChange(live.root, inactive.root, start),
    },
    disks: definition.disks,
    nics: definition.nics,
    nova: definition.nova,
    labels: labels.read(root),
    agentChannel: present ? (state ?? 'unknown') : undefined,
    metadataFault: document.metadataFault,
    start,
  };
}

/** What is known already of the beginning of the run, or else what the first texts of it say. */
function beginning(
  { start, isFresh }: DomainTexts,
  live: DomainDocument | undefined,
  inactive: DomainDocument | undefined,
): RunStart {
  if (live === undefined || inactive === undefined) return start;
  const sizes: AdjustableSizes = start.sizes ?? adjustableSizes(inactive.root);
  const baseline = start.baseline ?? (isFresh ? startBaseline(live.root, inactive.root) : undefined);
  return { sizes, baseline };
}

function hashOf({ root, metadataDigest }: DomainDocument, kind: 'active' | 'inactive'): string {
  return definitionHash(root, kind, metadataDigest);
}
