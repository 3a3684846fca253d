import { mkdir, writeFile } from 'node:fs/promises';
import { createConnection, createServer, type Socket } from 'node:net';
import { Framer } from '../../src/bytes/framer.ts';
import { decodeHeader, frameRule, messageTypes, programs } from '../../src/libvirt/protocol.ts';
import { biosGuest, novaMetadata, oddName } from '../lab/domain-xml.ts';
import { makeQcow2Image, makeRawImage } from '../lab/image.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { run, startProcess } from '../lab/process.ts';
import { delay, waitUntil } from '../lab/wait.ts';

/*
 * Records what virsh and a real libvirtd say to each other, as fixtures:
 *
 *   npx tsx test/record/libvirt.ts
 *
 * starts a private libvirtd with two guests, puts a tee between it and virsh, and writes one file per
 * procedure or event to test/fixtures/libvirt.
 */

interface Message {
  readonly fromClient: boolean;
  readonly bytes: Uint8Array;
}

/** What to record: the call and the reply of `procedure` while virsh runs the command. */
interface Recording {
  readonly file: string;
  readonly procedure: number;
  readonly virsh: readonly string[];
  /** Takes the reply that is an error, or the last of several calls. */
  readonly pick?: 'last';
}

const outputDirectory = new URL('../fixtures/libvirt/', import.meta.url).pathname;
const off = 'off';

