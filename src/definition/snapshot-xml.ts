import type { EpochMs } from '../model/scalar-types.ts';
import { DefinitionError } from './definition-error.ts';
import { cutElement } from './domain-document.ts';
import { childOf, integerOf, parseXmlInTurns, textOf } from './xml-tree.ts';

/** What the agent needs from the XML of a snapshot or a checkpoint. */
export interface SnapshotDefinition {
  readonly name: string | undefined;
  readonly createdAt: EpochMs | undefined;
}

/** The definitions of the domain that a snapshot holds are long, and nothing of them is needed. */
function withoutDomains(xml: string): string {
  let rest = xml;
  for (const name of ['inactiveDomain', 'domain']) rest = cutElement(rest, name)?.rest ?? rest;
  return rest;
}

/**
 * Reads the XML of virDomainSnapshotGetXMLDesc or virDomainCheckpointGetXMLDesc. libvirt tells the time of
 * creation in whole seconds.
 *
 * @throws DefinitionError if the text cannot be read or is neither.
 */
export async function parseSnapshotXml(xml: string): Promise<SnapshotDefinition> {
  const root = await parseXmlInTurns(withoutDomains(xml));
  if (root.name !== 'domainsnapshot' && root.name !== 'domaincheckpoint') {
    throw new DefinitionError(`XML is a ${root.qualifiedName} element where a snapshot was expected`);
  }
  const seconds = integerOf(textOf(childOf(root, 'creationTime')));
  return {
    name: textOf(childOf(root, 'name')),
    createdAt: seconds === undefined || seconds <= 0 ? undefined : seconds * 1000,
  };
}
