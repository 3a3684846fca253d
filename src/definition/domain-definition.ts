import type { NovaMetadata } from '../model/domain.ts';
import { type DiskDefinition, readDisks } from './disk-definition.ts';
import { type NicDefinition, readNics } from './nic-definition.ts';
import { readNova } from './nova.ts';
import { readSpec, type SpecDefinition } from './spec.ts';
import {
  attributeOf,
  childOf,
  childrenOf,
  expectRoot,
  integerOf,
  parseXml,
  textOf,
  type XmlElement,
} from './xml-tree.ts';

/** What the agent needs from the XML of a domain (virDomainGetXMLDesc), active or inactive. */
export interface DomainDefinition {
  readonly name: string | undefined;
  /** Lower case. */
  readonly uuid: string | undefined;
  readonly spec: SpecDefinition;
  readonly disks: readonly DiskDefinition[];
  readonly nics: readonly NicDefinition[];
  /** Numbers of the IOThreads. */
  readonly iothreadIds: readonly number[];
  readonly agentChannel: AgentChannel;
  /** Period of the balloon's statistics in seconds; 0 or undefined: the guest's memory figures are not collected. */
  readonly balloonPeriodSec: number | undefined;
  /** Names of the performance events that are enabled: cpu_cycles, cmt, ... */
  readonly perfEvents: readonly string[];
  /** Whether libvirt itself monitors cache or memory bandwidth (cputune with resctrl groups). */
  readonly resctrl: boolean;
  readonly nova: NovaMetadata | undefined;
}

/** The channel of the QEMU guest agent. */
export interface AgentChannel {
  readonly present: boolean;
  /** Of an active domain only. */
  readonly state: 'connected' | 'disconnected' | undefined;
}

/**
 * Parses the XML of a domain. Elements it does not know are ignored; an absent or malformed value is
 * undefined.
 *
 * @throws DefinitionError if the text is not well-formed, exceeds the limits of `xml-tree.ts` or is not a domain.
 */
export function parseDomainXml(xml: string): DomainDefinition {
  return readDomainDefinition(parseXml(xml));
}

/** As {@link parseDomainXml}, for a document that is parsed already. */
export function readDomainDefinition(root: XmlElement): DomainDefinition {
  expectRoot(root, 'domain');
  const devices = childOf(root, 'devices');
  return {
    name: textOf(childOf(root, 'name')),
    uuid: textOf(childOf(root, 'uuid'))?.toLowerCase(),
    spec: readSpec(root),
    disks: readDisks(devices),
    nics: readNics(devices),
    iothreadIds: readIothreadIds(root),
    agentChannel: readAgentChannel(devices),
    balloonPeriodSec: integerOf(attributeOf(childOf(childOf(devices, 'memballoon'), 'stats'), 'period')),
    perfEvents: readPerfEvents(root),
    resctrl: usesResctrl(root),
    nova: readNova(childOf(root, 'metadata')),
  };
}

/** An iothreadids element, where there is one, names some or all; libvirt numbers the others from 1 upwards. */
function readIothreadIds(root: XmlElement): number[] {
  const named = childrenOf(childOf(root, 'iothreadids'), 'iothread')
    .map((iothread) => integerOf(attributeOf(iothread, 'id')))
    .filter((id) => id !== undefined);
  const ids = new Set(named);
  const wanted = Math.min(integerOf(textOf(childOf(root, 'iothreads'))) ?? 0, maxIothreads);
  for (let id = 1; ids.size < wanted; id += 1) ids.add(id);
  return [...ids].sort((a, b) => a - b);
}

/** More than any host runs; a larger number in a definition is not believed. */
const maxIothreads = 65_536;

function readAgentChannel(devices: XmlElement | undefined): AgentChannel {
  for (const channel of childrenOf(devices, 'channel')) {
    const target = childOf(channel, 'target');
    if (attributeOf(target, 'type') !== 'virtio') continue;
    if (attributeOf(target, 'name') !== 'org.qemu.guest_agent.0') continue;
    const state = attributeOf(target, 'state');
    return {
      present: true,
      state: state === 'connected' || state === 'disconnected' ? state : undefined,
    };
  }
  return { present: false, state: undefined };
}

function readPerfEvents(root: XmlElement): string[] {
  return childrenOf(childOf(root, 'perf'), 'event')
    .filter((event) => attributeOf(event, 'enabled') === 'yes')
    .map((event) => attributeOf(event, 'name'))
    .filter((name) => name !== undefined);
}

function usesResctrl(root: XmlElement): boolean {
  const cputune = childOf(root, 'cputune');
  return childOf(cputune, 'cachetune') !== undefined || childOf(cputune, 'memorytune') !== undefined;
}
