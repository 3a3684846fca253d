import { noOverrides, type SeverityOverrides } from '../domain-state/severity.ts';
import { type EventKind, eventKinds } from '../model/event.ts';
import type { Severity } from '../model/scalar-types.ts';

/** Kinds and names of events whose severity is not `okay`; a name wins over its kind. */
const eventSeverities: Readonly<Record<string, Severity>> = {
  suspended: 'warning',
  'suspended/ioerror': 'failure',
  'suspended/watchdog': 'failure',
  'suspended/api_error': 'failure',
  'suspended/postcopy_failed': 'failure',
  'resumed/postcopy_failed': 'failure',
  'stopped/crashed': 'failure',
  'stopped/failed': 'failure',
  pmsuspended: 'warning',
  crashed: 'failure',
  watchdog: 'failure',
  ioError: 'failure',
  ioErrorReason: 'failure',
  controlError: 'failure',
  'blockJob/failed': 'failure',
  'blockJob2/failed': 'failure',
  'blockJob/canceled': 'warning',
  'blockJob2/canceled': 'warning',
  diskChange: 'warning',
  deviceRemovalFailed: 'warning',
  'agentLifecycle/disconnected': 'warning',
  'jobCompleted/failed': 'failure',
  blockThreshold: 'warning',
  memoryFailure: 'failure',
  connectionDown: 'failure',
  diskError: 'failure',
  'poolState/degraded': 'warning',
  'poolState/inaccessible': 'failure',
  eventsLost: 'warning',
};

/** Severity of an event (lveEventSeverity) by its kind and its name (`stopped/crashed`). */
export function eventSeverity(
  kind: EventKind,
  name: string,
  overrides: SeverityOverrides = noOverrides,
): Severity {
  return (
    overrides[`event:${name}`] ??
    eventSeverities[name] ??
    overrides[`event:${kind}`] ??
    eventSeverities[kind] ??
    'okay'
  );
}

/** Whether a key of {@link SeverityOverrides} means an event: `event:watchdog`, `event:stopped/destroyed`. */
export function isEventSeverityKey(key: string): boolean {
  if (!key.startsWith('event:')) return false;
  const kind = key.slice('event:'.length).split('/', 1)[0] ?? '';
  return Object.hasOwn(eventKinds, kind);
}
