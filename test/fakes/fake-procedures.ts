import type { XdrReader, XdrWriter } from '../../src/libvirt/xdr.ts';
import { type FakeDomain, monitorFreeGroups } from './fake-domain.ts';

/** What a procedure of the fake daemon can use. */
export interface FakeCall {
  readonly procedure: number;
  readonly args: XdrReader;
  readonly reply: XdrWriter;
  readonly domains: ReadonlyMap<string, FakeDomain>;
  readonly elapsedMs: number;
  readonly hostname: string;
  readonly hostCpus: number;
  readonly authTypes: readonly number[];
  /** Registers the calling client for an event and returns the callback's id. */
  readonly registerEvent: (eventId: number) => number;
}

/** An error reply. */
export class FakeError extends Error {
  readonly code: number;
  readonly domain: number;

  constructor(code: number, domain: number, message: string) {
    super(message);
    this.code = code;
    this.domain = domain;
  }
}

/** Thrown by a call that waits for a frozen hypervisor process: it is answered once that answers. */
export class FakeMonitorWait extends Error {
  readonly waitingFor: FakeDomain;

  constructor(waitingFor: FakeDomain) {
    super('monitor does not answer');
    this.waitingFor = waitingFor;
  }
}

const fromRpc = 7;
const fromQemu = 10;
const fromEvent = 0;
const noWait = 0x2000_0000;
const maxString = 4 * 1024 * 1024;
const lastKnownEventId = 26;

/** Answers one call by filling its reply. */
export function answer(call: FakeCall): void {
  const handler = handlers.get(call.procedure);
  if (handler === undefined) {
    throw new FakeError(39, fromRpc, `unknown procedure: ${call.procedure}`);
  }
  handler(call);
}

/** UUIDs of the domains a call is about, for faults that hit certain domains. */
export function domainsOf(procedure: number, args: XdrReader): readonly string[] {
  try {
    if (procedure === 344) {
      return args.array(16_384, 'domains', readUuid);
    }
    return domainProcedures.has(procedure) ? [readUuid(args)] : [];
  } catch {
    return [];
  }
}

function readUuid(args: XdrReader): string {
  args.string(maxString, 'name');
  const uuid = args.uuid();
  args.i32();
  return uuid;
}

function domainOf(call: FakeCall): FakeDomain {
  const uuid = readUuid(call.args);
  const domain = call.domains.get(uuid);
  if (domain === undefined) {
    throw new FakeError(42, fromQemu, `Domain not found: no domain with matching uuid '${uuid}'`);
  }
  return domain;
}

function activeDomainOf(call: FakeCall): FakeDomain {
  const domain = domainOf(call);
  if (!domain.active) {
    throw new FakeError(55, fromQemu, 'Requested operation is not valid: domain is not running');
  }
  return domain;
}

/** What every call does that talks to the hypervisor process. */
function enterMonitor(domain: FakeDomain): void {
  if (domain.frozen) {
    domain.occupiedSince ??= performance.now();
    throw new FakeMonitorWait(domain);
  }
}

function stats(call: FakeCall): void {
  const { args, reply } = call;
  const asked = args.array(16_384, 'domains', readUuid);
  const groups = args.u32() || 0x7ff;
  const flags = args.u32();
  const domains =
    asked.length === 0 ? [...call.domains.values()] : asked.flatMap((uuid) => call.domains.get(uuid) ?? []);
  const asksMonitor = (groups & ~monitorFreeGroups) !== 0;
  for (const domain of domains) {
    if (asksMonitor && domain.frozen && !(domain.occupiedSince !== undefined && (flags & noWait) !== 0)) {
      enterMonitor(domain);
    }
  }
  reply.u32(domains.length);
  for (const domain of domains) {
    domain.writeStats(reply, domain.frozen ? groups & monitorFreeGroups : groups, call.elapsedMs);
  }
}

