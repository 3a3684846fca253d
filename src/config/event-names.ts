import { type EventKind, eventKinds } from '../model/event.ts';

type Digit = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9;

/** A name in lower case, with a hyphen before what was a capital or a digit. */
type Hyphened<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? First extends `${Digit}` | Uppercase<First>
    ? `-${Lowercase<First>}${Hyphened<Rest>}`
    : `${First}${Hyphened<Rest>}`
  : '';

/** The names of {@link eventName}. */
export type EventName = Hyphened<EventKind>;

/** The name of an event kind in the configuration: as `virsh event --list` writes it (io-error). */
export function eventName(kind: EventKind): string {
  return kind.replace(/[A-Z]|\d+/g, (part) => `-${part.toLowerCase()}`);
}

/** Every event name of the configuration with its kind. */
export const eventKindByName: ReadonlyMap<string, EventKind> = new Map(
  (Object.keys(eventKinds) as EventKind[]).map((kind) => [eventName(kind), kind]),
);
