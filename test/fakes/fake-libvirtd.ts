import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Framer } from '../../src/bytes/framer.ts';
import {
  decodeHeader,
  frameRule,
  HEADER_OCTETS,
  keepaliveProcedures,
  messageStatus,
  messageTypes,
  programs,
} from '../../src/libvirt/protocol.ts';
import { XdrReader, XdrWriter } from '../../src/libvirt/xdr.ts';
import { FakeDomain } from './fake-domain.ts';
import { answer, domainsOf, FakeError, FakeMonitorWait } from './fake-procedures.ts';

export { FakeDomain } from './fake-domain.ts';

export interface FakeLibvirtdOptions {
  /** Default: a socket in a directory of its own, which goes with the daemon. */
  readonly socketPath?: string;
  readonly domains?: number;
  /** So many of the domains, the last ones, are shut off. */
  readonly shutOff?: number;
  readonly vcpus?: number;
  readonly disks?: number;
  readonly nics?: number;
  /** Counters that KVM keeps per vCPU; default true. */
  readonly kernelCounters?: boolean;
  readonly hostname?: string;
  readonly hostCpus?: number;
  /** What AUTH_LIST answers: 0 none, 1 SASL, 2 polkit. */
  readonly authTypes?: readonly number[];
  /** max_client_requests: so many calls of a connection are served at a time. */
  readonly maxClientRequests?: number;
}

/** How the daemon treats calls that a fault matches, instead of answering. */
export type FakeFaultAction =
  /** No answer until the fault is lifted; then a late one. */
  | { readonly type: 'hang' }
  | { readonly type: 'delay'; readonly ms: number }
  | { readonly type: 'error'; readonly code: number; readonly domain?: number; readonly message?: string }
  /** The reply's payload is replaced. */
  | { readonly type: 'payload'; readonly bytes: Uint8Array }
  /** The same with another one each time. */
  | { readonly type: 'payloads'; readonly next: () => Uint8Array }
  /** These octets are sent instead of a frame. */
  | { readonly type: 'raw'; readonly bytes: Uint8Array }
  /** Half of the reply, then the end of the connection. */
  | { readonly type: 'cut' };

export interface FakeFault {
  /** Procedure number; absent matches all. */
  readonly procedure?: number;
  /** UUID; absent matches all. A bulk call matches if one of its domains does. */
  readonly uuid?: string;
  readonly action: FakeFaultAction;
}

/** connectGetAllDomainStats, whose replies are large: room for 25 domains. */
const statsProcedure = 344;

/** connectClose */
const closeProcedure = 2;

const statsReplyCapacity = 128 * 1024;

interface Client {
  readonly socket: Socket;
  readonly framer: Framer;
  /** Callback ids by event id. */
  readonly events: Map<number, number>;
  /** Frames that arrived while too many calls were being served. */
  readonly waiting: Uint8Array[];
  serving: number;
}

/** A libvirt daemon of synthetic domains that speaks the RPC protocol over a Unix socket. */
export class FakeLibvirtd implements AsyncDisposable {
  readonly socketPath: string;
  /** By UUID. Domains may be added, changed and removed. */
  readonly domains = new Map<string, FakeDomain>();
  /** How often each procedure was called, by number. */
  readonly calls = new Map<number, number>();
  /** The most calls that waited for an answer at the same time. */
  maxServing = 0;
  /** PINGs received. */
  pings = 0;
  /** PONGs received. */
  pongs = 0;
  /** Whether the daemon answers PINGs. */
  answerPings = true;
  readonly #options: FakeLibvirtdOptions;
  readonly #directory: string | undefined;
  readonly #server: Server;
  readonly #clients = new Set<Client>();
  readonly #faults = new Set<FakeFault>();
  /** Calls that wait for a fault to be lifted or a monitor to answer. */
  readonly #held = new Set<{ readonly until: FakeFault | FakeDomain; readonly resume: () => void }>();
  readonly #startedAt = performance.now();
  #serving = 0;
  #nextCallbackId = 7;