/** virConnectListAllDomainsFlags: each pair or group restricts unless none or all of its bits are set. */
const listFilters: readonly (readonly [bit: number, matches: (domain: FakeDomain) => boolean])[][] = [
  [
    [1, (domain) => domain.active],
    [2, (domain) => !domain.active],
  ],
  [
    [4, (domain) => domain.persistent],
    [8, (domain) => !domain.persistent],
  ],
  [
    [16, (domain) => domain.state === 1],
    [32, (domain) => domain.state === 3],
    [64, (domain) => domain.state === 5],
    [128, (domain) => ![1, 3, 5].includes(domain.state)],
  ],
  [
    [256, (domain) => domain.managedSave],
    [512, (domain) => !domain.managedSave],
  ],
  [
    [1024, (domain) => domain.autostart],
    [2048, (domain) => !domain.autostart],
  ],
  [
    [4096, () => false],
    [8192, () => true],
  ],
  [
    [16_384, () => false],
    [32_768, () => true],
  ],
];

function listDomains({ args, reply, domains }: FakeCall): void {
  args.i32();
  const flags = args.u32();
  const wanted = [...domains.values()].filter((domain) =>
    listFilters.every((group) => {
      const asked = group.filter(([bit]) => (flags & bit) !== 0);
      return asked.length === 0 || asked.some(([, matches]) => matches(domain));
    }),
  );
  reply.u32(wanted.length);
  for (const domain of wanted) {
    domain.writeRef(reply);
  }
  reply.u32(wanted.length);
}

function controlInfo(call: FakeCall): void {
  const domain = activeDomainOf(call);
  const occupied = domain.occupiedSince;
  call.reply.u32(occupied === undefined ? 0 : 2);
  call.reply.u32(0);
  call.reply.u64(occupied === undefined ? 0 : Math.round(performance.now() - occupied));
}

function nodeStats(call: FakeCall, stats: readonly (readonly [string, number])[], nparams: number): void {
  if (nparams !== 0 && nparams !== stats.length) {
    throw new FakeError(8, fromRpc, `invalid argument: nparams must be equal to ${stats.length}`);
  }
  call.reply.array(nparams === 0 ? [] : stats, (writer, [name, value]) => {
    writer.string(name);
    writer.u64(Math.floor(value));
  });
  call.reply.i32(nparams === 0 ? stats.length : 0);
}

function nodeCpuStats(call: FakeCall): void {
  const cpu = call.args.i32();
  const share = cpu < 0 ? call.hostCpus : 1;
  const elapsedNs = call.elapsedMs * 1e6 * share;
  nodeStats(
    call,
    [
      ['kernel', 5e12 * share + elapsedNs * 0.1],
      ['user', 9e12 * share + elapsedNs * 0.3],
      ['idle', 8e13 * share + elapsedNs * 0.58],
      ['iowait', 1e11 * share + elapsedNs * 0.02],
    ],
    call.args.i32(),
  );
}

function nodeMemoryStats(call: FakeCall): void {
  nodeStats(
    call,
    [
      ['total', 1_056_000_000],
      ['free', 210_000_000],
      ['buffers', 900_000],
      ['cached', 77_000_000],
    ],
    call.args.i32(),
  );
}

/** A CPU map of the whole host. */
function writeFullMap(writer: XdrWriter, cpus: number, octets = (cpus + 7) >> 3): void {
  const map = new Uint8Array(octets);
  for (let cpu = 0; cpu < Math.min(cpus, octets * 8); cpu++) {
    map[cpu >> 3] = (map[cpu >> 3] ?? 0) | (1 << (cpu & 7));
  }
  writer.opaque(map);
}

function nodeInfo({ reply, hostCpus }: FakeCall): void {
  const model = Buffer.alloc(32);
  model.write('x86_64');
  for (const octet of model) {
    reply.i32(octet);
  }
  reply.u64(1_056_000_000);
  for (const value of [hostCpus, 2400, 2, 1, hostCpus / 4, 2]) {
    reply.i32(value);
  }
}

