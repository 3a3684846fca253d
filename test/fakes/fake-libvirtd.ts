import { createServer, type Server, type Socket } from 'node:net';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { Framer } from '../../src/bytes/framer.ts';
import {
  decodeHeader,
  frameRule,
  HEADER_OCTETS,
  messageStatus,
  messageTypes,
  programs,
} from '../../src/libvirt/protocol.ts';
import { XdrReader, XdrWriter } from '../../src/libvirt/xdr.ts';
import { advance, type FakeDomain, type FleetShape, makeFleet } from './fake-fleet.ts';

export interface FakeLibvirtdOptions extends FleetShape {
  readonly socket: string;
  /** CPUs of the made-up host. */
  readonly hostCpus?: number;
}

/** A procedure's reply: octets, an error, or nothing at all. */
type Answer = Uint8Array | { readonly code: number; readonly message: string } | 'never';

/**
 * A stand-in for libvirtd that speaks its protocol over a UNIX socket: for scale, which no real hypervisor
 * here offers, and for peers that misbehave, which no real libvirtd does. Everything it says of its domains
 * is made up; layouts are those a real daemon sends.
 */
export class FakeLibvirtd {
  readonly fleet: readonly FakeDomain[];
  readonly #byUuid: ReadonlyMap<string, FakeDomain>;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #hostCpus: number;
  /** Procedures answered with silence, by number; the value says for which domain (undefined: for all). */
  readonly silent = new Map<number, ReadonlySet<string> | undefined>();
  /** Bytes sent instead of the next reply, to see what a client makes of them. */
  nextReply: Uint8Array | undefined;
  /** Calls received, by procedure number. */
  readonly calls = new Map<number, number>();
  /** Domains whose control interface is occupied, with the time in milliseconds. */
  readonly occupied = new Map<string, number>();
  #nodeTimeNs = 1_000_000_000_000n;

  private constructor(options: FakeLibvirtdOptions) {
    this.fleet = makeFleet(options);
    this.#byUuid = new Map(this.fleet.map((domain) => [domain.uuid, domain]));
    this.#hostCpus = options.hostCpus ?? 16;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async start(options: FakeLibvirtdOptions): Promise<FakeLibvirtd> {
    const fake = new FakeLibvirtd(options);
    await new Promise<void>((resolve, reject) => {
      fake.#server.once('error', reject);
      fake.#server.listen(options.socket, resolve);
    });
    return fake;
  }

  /** Sends a lifecycle event (virDomainEventType and detail) to every client. */
  emitLifecycle(domain: FakeDomain, event: number, detail: number): void {
    const writer = this.#message(318, messageTypes.message, 0, messageStatus.ok);
    writer.i32(1);
    writer.string(domain.name);
    writer.uuid(domain.uuid);
    writer.i32(domain.id);
    writer.i32(event);
    writer.i32(detail);
    const octets = finish(writer);
    for (const socket of this.#sockets) socket.write(octets);
  }

  /** Ends all connections, as a daemon does that dies. */
  dropClients(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.dropClients();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    const framer = new Framer(frameRule);
    socket.on('data', (chunk) => {
      for (const frame of framer.push(chunk)) this.#onFrame(socket, frame);
    });
  }

  #onFrame(socket: Socket, frame: Uint8Array): void {
    const header = decodeHeader(frame);
    if (header.program === programs.keepalive) {
      if (header.procedure === 1) socket.write(keepalivePong);
      return;
    }
    this.calls.set(header.procedure, (this.calls.get(header.procedure) ?? 0) + 1);
    const answer = this.#answer(header.procedure, new XdrReader(frame, HEADER_OCTETS));
    if (answer === 'never') return;
    if (this.nextReply !== undefined) {
      socket.write(this.nextReply);
      this.nextReply = undefined;
      return;
    }
    const failed = !(answer instanceof Uint8Array);
    const status = failed ? messageStatus.error : messageStatus.ok;
    const writer = this.#message(header.procedure, messageTypes.reply, header.serial, status);
    if (failed) writeError(writer, answer.code, answer.message);
    else writer.bytes(answer);
    socket.write(finish(writer));
  }

