import type { GraphicsAddress, LibvirtEvent } from './events.ts';
import { decodeDomain, decodeNamed, optionalText, text } from './object-refs.ts';
import { type DomainRef, limits } from './protocol.ts';
import { decodeTypedParams } from './typed-params.ts';
import type { XdrReader } from './xdr.ts';

type DecodeDomainEvent = (reader: XdrReader, domain: DomainRef) => LibvirtEvent;
type DecodeEvent = (reader: XdrReader) => LibvirtEvent;

const alias = (reader: XdrReader): string => text(reader, 'device alias');
const path = (reader: XdrReader): string => text(reader, 'path');

function graphicsAddress(reader: XdrReader): GraphicsAddress {
  return { family: reader.i32(), node: text(reader, 'node'), service: text(reader, 'service') };
}

/** By message procedure: events that start with `int callbackID, domain`. */
const domainEvents: ReadonlyMap<number, DecodeDomainEvent> = new Map<number, DecodeDomainEvent>([
  [318, (reader, domain) => ({ type: 'lifecycle', domain, event: reader.i32(), detail: reader.i32() })],
  [319, (_, domain) => ({ type: 'reboot', domain })],
  [320, (reader, domain) => ({ type: 'rtcChange', domain, offsetSec: reader.i64Count() })],
  [321, (reader, domain) => ({ type: 'watchdog', domain, action: reader.i32() })],
  [
    322,
    (reader, domain) => ({
      type: 'ioError',
      domain,
      path: path(reader),
      alias: alias(reader),
      action: reader.i32(),
    }),
  ],
  [
    323,
    (reader, domain) => ({
      type: 'graphics',
      domain,
      phase: reader.i32(),
      local: graphicsAddress(reader),
      remote: graphicsAddress(reader),
      authScheme: text(reader, 'authentication scheme'),
      identities: reader.array(limits.graphicsIdentities, 'identities', (inner) => ({
        type: text(inner, 'identity type'),
        name: text(inner, 'identity name'),
      })),
    }),
  ],
  [
    324,
    (reader, domain) => ({
      type: 'ioErrorReason',
      domain,
      path: path(reader),
      alias: alias(reader),
      action: reader.i32(),
      reason: text(reader, 'reason'),
    }),
  ],
  [325, (_, domain) => ({ type: 'controlError', domain })],
  [
    326,
    (reader, domain) => ({
      type: 'blockJob',
      domain,
      path: path(reader),
      dst: undefined,
      jobType: reader.i32(),
      status: reader.i32(),
    }),
  ],
  [
    327,
    (reader, domain) => ({
      type: 'diskChange',
      domain,
      oldPath: optionalText(reader, 'path'),
      newPath: optionalText(reader, 'path'),
      alias: alias(reader),
      reason: reader.i32(),
    }),
  ],
  [328, (reader, domain) => ({ type: 'trayChange', domain, alias: alias(reader), reason: reader.i32() })],
  [331, (reader, domain) => ({ type: 'balloonChange', domain, actual: reader.u64Count() })],
  [333, (reader, domain) => ({ type: 'deviceRemoved', domain, alias: alias(reader) })],
  [
    339,
    (reader, domain) => ({
      type: 'blockJob',
      domain,
      path: undefined,
      dst: text(reader, 'disk target'),
      jobType: reader.i32(),
      status: reader.i32(),
    }),
  ],
  [
    346,
    (reader, domain) => ({
      type: 'tunable',
      domain,
      params: decodeTypedParams(reader, limits.tunableParams),
    }),
  ],
  [348, (reader, domain) => ({ type: 'agentLifecycle', domain, state: reader.i32(), reason: reader.i32() })],
  [354, (reader, domain) => ({ type: 'deviceAdded', domain, alias: alias(reader) })],
  [359, (reader, domain) => ({ type: 'migrationIteration', domain, iteration: reader.i32() })],
  [
    363,
    (reader, domain) => ({
      type: 'jobCompleted',
      domain,
      params: decodeTypedParams(reader, limits.jobCompletedParams),
    }),
  ],
  [367, (reader, domain) => ({ type: 'deviceRemovalFailed', domain, alias: alias(reader) })],
  [
    379,
    (reader, domain) => ({
      type: 'metadataChange',
      domain,
      metadataType: reader.i32(),
      namespaceUri: optionalText(reader, 'namespace URI'),
    }),
  ],
  [
    385,
    (reader, domain) => ({
      type: 'blockThreshold',
      domain,
      dev: text(reader, 'disk target'),
      path: optionalText(reader, 'path'),
      threshold: reader.u64Count(),
      excess: reader.u64Count(),
    }),
  ],
  [
    423,
    (reader, domain) => ({
      type: 'memoryFailure',
      domain,
      recipient: reader.i32(),
      action: reader.i32(),
      flags: reader.u32(),
    }),
  ],
  [
    438,
    (reader, domain) => ({
      type: 'memoryDeviceSizeChange',
      domain,
      alias: alias(reader),
      sizeKib: reader.u64Count(),
    }),
  ],
  [
    453,
    (reader, domain) => ({
      type: 'nicMacChange',
      domain,
      alias: alias(reader),
      oldMac: text(reader, 'MAC address'),
      newMac: text(reader, 'MAC address'),
    }),
  ],
]);

/** `int callbackID, int reason, domain` */
function powerEvent(type: 'pmWakeup' | 'pmSuspend' | 'pmSuspendDisk'): DecodeEvent {
  return (reader) => {
    reader.i32();
    const reason = reader.i32();
    return { type, domain: decodeDomain(reader), reason };
  };
}

/** The message procedure of the event that there is no connection to the hypervisor's driver any more. */
export const connectionClosedEvent = 362;

/** By message procedure: all other events. */
const otherEvents: ReadonlyMap<number, DecodeEvent> = new Map<number, DecodeEvent>([
  [
    315,
    (reader) => {
      reader.i32();
      const network = decodeNamed(reader);
      return { type: 'networkLifecycle', network, event: reader.i32(), detail: reader.i32() };
    },
  ],
  [329, powerEvent('pmWakeup')],
  [330, powerEvent('pmSuspend')],
  [332, powerEvent('pmSuspendDisk')],
  [connectionClosedEvent, (reader) => ({ type: 'connectionClosed', reason: reader.i32() })],
  [
    370,
    (reader) => {
      reader.i32();
      const pool = decodeNamed(reader);
      return { type: 'storagePoolLifecycle', pool, event: reader.i32(), detail: reader.i32() };
    },
  ],
  [
    373,
    (reader) => {
      reader.i32();
      return { type: 'storagePoolRefresh', pool: decodeNamed(reader) };
    },
  ],
]);

/**
 * Decodes the payload of an event message. The callback's id at its start says nothing that the
 * procedure does not say.
 *
 * @throws ProtocolError if the payload does not fit the procedure.
 */
export function decodeEvent(procedure: number, reader: XdrReader): LibvirtEvent {
  const domainEvent = domainEvents.get(procedure);
  if (domainEvent !== undefined) {
    reader.i32();
    const event = domainEvent(reader, decodeDomain(reader));
    reader.expectEnd();
    return event;
  }
  const otherEvent = otherEvents.get(procedure);
  if (otherEvent === undefined) {
    return { type: 'unknown', procedure };
  }
  const event = otherEvent(reader);
  reader.expectEnd();
  return event;
}
