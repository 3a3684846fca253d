import { converterOf, keepMoment, wallOffset } from '../smi/convert.ts';
import type { ObjectDefinition } from '../smi/definition.ts';
import type { Slot } from '../tree/bound-tree.ts';
import type { Oid } from '../tree/oid.ts';
import type { AnyReader } from './bind.ts';

/** @param layout which of the tree's layouts the rows of the object are those of. */
export function slotOf(
  name: string,
  oid: Oid,
  definition: ObjectDefinition,
  reader: AnyReader,
  layout: number,
): Slot {
  const common = {
    name,
    oid,
    syntax: definition.syntax,
    layout,
    member: undefined,
    memberIsFixed: false,
    convertedBy: undefined,
    writable: definition.access === 'read-write',
  };
  if ('moment' in reader) {
    return { ...common, clock: reader.clock, read: reader.moment, part: undefined, convert: keepMoment };
  }
  const clock = definition.kind === 'timeStamp' ? 'timeStamp' : undefined;
  const convert = converterOf(definition);
  const convertedBy = definition.kind === 'dateAndTime' ? wallOffset : undefined;
  if ('member' in reader) {
    const { member, memberIsFixed } = reader;
    return { ...common, clock, read: () => undefined, part: undefined, member, memberIsFixed, convert };
  }
  if ('part' in reader) {
    const { part, read } = reader;
    const readPart = (row: unknown): unknown => {
      const given = part(row);
      return given === undefined ? undefined : read(given);
    };
    return { ...common, clock, read: readPart, part, convert, convertedBy };
  }
  return { ...common, clock, read: reader, part: undefined, convert, convertedBy };
}