const recordings: readonly Recording[] = [
  { file: 'auth-list', procedure: 66, virsh: ['uri'] },
  { file: 'connect-open', procedure: 1, virsh: ['uri'] },
  { file: 'connect-get-hostname', procedure: 59, virsh: ['hostname'] },
  { file: 'connect-get-type', procedure: 3, virsh: ['version'] },
  { file: 'connect-get-version', procedure: 4, virsh: ['version'] },
  { file: 'connect-get-lib-version', procedure: 157, virsh: ['version', '--daemon'] },
  { file: 'node-get-info', procedure: 6, virsh: ['nodeinfo'] },
  { file: 'node-get-cpu-stats', procedure: 227, virsh: ['nodecpustats'], pick: 'last' },
  { file: 'node-get-memory-stats', procedure: 228, virsh: ['nodememstats'], pick: 'last' },
  { file: 'node-get-cpu-map', procedure: 293, virsh: ['nodecpumap'] },
  { file: 'node-get-free-memory', procedure: 102, virsh: ['freecell'] },
  { file: 'node-get-free-pages', procedure: 340, virsh: ['freepages', '--cellno', '0', '--pagesize', '4'] },
  { file: 'node-get-memory-parameters', procedure: 289, virsh: ['node-memory-tune'], pick: 'last' },
  { file: 'connect-list-all-domains', procedure: 273, virsh: ['list', '--all'] },
  { file: 'connect-get-all-domain-stats', procedure: 344, virsh: ['domstats', '--domain', oddName] },
  { file: 'connect-get-all-domain-stats-off', procedure: 344, virsh: ['domstats', '--domain', off] },
  { file: 'domain-get-state', procedure: 212, virsh: ['domstate', '--reason', '--domain', oddName] },
  { file: 'domain-get-control-info', procedure: 229, virsh: ['domcontrol', '--domain', oddName] },
  { file: 'domain-get-control-info-error', procedure: 229, virsh: ['domcontrol', '--domain', off] },
  { file: 'domain-get-info', procedure: 16, virsh: ['dominfo', '--domain', oddName] },
  { file: 'domain-get-autostart', procedure: 15, virsh: ['dominfo', '--domain', oddName] },
  { file: 'domain-is-persistent', procedure: 151, virsh: ['dominfo', '--domain', oddName] },
  { file: 'domain-has-managed-save-image', procedure: 183, virsh: ['dominfo', '--domain', oddName] },
  { file: 'domain-get-messages', procedure: 426, virsh: ['dominfo', '--domain', oddName] },
  { file: 'domain-get-vcpus', procedure: 20, virsh: ['vcpuinfo', '--domain', oddName] },
  { file: 'domain-get-vcpu-pin-info', procedure: 230, virsh: ['vcpupin', '--domain', oddName] },
  { file: 'domain-get-emulator-pin-info', procedure: 280, virsh: ['emulatorpin', '--domain', oddName] },
  { file: 'domain-get-iothread-info', procedure: 351, virsh: ['iothreadinfo', '--domain', oddName] },
  { file: 'domain-get-perf-events', procedure: 365, virsh: ['perf', '--domain', oddName] },
  { file: 'domain-get-job-stats', procedure: 298, virsh: ['domjobinfo', '--domain', oddName] },
  {
    file: 'domain-get-disk-errors',
    procedure: 263,
    virsh: ['domblkerror', '--domain', oddName],
    pick: 'last',
  },
  { file: 'domain-get-block-info', procedure: 194, virsh: ['domblkinfo', '--domain', oddName, 'vda'] },
  {
    file: 'domain-get-block-io-tune',
    procedure: 253,
    virsh: ['blkdeviotune', '--domain', oddName, 'vda'],
    pick: 'last',
  },
  {
    file: 'domain-block-stats-flags',
    procedure: 243,
    virsh: ['domblkstat', '--domain', oddName, 'vda'],
    pick: 'last',
  },
  { file: 'domain-get-block-job-info', procedure: 238, virsh: ['blockjob', '--domain', oddName, 'vda'] },
  { file: 'domain-memory-stats', procedure: 159, virsh: ['dommemstat', '--domain', oddName] },
  {
    file: 'domain-get-interface-parameters',
    procedure: 257,
    virsh: ['domiftune', '--domain', oddName, '52:54:00:01:02:03'],
    pick: 'last',
  },
  {
    file: 'domain-get-scheduler-parameters-flags',
    procedure: 223,
    virsh: ['schedinfo', '--config', '--domain', off],
  },
  { file: 'domain-interface-addresses', procedure: 353, virsh: ['domifaddr', '--domain', oddName] },
  { file: 'domain-get-metadata', procedure: 265, virsh: ['desc', '--title', '--domain', oddName] },
  { file: 'domain-list-all-snapshots', procedure: 274, virsh: ['snapshot-list', '--domain', off] },
  { file: 'domain-list-all-checkpoints', procedure: 413, virsh: ['checkpoint-list', '--domain', off] },
  { file: 'connect-list-all-storage-pools', procedure: 281, virsh: ['pool-list', '--all'] },
  { file: 'storage-pool-get-info', procedure: 87, virsh: ['pool-info', 'images'] },
  { file: 'storage-pool-list-all-volumes', procedure: 282, virsh: ['vol-list', 'images'] },
  { file: 'connect-list-all-networks', procedure: 283, virsh: ['net-list', '--all'] },
  { file: 'network-get-bridge-name', procedure: 45, virsh: ['net-info', 'lab'] },
  { file: 'network-get-dhcp-leases', procedure: 341, virsh: ['net-dhcp-leases', 'lab'] },
];

/** Events by message procedure and the command that brings them about. */
const events: readonly {
  readonly file: string;
  readonly procedure: number;
  readonly virsh: readonly string[];
}[] = [
  { file: 'event-lifecycle', procedure: 318, virsh: ['suspend', '--domain', oddName] },
  {
    file: 'event-metadata-change',
    procedure: 379,
    virsh: ['desc', '--title', '--live', '--domain', oddName, 'new title'],
  },
  {
    file: 'event-tunable',
    procedure: 346,
    virsh: ['blkdeviotune', '--live', '--domain', oddName, 'vda', '--total-iops-sec', '100'],
  },
  {
    file: 'event-device-added',
    procedure: 354,
    virsh: [
      'attach-disk',
      '--live',
      '--domain',
      oddName,
      '%images%/own.qcow2',
      'vdc',
      '--subdriver',
      'qcow2',
    ],
  },
  { file: 'event-reboot', procedure: 319, virsh: ['reset', '--domain', oddName] },
];