  private constructor(options: FakeLibvirtdOptions, socketPath: string, directory: string | undefined) {
    this.#options = options;
    this.socketPath = socketPath;
    this.#directory = directory;
    const shape = {
      vcpus: options.vcpus ?? 4,
      disks: options.disks ?? 2,
      nics: options.nics ?? 2,
      kernelCounters: options.kernelCounters ?? true,
    };
    const count = options.domains ?? 3;
    for (let number = 1; number <= count; number++) {
      const domain = new FakeDomain(number, shape, number <= count - (options.shutOff ?? 0));
      this.domains.set(domain.uuid, domain);
    }
    this.#server = createServer((socket) => this.#accept(socket));
  }

  static async start(options: FakeLibvirtdOptions = {}): Promise<FakeLibvirtd> {
    const directory =
      options.socketPath === undefined ? await mkdtemp(join(tmpdir(), 'fake-libvirtd-')) : undefined;
    const socketPath = options.socketPath ?? join(directory ?? '', 'libvirt-sock');
    const daemon = new FakeLibvirtd(options, socketPath, directory);
    await new Promise<void>((resolve, reject) => {
      daemon.#server.once('error', reject);
      daemon.#server.listen(socketPath, resolve);
    });
    return daemon;
  }

  get uri(): string {
    return `qemu+unix:///system?socket=${this.socketPath}`;
  }

  get clientCount(): number {
    return this.#clients.size;
  }

  /** The domain with this number, counted from 1. */
  domain(number: number): FakeDomain {
    const domain = [...this.domains.values()].find((candidate) => candidate.number === number);
    if (domain === undefined) throw new RangeError(`no domain ${number}`);
    return domain;
  }

  callCount(procedure: number): number {
    return this.calls.get(procedure) ?? 0;
  }

  /** Makes matching calls fail in a certain way. The returned function lifts the fault; held calls are then answered. */
  inject(fault: FakeFault): () => void {
    this.#faults.add(fault);
    return () => {
      this.#faults.delete(fault);
      this.#resume(fault);
    };
  }

  /** The domain's hypervisor process hangs, until the returned function is called. */
  freezeMonitor(domain: FakeDomain): () => void {
    domain.frozen = true;
    return () => {
      domain.frozen = false;
      domain.occupiedSince = undefined;
      this.#resume(domain);
    };
  }

  /** Sends virDomainEventType `event` with its detail to all clients that subscribed to lifecycle events. */
  emitLifecycle(domain: FakeDomain, event: number, detail = 0): void {
    this.emit(0, 318, (writer) => {
      domain.writeRef(writer);
      writer.i32(event);
      writer.i32(detail);
    });
  }

  /** Sends an event message: the callback's id, then what `write` adds. */
  emit(eventId: number, procedure: number, write: (writer: XdrWriter) => void): void {
    for (const client of this.#clients) {
      const callbackId = client.events.get(eventId);
      if (callbackId !== undefined) {
        const writer = startFrame(programs.remote, procedure, messageTypes.message, 0, messageStatus.ok);
        writer.i32(callbackId);
        write(writer);
        send(client, writer);
      }
    }
  }

  /**
   * Sends lifecycle events of domains that nobody has heard of, as fast as they are taken, until the returned function is
   * called.
   */
  floodEvents(): () => void {
    let number = 0;
    const timer = setInterval(() => {
      for (const client of this.#clients) {
        const callbackId = client.events.get(0);
        while (callbackId !== undefined && client.socket.writableLength < 1024 * 1024) {
          const writer = startFrame(
            programs.remote,
            318,
            messageTypes.message,
            0,
            messageStatus.ok,
            64 * 1024,
          );
          const batch: Uint8Array[] = [];
          for (let event = 0; event < 200; event++) {
            number += 1;
            writer.truncate(28);
            writer.i32(callbackId);
            writer.string(`flood-${number}`);
            writer.uuid(`00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`);
            writer.i32(number);
            writer.i32(2);
            writer.i32(0);
            writer.patchU32(0, writer.length);
            batch.push(Uint8Array.from(writer.finish()));
          }
          client.socket.write(Buffer.concat(batch));
        }
      }
    }, 2);
    return () => clearInterval(timer);
  }