function vcpus(call: FakeCall): void {
  const domain = activeDomainOf(call);
  const count = Math.min(call.args.i32(), domain.shape.vcpus);
  const octets = call.args.i32();
  call.reply.u32(count);
  for (let number = 0; number < count; number++) {
    call.reply.u32(number);
    call.reply.i32(1);
    call.reply.u64(9_000_000_000 + Math.floor(call.elapsedMs * 200_000));
    call.reply.i32((domain.number + number) % call.hostCpus);
  }
  call.reply.opaque(new Uint8Array(count * octets).fill(0xff));
}

function vcpuPinInfo(call: FakeCall): void {
  const domain = domainOf(call);
  const count = call.args.i32();
  const octets = call.args.i32();
  call.reply.opaque(new Uint8Array(count * octets).fill(0xff));
  call.reply.i32(Math.min(count, domain.shape.vcpus));
}

function diskErrors(call: FakeCall): void {
  const domain = activeDomainOf(call);
  const max = call.args.u32();
  if (max === 0) {
    call.reply.u32(0);
    call.reply.i32(domain.shape.disks);
    return;
  }
  enterMonitor(domain);
  call.reply.array(domain.diskErrors, (writer, { disk, error }) => {
    writer.string(disk);
    writer.i32(error);
  });
  call.reply.i32(domain.diskErrors.length);
}

function registerDomainEvent({ args, reply, registerEvent }: FakeCall): void {
  const eventId = args.i32();
  if (eventId < 0 || eventId > lastKnownEventId) {
    throw new FakeError(1, fromEvent, `internal error: unsupported event ID ${eventId}`);
  }
  reply.i32(registerEvent(eventId));
}

const poolUuid = '2f0c9f52-1111-4000-8000-000000000001';
const networkUuid = '2f0c9f52-2222-4000-8000-000000000001';

function writeNamed(writer: XdrWriter, name: string, uuid: string): void {
  writer.string(name);
  writer.uuid(uuid);
}

function listOne(name: string, uuid: string): Handler {
  return ({ reply }) => {
    reply.u32(1);
    writeNamed(reply, name, uuid);
    reply.u32(1);
  };
}

type Handler = (call: FakeCall) => void;
const nothing: Handler = () => {};
const integer =
  (value: number): Handler =>
  ({ reply }) =>
    reply.i32(value);
const string =
  (value: string): Handler =>
  ({ reply }) =>
    reply.string(value);

/** Statistics of one device: so many counters. */
function sameFigures(call: FakeCall, count: number): void {
  activeDomainOf(call);
  for (let figure = 1; figure <= count; figure++) call.reply.u64(figure * 1_000_000);
}

/** Procedures whose arguments start with a domain. */
const domainProcedures = new Set([
  14, 15, 16, 20, 64, 65, 151, 159, 163, 183, 187, 212, 229, 230, 263, 265, 274, 280, 298, 349, 351, 365, 413,
  418, 426,
]);

