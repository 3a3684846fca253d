import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../../../src/errors.ts';
import { decodeEvent } from '../../../src/libvirt/event-decoder.ts';
import type { LibvirtEvent } from '../../../src/libvirt/events.ts';
import { decodeHeader } from '../../../src/libvirt/protocol.ts';
import { XdrReader, XdrWriter } from '../../../src/libvirt/xdr.ts';
import { loadHexFixture, payloadReader } from '../../support/hex-fixture.ts';

const domain = { name: 'odd näme "q" <&> %s', uuid: '5a3f9a9a-3c9e-43f3-a035-661c5fce89ac', id: 1 };

function recorded(fixture: string): LibvirtEvent {
  const { event } = loadHexFixture(fixture);
  return decodeEvent(decodeHeader(event).procedure, payloadReader(event));
}

describe('decodeEvent, of names that no driver takes', () => {
  it('cuts them, between two characters', () => {
    const writer = new XdrWriter({ capacity: 8 * 1024 * 1024 });
    writer.i32(7);
    writer.string(`${'x'.repeat(1023)}${'ä'.repeat(1024 * 1024)}`);
    writer.uuid(domain.uuid);
    writer.i32(1);
    const event = decodeEvent(319, new XdrReader(writer.finish()));
    expect(event).toEqual({ type: 'reboot', domain: { ...domain, name: 'x'.repeat(1023) } });
  });
});

describe('decodeEvent, on octets of a real libvirtd', () => {
  it('lifecycle', () => {
    expect(recorded('event-lifecycle')).toEqual({ type: 'lifecycle', domain, event: 3, detail: 0 });
  });

  it('reboot', () => {
    expect(recorded('event-reboot')).toEqual({ type: 'reboot', domain });
  });

  it('deviceAdded', () => {
    expect(recorded('event-device-added')).toEqual({ type: 'deviceAdded', domain, alias: 'virtio-disk2' });
  });

  it('metadataChange', () => {
    expect(recorded('event-metadata-change')).toEqual({
      type: 'metadataChange',
      domain,
      metadataType: 1,
      namespaceUri: undefined,
    });
  });

  it('tunable', () => {
    const event = recorded('event-tunable');
    expect(event).toMatchObject({ type: 'tunable', domain, params: { values: ['vda', 100] } });
  });
});

describe('decodeEvent', () => {
  it('tells a message it does not know by its number', () => {
    expect(decodeEvent(999, new XdrReader(new Uint8Array(8)))).toEqual({ type: 'unknown', procedure: 999 });
  });

  it('refuses a message with octets left over or missing', () => {
    const { event } = loadHexFixture('event-lifecycle');
    const longer = new Uint8Array(event.length + 4);
    longer.set(event);
    expect(() => decodeEvent(318, payloadReader(longer))).toThrow(ProtocolError);
    expect(() => decodeEvent(318, payloadReader(event.subarray(0, event.length - 4)))).toThrow(ProtocolError);
  });

  it('reads the power events, whose reason comes before the domain', () => {
    const writer = new XdrWriter();
    writer.i32(5);
    writer.i32(0);
    writer.string(domain.name);
    writer.uuid(domain.uuid);
    writer.i32(domain.id);
    for (const [procedure, type] of [
      [329, 'pmWakeup'],
      [330, 'pmSuspend'],
      [332, 'pmSuspendDisk'],
    ] as const) {
      expect(decodeEvent(procedure, new XdrReader(writer.finish()))).toEqual({ type, domain, reason: 0 });
    }
  });
});
