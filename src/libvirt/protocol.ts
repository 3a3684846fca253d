import type { FrameRule } from '../bytes/framer.ts';
import type { XdrReader, XdrWriter } from './xdr.ts';

/*
 * Framing of libvirt's RPC protocol (libvirt, "RPC protocol & APIs"). All integers are big-endian XDR:
 *
 *   u32 length of the message, these four octets included
 *   u32 program, u32 version, i32 procedure, i32 type, u32 serial, i32 status
 *   payload
 */

/** Programs that share a connection. */
export const programs = { remote: 0x2000_8086, qemu: 0x2000_8087, keepalive: 0x6b65_6570 } as const;

export const PROTOCOL_VERSION = 1;

export const messageTypes = { call: 0, reply: 1, message: 2, stream: 3, streamHole: 6 } as const;

export const messageStatus = { ok: 0, error: 1, continue: 2 } as const;

export const keepaliveProcedures = { ping: 1, pong: 2 } as const;

export const LENGTH_OCTETS = 4;

/** Length and header. */
export const HEADER_OCTETS = 28;

/** VIR_NET_MESSAGE_MAX of every libvirt since 1.2; a daemon refuses to send more. */
const MAX_MESSAGE_OCTETS = 32 * 1024 * 1024;

export const frameRule: FrameRule = {
  headerSize: LENGTH_OCTETS,
  frameLength: (view, at) => view.getUint32(at),
  minLength: HEADER_OCTETS,
  maxLength: MAX_MESSAGE_OCTETS + LENGTH_OCTETS,
};

/** Header of one message. */
export interface MessageHeader {
  readonly program: number;
  readonly version: number;
  readonly procedure: number;
  readonly type: number;
  readonly serial: number;
  readonly status: number;
}

/** Reads the header of a frame that {@link frameRule} cut, so at least {@link HEADER_OCTETS} long. */
export function decodeHeader(
  frame: Uint8Array,
  view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength),
): MessageHeader {
  return {
    program: view.getUint32(4),
    version: view.getUint32(8),
    procedure: view.getInt32(12),
    type: view.getInt32(16),
    serial: view.getUint32(20),
    status: view.getInt32(24),
  };
}

/** A domain as libvirt refers to it. The daemon goes by the UUID alone. */
export interface DomainRef {
  readonly name: string;
  /** 36 characters, lower case. */
  readonly uuid: string;
  /** -1 while the domain is not active. */
  readonly id: number;
}

/** A storage pool or a network. */
export interface NamedRef {
  readonly name: string;
  /** 36 characters, lower case. */
  readonly uuid: string;
}

/** A snapshot or a checkpoint of a domain. */
export interface MomentRef {
  readonly name: string;
  readonly domain: DomainRef;
}

/**
 * What stands between a call and its answer besides the daemon itself. A call that waits keeps one of the
 * daemon's workers, whatever becomes of the client.
 */
export type WaitsFor =
  /** A priority worker answers from what libvirt knows, also while all ordinary ones are stuck. */
  | 'nothing'
  /** It takes an ordinary worker, or time of the daemon's own: answered unless other calls hang. */
  | 'worker'
  /** The hypervisor processes of the domains it concerns; if one hangs, for ever. */
  | 'monitor'
  /** The guest agent of the domain it concerns. */
  | 'agent'
  /** The storage driver, which may wait for a pool on a dead server, or be a daemon of its own. */
  | 'storage'
  /** The network driver, which may be a daemon of its own. */
  | 'network';

/** One remote call: what it can wait for and what it takes, how its arguments are written and its reply is read. */
export interface Procedure<Args, Reply> {
  /** As in libvirt's API: `domainGetXMLDesc` is `virDomainGetXMLDesc`. */
  readonly name: string;
  readonly number: number;
  readonly program: number;
  readonly waitsFor: WaitsFor;
  /** Whether a read-only connection is refused it. */
  readonly needsWrite: boolean;
  /** Whether it asks about many domains at once: its reply is long. */
  readonly isBulk: boolean;
  /** libvirt's first version that has it: major * 1000000 + minor * 1000 + release; 0 is any in use. */
  readonly since: number;
  /** The domains whose monitor or agent the call can wait for. */
  readonly domainsOf: (args: Args) => readonly DomainRef[];
  readonly encode: (writer: XdrWriter, args: Args) => void;
  readonly decode: (reader: XdrReader) => Reply;
}

/** Limits of variable-length items, as both sides of the protocol apply them. */
export const limits = {
  stringOctets: 4 * 1024 * 1024,
  /** Of names; what is longer is cut. No driver takes names of more than 255. */
  nameOctets: 1024,
  /** Of the texts of errors, which are remembered and logged; what is longer is cut. */
  errorOctets: 4096,
  domains: 16_384,
  statsParams: 262_144,
  cpuMapOctets: 2048,
  cpuMapsOctets: 8 * 1024 * 1024,
  vcpus: 16_384,
  iothreads: 16_384,
  networks: 16_384,
  storagePools: 16_384,
  snapshots: 16_384,
  checkpoints: 16_384,
  dhcpLeases: 65_536,
  nodeStats: 16,
  nodeCells: 1024,
  nodeMemoryParams: 64,
  diskErrors: 256,
  jobStats: 64,
  jobCompletedParams: 64,
  fileSystems: 256,
  fileSystemDisks: 256,
  guestInfoParams: 2048,
  domainMessages: 2048,
  interfaces: 2048,
  interfaceAddresses: 2048,
  blockIoTuneParams: 32,
  interfaceParams: 16,
  schedulerParams: 16,
  tunableParams: 2048,
  graphicsIdentities: 20,
  authTypes: 20,
  saslMechanismsOctets: 4096,
  saslOctets: 65_536,
} as const;
