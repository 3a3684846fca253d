import { describe, expect, it } from 'vitest';
import { connectListAllDomains } from '../../../src/libvirt/procedures.ts';
import { sameReplyOnce } from '../../../src/libvirt/same-reply.ts';
import { XdrReader, XdrWriter } from '../../../src/libvirt/xdr.ts';

const uuid = '8d5f2c0e-0a54-4d0c-9a53-0f1f6e5d0001';

/** A reply with domains of these names, behind some octets that are no part of it. */
function reply(...names: readonly string[]): XdrReader {
  const writer = new XdrWriter();
  writer.u32(7);
  writer.array(names, (inner, name) => {
    inner.string(name);
    inner.uuid(uuid);
    inner.i32(-1);
  });
  writer.u32(names.length);
  return new XdrReader(Buffer.from(writer.finish()), 4);
}

describe('sameReplyOnce', () => {
  it('gives the same object for the same octets, and goes to the end of the message', () => {
    const { decode } = sameReplyOnce(connectListAllDomains);
    const first = decode(reply('web-1', 'db-1'));
    const again = reply('web-1', 'db-1');
    expect(decode(again)).toBe(first);
    expect(again.remaining).toBe(0);
    expect(first.map(({ name }) => name)).toEqual(['web-1', 'db-1']);
  });

  it('decodes other octets, also of the same length, and those of before again', () => {
    const { decode } = sameReplyOnce(connectListAllDomains);
    const first = decode(reply('web-1'));
    expect(decode(reply('web-2'))).toEqual([{ name: 'web-2', uuid, id: -1 }]);
    const back = decode(reply('web-1'));
    expect(back).toEqual(first);
    expect(back).not.toBe(first);
  });

  it('does not depend on memory that is written over', () => {
    const { decode } = sameReplyOnce(connectListAllDomains);
    const message = reply('web-1');
    const first = decode(message);
    message.bytes.fill(0);
    expect(decode(reply('web-1'))).toBe(first);
  });

  it('does not take what is left over for a part of the reply the next time', () => {
    const { decode } = sameReplyOnce(connectListAllDomains);
    const longer = (): XdrReader => new XdrReader(Buffer.concat([reply('web-1').bytes, Buffer.alloc(4)]), 4);
    decode(longer());
    const again = longer();
    decode(again);
    expect(again.remaining).toBe(4);
  });
});
