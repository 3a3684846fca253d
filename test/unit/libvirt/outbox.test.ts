import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Framer } from '../../../src/bytes/framer.ts';
import { Outbox } from '../../../src/libvirt/outbox.ts';
import { decodeHeader, frameRule, messageTypes, programs } from '../../../src/libvirt/protocol.ts';
import { framesOf } from '../../support/frames.ts';

function outbox(oneByOne = false) {
  const writes: Uint8Array[] = [];
  const done: (() => void)[] = [];
  const write = (octets: Uint8Array, written: () => void): void => {
    writes.push(octets);
    done.push(written);
  };
  return { writes, done, box: new Outbox(write, oneByOne) };
}

const serialsIn = (octets: Uint8Array): readonly number[] =>
  framesOf(new Framer(frameRule), octets).map((frame) => decodeHeader(frame).serial);

describe('Outbox', () => {
  it('sends the messages of one turn in one write', async () => {
    const { writes, box } = outbox();
    for (const serial of [1, 2, 3]) {
      box.add(
        programs.remote,
        59,
        messageTypes.call,
        serial,
        (writer) => writer.string('x'.repeat(serial)),
        undefined,
      );
    }
    expect(writes).toEqual([]);
    await nextTurn();
    box.add(programs.remote, 59, messageTypes.call, 4, () => undefined, undefined);
    await nextTurn();
    expect(writes.map(serialsIn)).toEqual([[1, 2, 3], [4]]);
  });

  it('uses the memory of a write again once that is done, and not before', async () => {
    const { writes, done, box } = outbox();
    const send = async (serial: number): Promise<void> => {
      box.add(programs.remote, 59, messageTypes.call, serial, (writer) => writer.u32(serial), undefined);
      await nextTurn();
    };
    await send(1);
    await send(2);
    expect(writes.map(serialsIn)).toEqual([[1], [2]]);
    done[0]?.();
    await send(3);
    expect(writes.map((octets) => octets.buffer === writes[0]?.buffer)).toEqual([true, false, true]);
    expect(writes.slice(1).map(serialsIn)).toEqual([[2], [3]]);
  });

  it('sends each message in a write of its own, after the one before, where that is asked for', () => {
    const { writes, done, box } = outbox(true);
    for (const serial of [1, 2, 3]) {
      box.add(programs.remote, 59, messageTypes.call, serial, (writer) => writer.u32(serial), undefined);
    }
    expect(writes.map(serialsIn)).toEqual([[1]]);
    done[0]?.();
    expect(writes.map(serialsIn)).toEqual([[1], [2]]);
    box.close();
    done[1]?.();
    expect(writes).toHaveLength(2);
  });

  it('leaves out a message that cannot be encoded', async () => {
    const { writes, box } = outbox();
    box.add(programs.remote, 59, messageTypes.call, 1, (writer) => writer.string('one'), undefined);
    const add = () =>
      box.add(
        programs.remote,
        59,
        messageTypes.call,
        2,
        (writer) => {
          writer.string('two');
          writer.uuid('no uuid');
        },
        undefined,
      );
    expect(add).toThrow(RangeError);
    box.add(programs.remote, 59, messageTypes.call, 3, () => undefined, undefined);
    await nextTurn();
    expect(writes.map(serialsIn)).toEqual([[1, 3]]);
  });

  it('sends nothing once it is closed', async () => {
    const { writes, box } = outbox();
    box.add(programs.remote, 59, messageTypes.call, 1, () => undefined, undefined);
    box.close();
    await nextTurn();
    expect(writes).toEqual([]);
  });
});