/** A socket that passes everything on to another and keeps the messages. */
async function startTee(upstream: string, listen: string): Promise<{ messages: Message[]; close(): void }> {
  const messages: Message[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const daemon = createConnection(upstream);
    pass(client, daemon, true);
    pass(daemon, client, false);
  });
  const pass = (from: Socket, to: Socket, fromClient: boolean): void => {
    const framer = new Framer(frameRule);
    sockets.add(from);
    from.on('data', (chunk: Uint8Array) => {
      framer.push(chunk, (frame) => messages.push({ fromClient, bytes: Uint8Array.from(frame) }));
      to.write(chunk);
    });
    from.on('end', () => to.end());
    from.on('error', () => to.destroy());
  };
  await new Promise<void>((resolve) => {
    server.listen(listen, resolve);
  });
  return {
    messages,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

const headerFields = ['length', 'program', 'version', 'procedure', 'type', 'serial', 'status'] as const;

/** Four octets a line: header fields by name, payload as text where it is some. */
function annotate(bytes: Uint8Array): string {
  const lines: string[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let offset = 0; offset < bytes.length; offset += 4) {
    const word = bytes.subarray(offset, offset + 4);
    const hex = Buffer.from(word).toString('hex');
    const field = headerFields[offset / 4];
    const text = [...word]
      .map((octet) => (octet >= 0x20 && octet < 0x7f ? String.fromCharCode(octet) : '.'))
      .join('');
    const note =
      field === undefined
        ? /[^.]{2}/.test(text)
          ? `"${text}"`
          : String(view.getUint32(offset))
        : `${field} ${field === 'program' ? '' : view.getUint32(offset)}`;
    lines.push(`${hex}  ${note}`.trimEnd());
  }
  return lines.join('\n');
}

class Recorder {
  readonly #libvirtd: Libvirtd;
  readonly #peer: string;
  readonly #tee: string;
  readonly #messages: Message[];

  constructor(libvirtd: Libvirtd, peer: string, tee: string, messages: Message[]) {
    this.#libvirtd = libvirtd;
    this.#peer = peer;
    this.#tee = tee;
    this.#messages = messages;
  }

  get uri(): string {
    return `qemu+unix:///system?socket=${this.#tee}`;
  }

  async record({ file, procedure, virsh, pick }: Recording): Promise<void> {
    this.#messages.length = 0;
    await run('virsh', ['-q', '-r', '-c', this.uri, ...virsh]).catch(() => '');
    await delay(50);
    const calls = this.#ofProcedure(procedure, messageTypes.call);
    const call = pick === 'last' ? calls.at(-1) : calls[0];
    const serial = call === undefined ? undefined : decodeHeader(call.bytes).serial;
    const reply = this.#ofProcedure(procedure, messageTypes.reply).find(
      (message) => decodeHeader(message.bytes).serial === serial,
    );
    if (call === undefined || reply === undefined) {
      process.stderr.write(`nothing recorded for ${file}\n`);
      return;
    }
    await this.#write(file, virsh, [
      ['call', call],
      ['reply', reply],
    ]);
  }

  async recordEvent(file: string, procedure: number, virsh: readonly string[]): Promise<void> {
    this.#messages.length = 0;
    const args = virsh.map((arg) => arg.replace('%images%', this.#libvirtd.imagesPath));
    await this.#libvirtd.virsh(...args).catch((error: unknown) => process.stderr.write(`${String(error)}\n`));
    try {
      const event = await waitUntil(() => this.#ofProcedure(procedure, messageTypes.message)[0], {
        what: file,
        timeoutMs: 5000,
      });
      await this.#write(file, virsh, [['event', event]]);
    } catch {
      process.stderr.write(`nothing recorded for ${file}\n`);
    }
  }

  #ofProcedure(procedure: number, type: number): readonly Message[] {
    return this.#messages.filter(({ bytes }) => {
      const header = decodeHeader(bytes);
      return header.program === programs.remote && header.procedure === procedure && header.type === type;
    });
  }

  async #write(
    file: string,
    virsh: readonly string[],
    parts: readonly (readonly [string, Message])[],
  ): Promise<void> {
    const head = [
      `# peer: ${this.#peer}`,
      `# date: ${new Date().toISOString().slice(0, 10)}`,
      `# command: virsh ${virsh.join(' ')}`,
      '# paths of the lab are replaced by others of the same length',
    ];
    const body = parts.flatMap(([part, { bytes }]) => [`# ${part}`, annotate(this.#withoutPaths(bytes))]);
    await writeFile(`${outputDirectory}${file}.hex`, `${[...head, ...body].join('\n')}\n`);
  }

  #withoutPaths(bytes: Uint8Array): Uint8Array {
    const clean = Buffer.from(bytes);
    const lab = this.#libvirtd.directory.path;
    const other = '/var/lib/libvirt/lab-lab-lab-lab-lab-lab-lab-lab'.slice(0, lab.length).replace(/-$/, 'l');
    for (let at = clean.indexOf(lab); at >= 0; at = clean.indexOf(lab, at)) {
      clean.write(other, at);
    }
    return clean;
  }
}

async function main(): Promise<void> {
  await mkdir(outputDirectory, { recursive: true });
  const libvirtd = await startLibvirtd({ hostname: 'lab-host' });
  try {
    await prepare(libvirtd);
    const version = await libvirtd.virsh('version', '--daemon');
    const number = (pattern: RegExp): string => pattern.exec(version)?.[1] ?? '';
    const peer = `libvirtd ${number(/daemon: (\S+)/)} with QEMU ${number(/hypervisor: QEMU (\S+)/)}, and virsh`;
    const teeSocket = libvirtd.directory.file('tee-sock');
    const tee = await startTee(libvirtd.socket, teeSocket);
    const recorder = new Recorder(libvirtd, peer, teeSocket, tee.messages);
    for (const recording of recordings) await recorder.record(recording);
    const listener = await startProcess({
      name: 'virsh event',
      command: 'virsh',
      args: ['-r', '-c', recorder.uri, 'event', '--all', '--loop'],
    });
    await waitUntil(() => tee.messages.length > 30, { what: 'registrations' });
    for (const event of events) await recorder.recordEvent(event.file, event.procedure, event.virsh);
    await listener.stop();
    tee.close();
  } finally {
    await libvirtd.stop();
  }
}

async function prepare(libvirtd: Libvirtd): Promise<void> {
  const images = libvirtd.imagesPath;
  const raw = await makeRawImage(`${images}/raw.img`, 8);
  const base = await makeQcow2Image(`${images}/base.qcow2`, { sizeMib: 8 });
  const overlay = await makeQcow2Image(`${images}/overlay.qcow2`, {
    backing: { path: base, format: 'qcow2' },
  });
  const own = await makeQcow2Image(`${images}/own.qcow2`, { sizeMib: 8 });
  const common = { type: libvirtd.domainType, title: 'a title', metadata: novaMetadata() } as const;
  await libvirtd.run(
    biosGuest({
      ...common,
      name: oddName,
      uuid: '5a3f9a9a-3c9e-43f3-a035-661c5fce89ac',
      vcpus: 2,
      currentVcpus: 1,
      iothreads: 2,
      cputune:
        "<vcpupin vcpu='0' cpuset='0'/><emulatorpin cpuset='0-1'/><iothreadpin iothread='1' cpuset='1'/>",
      perfEvents: ['cpu_clock'],
      balloonStatsPeriodSec: 5,
      disks: [{ path: raw }, { path: overlay, format: 'qcow2' }, { device: 'cdrom', bus: 'sata' }],
      nics: [
        { mac: '52:54:00:01:02:03', ...(libvirtd.bridge === undefined ? {} : { bridge: libvirtd.bridge }) },
      ],
      extraDevices: "<serial type='null'/>",
    }),
  );
  await libvirtd.define(
    biosGuest({
      ...common,
      name: off,
      uuid: '5518d93c-b483-45e8-a0bf-ba5634758d9b',
      disks: [{ path: own, format: 'qcow2' }],
    }),
  );
  await libvirtd.virsh('snapshot-create-as', '--domain', off, 'first');
  await libvirtd.virsh('pool-create-as', 'images', 'dir', '--target', images);
  if (libvirtd.bridge !== undefined) {
    const path = libvirtd.directory.file('network.xml');
    await writeFile(
      path,
      `<network><name>lab</name><forward mode='bridge'/><bridge name='${libvirtd.bridge}'/></network>`,
    );
    await libvirtd.virsh('net-create', path);
  }
}

await main();