const handlers: ReadonlyMap<number, Handler> = new Map<number, Handler>([
  [1, nothing],
  [2, nothing],
  [3, string('QEMU')],
  [4, ({ reply }) => reply.u64(7_002_022)],
  [6, nodeInfo],
  [7, string("<capabilities><host><topology><cells num='2'/></topology></host></capabilities>")],
  [
    14,
    (call) => {
      const domain = domainOf(call);
      call.reply.string(domain.xml((call.args.u32() & 2) !== 0));
    },
  ],
  [15, (call) => call.reply.bool(domainOf(call).autostart)],
  [
    16,
    (call) => {
      const domain = domainOf(call);
      call.reply.u32(domain.state);
      call.reply.u64(domain.memoryKib);
      call.reply.u64(domain.memoryKib);
      call.reply.u32(domain.shape.vcpus);
      call.reply.u64(40_000_000_000);
    },
  ],
  [20, vcpus],
  [
    22,
    (call) => {
      const id = call.args.i32();
      const domain = [...call.domains.values()].find((each) => each.id === id);
      if (domain === undefined)
        throw new FakeError(42, fromQemu, `Domain not found: no domain with id ${id}`);
      domain.writeRef(call.reply);
    },
  ],
  // What clients ask for that know no bulk calls.
  [
    37,
    ({ domains, reply }) =>
      reply.array(
        [...domains.values()].filter(({ active }) => active),
        (writer, { id }) => writer.i32(id),
      ),
  ],
  [43, string("<network><name>default</name><bridge name='br0'/></network>")],
  [44, integer(1)],
  [45, string('br0')],
  [59, (call) => call.reply.string(call.hostname)],
  [64, (call) => sameFigures(call, 5)],
  [65, (call) => sameFigures(call, 8)],
  [66, ({ reply, authTypes }) => reply.array(authTypes, (writer, type) => writer.i32(type))],
  [70, integer(1)],
  [
    87,
    ({ reply }) => {
      reply.u32(2);
      reply.u64(2_000_000_000_000);
      reply.u64(900_000_000_000);
      reply.u64(1_100_000_000_000);
    },
  ],
  [
    88,
    string(
      "<pool type='dir'><name>default</name><target><path>/var/lib/libvirt/images</path></target></pool>",
    ),
  ],
  [89, integer(1)],
  [91, integer(12)],
  [102, ({ reply }) => reply.u64(215_040_000_000)],
  [110, string('qemu:///system')],
  [151, (call) => call.reply.bool(domainOf(call).persistent)],
  [152, integer(1)],
  [154, integer(1)],
  [157, ({ reply }) => reply.u64(9_000_000)],
  [
    159,
    (call) => {
      const { memoryKib } = activeDomainOf(call);
      call.reply.array([6, 7], (writer, tag) => {
        writer.i32(tag);
        writer.u64(memoryKib);
      });
    },
  ],
  [183, (call) => call.reply.bool(domainOf(call).managedSave)],
  [187, integer(0)],
  [
    212,
    (call) => {
      const domain = domainOf(call);
      call.reply.i32(domain.state);
      call.reply.i32(domain.reason);
    },
  ],
  [227, nodeCpuStats],
  [228, nodeMemoryStats],
  [229, controlInfo],
  [230, vcpuPinInfo],
  [263, diskErrors],
  [273, listDomains],
  [
    274,
    ({ reply }) => {
      reply.u32(0);
      reply.i32(0);
    },
  ],
  [
    280,
    (call) => {
      domainOf(call);
      writeFullMap(call.reply, call.hostCpus, call.args.i32());
      call.reply.i32(0);
    },
  ],
  [281, listOne('default', poolUuid)],
  [
    282,
    ({ reply }) => {
      reply.u32(0);
      reply.u32(0);
    },
  ],
  [283, listOne('default', networkUuid)],
  [
    293,
    ({ reply, hostCpus }) => {
      writeFullMap(reply, hostCpus);
      reply.u32(hostCpus);
      reply.i32(hostCpus);
    },
  ],
  [
    298,
    (call) => {
      enterMonitor(activeDomainOf(call));
      call.reply.i32(0);
      call.reply.u32(0);
    },
  ],
  [313, ({ args, reply, registerEvent }) => reply.i32(registerEvent(1000 + args.i32()))],
  [316, registerDomainEvent],
  [317, nothing],
  [344, stats],
  [
    351,
    ({ reply }) => {
      reply.u32(0);
      reply.u32(0);
    },
  ],
  [360, nothing],
  [365, ({ reply }) => reply.u32(0)],
  [368, ({ args, reply, registerEvent }) => reply.i32(registerEvent(2000 + args.i32()))],
  [
    413,
    ({ reply }) => {
      reply.u32(0);
      reply.i32(0);
    },
  ],
  [
    418,
    () => {
      throw new FakeError(29, 20, 'operation forbidden: read only access prevents virDomainGetGuestInfo');
    },
  ],
  [
    426,
    ({ reply }) => {
      reply.u32(0);
    },
  ],
]);