  /** Sends octets to all clients as they are. */
  sendRaw(bytes: Uint8Array): void {
    for (const client of this.#clients) client.socket.write(bytes);
  }

  /** Sends a PING to all clients. */
  ping(): void {
    for (const client of this.#clients) sendKeepalive(client, keepaliveProcedures.ping);
  }

  /** Ends all connections, as a daemon that is stopped does. */
  disconnectAll(): void {
    for (const client of this.#clients) client.socket.destroy();
  }

  async close(): Promise<void> {
    this.disconnectAll();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    if (this.#directory !== undefined) await rm(this.#directory, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #accept(socket: Socket): void {
    const client: Client = {
      socket,
      framer: new Framer(frameRule),
      events: new Map(),
      waiting: [],
      serving: 0,
    };
    this.#clients.add(client);
    socket.on('data', (chunk: Uint8Array) => {
      try {
        client.framer.push(chunk, (frame) => client.waiting.push(Uint8Array.from(frame)));
        this.#serveWaiting(client);
      } catch {
        socket.destroy();
      }
    });
    socket.on('error', () => {});
    socket.on('close', () => this.#clients.delete(client));
  }

  /** Like the real daemon, reads nothing from a connection that has too many calls under way, not even PINGs. */
  #serveWaiting(client: Client): void {
    while (client.serving < (this.#options.maxClientRequests ?? 5)) {
      const frame = client.waiting.shift();
      if (frame === undefined) return;
      this.#onFrame(client, frame);
    }
  }

  #onFrame(client: Client, frame: Uint8Array): void {
    const header = decodeHeader(frame);
    if (header.program === programs.keepalive) {
      if (header.procedure === keepaliveProcedures.ping) {
        this.pings += 1;
        if (this.answerPings) sendKeepalive(client, keepaliveProcedures.pong);
      } else {
        this.pongs += 1;
      }
      return;
    }
    this.calls.set(header.procedure, (this.calls.get(header.procedure) ?? 0) + 1);
    client.serving += 1;
    this.#serving += 1;
    this.maxServing = Math.max(this.maxServing, this.#serving);
    this.#serve(client, frame, header.procedure, header.serial);
  }

  #serve(client: Client, frame: Uint8Array, procedure: number, serial: number): void {
    const uuids = new Set(domainsOf(procedure, new XdrReader(frame, HEADER_OCTETS)));
    const fault = [...this.#faults].find(
      (candidate) =>
        (candidate.procedure === undefined || candidate.procedure === procedure) &&
        (candidate.uuid === undefined || uuids.has(candidate.uuid)),
    );
    const again = (): void => this.#serve(client, frame, procedure, serial);
    if (fault?.action.type === 'hang') {
      this.#held.add({ until: fault, resume: again });
      return;
    }
    if (fault?.action.type === 'delay') {
      setTimeout(() => this.#reply(client, frame, procedure, serial, undefined), fault.action.ms);
      return;
    }
    this.#reply(client, frame, procedure, serial, fault?.action);
  }

  #reply(
    client: Client,
    frame: Uint8Array,
    procedure: number,
    serial: number,
    action: FakeFaultAction | undefined,
  ): void {
    let writer = startFrame(
      programs.remote,
      procedure,
      messageTypes.reply,
      serial,
      messageStatus.ok,
      procedure === statsProcedure ? statsReplyCapacity : undefined,
    );
    try {
      if (action?.type === 'error') {
        throw new FakeError(action.code, action.domain ?? 10, action.message ?? `error ${action.code}`);
      }
      if (action?.type === 'payload' || action?.type === 'payloads') {
        writer.bytes(action.type === 'payload' ? action.bytes : action.next());
      } else {
        this.#answer(client, frame, procedure, writer);
      }
    } catch (error) {
      if (error instanceof FakeMonitorWait) {
        this.#held.add({
          until: error.waitingFor,
          resume: () => this.#serve(client, frame, procedure, serial),
        });
        return;
      }
      writer = startFrame(programs.remote, procedure, messageTypes.reply, serial, messageStatus.error);
      writeError(writer, error);
    }
    client.serving -= 1;
    this.#serving -= 1;
    if (action?.type === 'raw') {
      client.socket.write(action.bytes);
    } else if (action?.type === 'cut') {
      writer.patchU32(0, writer.length);
      client.socket.end(writer.finish().slice(0, writer.length >> 1));
    } else {
      send(client, writer);
    }
    // As the real one does: it is the daemon that ends a connection whose client said goodbye.
    if (procedure === closeProcedure) client.socket.end();
    this.#serveWaiting(client);
  }

  #answer(client: Client, frame: Uint8Array, procedure: number, reply: XdrWriter): void {
    answer({
      procedure,
      args: new XdrReader(frame, HEADER_OCTETS),
      reply,
      domains: this.domains,
      elapsedMs: performance.now() - this.#startedAt,
      hostname: this.#options.hostname ?? 'fake-host',
      hostCpus: this.#options.hostCpus ?? 16,
      authTypes: this.#options.authTypes ?? [0],
      registerEvent: (eventId) => {
        this.#nextCallbackId += 1;
        client.events.set(eventId, this.#nextCallbackId);
        return this.#nextCallbackId;
      },
    });
  }

  #resume(until: FakeFault | FakeDomain): void {
    for (const held of this.#held) {
      if (held.until === until) {
        this.#held.delete(held);
        held.resume();
      }
    }
  }
}

function startFrame(
  program: number,
  procedure: number,
  type: number,
  serial: number,
  status: number,
  capacity = 512,
): XdrWriter {
  const writer = new XdrWriter({ capacity });
  for (const value of [0, program, 1, procedure, type, serial, status]) writer.u32(value);
  return writer;
}

function send(client: Client, writer: XdrWriter): void {
  writer.patchU32(0, writer.length);
  client.socket.write(writer.finish());
}

function sendKeepalive(client: Client, procedure: number): void {
  send(client, startFrame(programs.keepalive, procedure, messageTypes.message, 0, messageStatus.ok));
}

/** virNetMessageError */
function writeError(writer: XdrWriter, error: unknown): void {
  const known = error instanceof FakeError ? error : undefined;
  const message = error instanceof Error ? error.message : 'error';
  writer.i32(known?.code ?? 1);
  writer.i32(known?.domain ?? 0);
  writer.optionalString(message);
  writer.i32(2);
  writer.u32(0);
  writer.optionalString(message);
  writer.u32(0);
  writer.u32(0);
  writer.i32(0);
  writer.i32(0);
  writer.u32(0);
}

/** tsx test/fakes/fake-libvirtd.ts --socket PATH --domains 5000 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      socket: { type: 'string' },
      domains: { type: 'string', default: '100' },
      'shut-off': { type: 'string', default: '0' },
      vcpus: { type: 'string', default: '4' },
      disks: { type: 'string', default: '2' },
      nics: { type: 'string', default: '2' },
      'no-kernel-counters': { type: 'boolean', default: false },
    },
  });
  const daemon = await FakeLibvirtd.start({
    ...(values.socket === undefined ? {} : { socketPath: values.socket }),
    domains: Number(values.domains),
    shutOff: Number(values['shut-off']),
    vcpus: Number(values.vcpus),
    disks: Number(values.disks),
    nics: Number(values.nics),
    kernelCounters: !values['no-kernel-counters'],
  });
  for (const domain of daemon.domains.values()) domain.prepare();
  process.stdout.write(`${daemon.uri}\n`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void daemon.close().then(() => process.exit(0)));
  }
}

if (process.argv[1] === import.meta.filename) await main();
