import { type EventKind, eventKinds } from '../model/event.ts';

/** The name of an event kind in the configuration: as `virsh event --list` writes it (io-error). */
export function eventName(kind: EventKind): string {
  return kind.replace(/[A-Z]|\d+/g, (part) => `-${part.toLowerCase()}`);
}

/** Every event name of the configuration with its kind. */
export const eventKindByName: ReadonlyMap<string, EventKind> = new Map(
  (Object.keys(eventKinds) as EventKind[]).map((kind) => [eventName(kind), kind]),
);