  #message(procedure: number, type: number, serial: number, status: number): XdrWriter {
    const writer = new XdrWriter({ capacity: 1024 });
    writer.reserve(4);
    writer.u32(programs.remote);
    writer.u32(1);
    writer.i32(procedure);
    writer.i32(type);
    writer.u32(serial);
    writer.i32(status);
    return writer;
  }

  #answer(procedure: number, reader: XdrReader): Answer {
    if (this.silent.has(procedure)) {
      const domains = this.silent.get(procedure);
      if (domains === undefined || this.#mentions(procedure, reader, domains)) return 'never';
    }
    const text = (value: string): Uint8Array => reply((w) => w.string(value));
    switch (procedure) {
      case 66:
        return reply((w) => w.array([0], (inner, type) => inner.i32(type)));
      case 1:
      case 2:
        return reply(() => undefined);
      case 3:
        return text('QEMU');
      case 4:
        return reply((w) => w.u64(7_002_000n));
      case 157:
        return reply((w) => w.u64(9_000_000n));
      case 59:
        return text('fake-hypervisor');
      case 7:
        return text('<capabilities><host><cpu><arch>x86_64</arch></cpu></host></capabilities>');
      case 6:
        return this.#nodeInfo();
      case 293:
        return this.#cpuMap();
      case 227:
        return this.#nodeCpuStats(reader);
      case 228:
        return this.#nodeMemoryStats(reader);
      case 273:
        return this.#list(reader);
      case 344:
        return this.#stats(reader);
      case 212:
        return reply((w) => {
          w.i32(1);
          w.i32(1);
        });
      case 229:
        return this.#control(reader);
      case 14:
        return this.#xml(reader);
      case 316:
        return reply((w) => w.i32(1));
      default:
        return { code: 3, message: 'this function is not supported by the connection driver' };
    }
  }

  /** Whether a call is about one of the domains. */
  #mentions(procedure: number, reader: XdrReader, domains: ReadonlySet<string>): boolean {
    const start = new XdrReader(reader.bytes, HEADER_OCTETS);
    const refs = procedure === 344 ? start.array(16_384, 'domains', readUuid) : [readUuid(start)];
    return refs.some((uuid) => domains.has(uuid));
  }

  #nodeInfo(): Uint8Array {
    return reply((w) => {
      const model = Buffer.from('x86_64');
      for (let n = 0; n < 32; n += 1) w.i32(model[n] ?? 0);
      w.u64(268_435_456n);
      for (const value of [this.#hostCpus, 2500, 1, 1, this.#hostCpus, 1]) w.i32(value);
    });
  }

  #cpuMap(): Uint8Array {
    return reply((w) => {
      w.opaque(new Uint8Array(Math.ceil(this.#hostCpus / 8)).fill(0xff));
      w.u32(this.#hostCpus);
      w.i32(this.#hostCpus);
    });
  }

  #nodeCpuStats(reader: XdrReader): Uint8Array {
    reader.i32();
    const wanted = reader.i32();
    this.#nodeTimeNs += 10_000_000n;
    const fields = ['kernel', 'user', 'idle', 'iowait'];
    return reply((w) => {
      w.array(wanted === 0 ? [] : fields, (inner, field) => {
        inner.string(field);
        inner.u64(this.#nodeTimeNs);
      });
      w.i32(fields.length);
    });
  }

  #nodeMemoryStats(reader: XdrReader): Uint8Array {
    const wanted = reader.i32();
    const fields = ['total', 'free', 'buffers', 'cached'];
    return reply((w) => {
      w.array(wanted === 0 ? [] : fields, (inner, field) => {
        inner.string(field);
        inner.u64(field === 'total' ? 268_435_456n : 1_000_000n);
      });
      w.i32(fields.length);
    });
  }

  #list(reader: XdrReader): Uint8Array {
    reader.i32();
    const flags = reader.u32();
    // Filters for managed save and autostart match nothing; all domains are persistent and active.
    const matching = (flags & ((1 << 8) | (1 << 10))) !== 0 ? [] : this.fleet;
    return reply((w) => {
      w.array(matching, (inner, domain) => {
        inner.string(domain.name);
        inner.uuid(domain.uuid);
        inner.i32(domain.id);
      });
      w.u32(matching.length);
    });
  }

  #stats(reader: XdrReader): Uint8Array {
    const uuids = reader.array(16_384, 'domains', readUuid);
    const domains = uuids.flatMap((uuid) => this.#byUuid.get(uuid) ?? []);
    return reply((w) => {
      w.u32(domains.length);
      for (const domain of domains) {
        advance(domain);
        w.bytes(domain.record);
      }
    });
  }

  #control(reader: XdrReader): Uint8Array {
    const busyMs = this.occupied.get(readUuid(reader));
    return reply((w) => {
      w.u32(busyMs === undefined ? 0 : 2);
      w.u32(0);
      w.u64(busyMs ?? 0);
    });
  }

  #xml(reader: XdrReader): Answer {
    const domain = this.#byUuid.get(readUuid(reader));
    return domain === undefined
      ? { code: 42, message: 'Domain not found' }
      : reply((w) => w.string(domain.xml));
  }
}

const keepalivePong = (() => {
  const writer = new XdrWriter();
  writer.reserve(4);
  writer.u32(programs.keepalive);
  writer.u32(1);
  writer.i32(2);
  writer.i32(messageTypes.message);
  writer.u32(0);
  writer.i32(messageStatus.ok);
  return finish(writer);
})();

/** `string name, uuid, int id`: a domain in a call. */
function readUuid(reader: XdrReader): string {
  reader.string(1024, 'name');
  const uuid = reader.uuid();
  reader.i32();
  return uuid;
}

function reply(write: (writer: XdrWriter) => void): Uint8Array {
  const writer = new XdrWriter({ capacity: 4096 });
  write(writer);
  return writer.finish();
}

function finish(writer: XdrWriter): Uint8Array {
  writer.patchU32(0, writer.length);
  return Uint8Array.from(writer.finish());
}

/** virNetMessageError */
function writeError(writer: XdrWriter, code: number, message: string): void {
  writer.i32(code);
  writer.i32(10);
  writer.optionalString(message);
  writer.i32(2);
  writer.bool(false);
  writer.optionalString('%s');
  writer.bool(false);
  writer.bool(false);
  writer.i32(-1);
  writer.i32(-1);
  writer.bool(false);
}

/** As a program: a process of its own, so that its work is not counted as the agent's. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      socket: { type: 'string' },
      domains: { type: 'string', default: '1000' },
      vcpus: { type: 'string', default: '4' },
      disks: { type: 'string', default: '2' },
      nics: { type: 'string', default: '2' },
    },
  });
  if (values.socket === undefined) throw new Error('--socket PATH is missing');
  const fake = await FakeLibvirtd.start({
    socket: values.socket,
    domains: Number(values.domains),
    vcpus: Number(values.vcpus),
    disks: Number(values.disks),
    nics: Number(values.nics),
  });
  process.on('SIGTERM', () => void fake.stop().then(() => process.exit(0)));
  // Each line "event UUID EVENT DETAIL" on standard input emits a lifecycle event.
  process.stdin.setEncoding('utf8').on('data', (text) => {
    for (const line of String(text).split('\n')) {
      const [word, uuid, event, detail] = line.split(' ');
      const domain = fake.fleet.find((each) => each.uuid === uuid);
      if (word === 'event' && domain !== undefined) fake.emitLifecycle(domain, Number(event), Number(detail));
    }
  });
  process.stdout.write('ready\n');
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
