import { XdrWriter } from '../../src/libvirt/xdr.ts';

/** Shape of the synthetic domains. */
export interface FakeDomainShape {
  readonly vcpus: number;
  readonly disks: number;
  readonly nics: number;
  /** Adds the counters that KVM keeps per vCPU, about 11 each. */
  readonly kernelCounters: boolean;
}

/** Bits of virDomainStatsTypes. */
export const statsGroups = {
  state: 1,
  cpuTotal: 2,
  balloon: 4,
  vcpu: 8,
  interface: 16,
  block: 32,
  perf: 64,
  iothread: 128,
  memory: 256,
  dirtyRate: 512,
  vm: 1024,
} as const;

/** Groups that a daemon fills without asking the hypervisor process. */
export const monitorFreeGroups =
  statsGroups.state | statsGroups.interface | statsGroups.perf | statsGroups.memory;

const stateRunning = 1;
const stateShutoff = 5;

const kernelCounterNames = [
  'exits',
  'halt_exits',
  'irq_exits',
  'io_exits',
  'mmio_exits',
  'pf_taken',
  'fpu_reload',
  'hypercalls',
  'irq_injections',
  'nmi_injections',
  'tlb_flush',
] as const;

/** Parameters of one statistics group, encoded once; counters are patched in place. */
interface Segment {
  readonly group: number;
  readonly count: number;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** Offset, start value and growth per millisecond of each counter. */
  readonly offsets: readonly number[];
  readonly bases: readonly number[];
  readonly rates: readonly number[];
}

/** Writes the parameters of a group and remembers where its counters are. */
class SegmentWriter {
  readonly #writer = new XdrWriter({ capacity: 2048 });
  readonly #offsets: number[] = [];
  readonly #bases: number[] = [];
  readonly #rates: number[] = [];
  #count = 0;

  int(name: string, value: number): void {
    this.#start(name, 1);
    this.#writer.i32(value);
  }

  uint(name: string, value: number): void {
    this.#start(name, 2);
    this.#writer.u32(value);
  }

  boolean(name: string, value: boolean): void {
    this.#start(name, 6);
    this.#writer.bool(value);
  }

  text(name: string, value: string): void {
    this.#start(name, 7);
    this.#writer.string(value);
  }

  /** An unsigned 64-bit value, growing by `ratePerMs` if that is given. */
  ullong(name: string, value: number, ratePerMs = 0): void {
    this.#start(name, 4);
    if (ratePerMs > 0) {
      this.#offsets.push(this.#writer.length);
      this.#bases.push(value);
      this.#rates.push(ratePerMs);
    }
    this.#writer.u64(value);
  }

  finish(group: number): Segment {
    const bytes = this.#writer.finish().slice();
    return {
      group,
      count: this.#count,
      bytes,
      view: new DataView(bytes.buffer),
      offsets: this.#offsets,
      bases: this.#bases,
      rates: this.#rates,
    };
  }

  #start(name: string, type: number): void {
    this.#count += 1;
    this.#writer.bytes(encodedName(name));
    this.#writer.i32(type);
  }
}

/** The domains share most names, so each is encoded once. */
const encodedNames = new Map<string, Uint8Array>();

function encodedName(name: string): Uint8Array {
  let encoded = encodedNames.get(name);
  if (encoded === undefined) {
    const writer = new XdrWriter({ capacity: 64 });
    writer.string(name);
    encoded = writer.finish();
    encodedNames.set(name, encoded);
  }
  return encoded;
}

/** A synthetic domain of the fake daemon. Its fields may be changed between calls. */
export class FakeDomain {
  readonly name: string;
  readonly uuid: string;
  readonly number: number;
  readonly shape: FakeDomainShape;
  id: number;
  state: number;
  reason: number;
  autostart: boolean;
  persistent = true;
  managedSave = false;
  /** Disk targets in error and their virDomainDiskErrorCode. */
  diskErrors: readonly { readonly disk: string; readonly error: number }[] = [];
  /** Whether the hypervisor process hangs: the first call that enters its monitor is not answered. */
  frozen = false;
  /** Since when a call holds the monitor, in milliseconds of `performance.now()`. */
  occupiedSince: number | undefined;
  /** Errors that each disk has counted; undefined: none are counted, as with QEMU. */
  #diskErrorCount: number | undefined;
  #segments: readonly Segment[] | undefined;

  constructor(number: number, shape: FakeDomainShape, active = true) {
    this.number = number;
    this.shape = shape;
    this.name = `vm-${String(number).padStart(5, '0')}`;
    this.uuid = `6f2d1c00-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;
    this.id = active ? number : -1;
    this.state = active ? stateRunning : stateShutoff;
    this.reason = 1;
    this.autostart = number % 2 === 0;
  }

  get active(): boolean {
    return this.id >= 0;
  }

  /** Has each disk count so many errors, as those of Xen do. */
  set diskErrorCount(count: number) {
    this.#diskErrorCount = count;
    this.#segments = undefined;
  }

  /** Encodes the statistics now instead of when they are first asked for. */
  prepare(): void {
    this.#segments ??= this.#buildSegments();
  }

  /** Targets of the disks: vda, vdb, ... */
  get targets(): readonly string[] {
    return Array.from({ length: this.shape.disks }, (_, disk) => `vd${String.fromCharCode(97 + disk)}`);
  }

  writeRef(writer: XdrWriter): void {
    writer.string(this.name);
    writer.uuid(this.uuid);
    writer.i32(this.id);
  }

  /** Writes one record of the statistics reply with the groups asked for. */
  writeStats(writer: XdrWriter, groups: number, elapsedMs: number): void {
    this.writeRef(writer);
    this.#segments ??= this.#buildSegments();
    const countAt = writer.reserve(4);
    let count = 0;
    if ((groups & statsGroups.state) !== 0) {
      const state = new SegmentWriter();
      state.int('state.state', this.state);
      state.int('state.reason', this.reason);
      writer.bytes(state.finish(statsGroups.state).bytes);
      count += 2;
    }
    for (const segment of this.#segments) {
      if ((segment.group & groups) !== 0 && (this.active || segment.group === statsGroups.balloon)) {
        patchCounters(segment, elapsedMs);
        writer.bytes(segment.bytes);
        count += segment.count;
      }
    }
    writer.patchU32(countAt, count);
  }

  #buildSegments(): readonly Segment[] {
    return [
      this.#cpuSegment(),
      this.#balloonSegment(),
      this.#vcpuSegment(),
      this.#interfaceSegment(),
      this.#blockSegment(),
      iothreadSegment(),
      dirtyRateSegment(),
    ];
  }

  #cpuSegment(): Segment {
    const cpu = new SegmentWriter();
    const busy = 1_000_000 * this.shape.vcpus * (0.05 + (this.number % 10) / 20);
    cpu.ullong('cpu.time', 40e9 + this.number * 1e9, busy);
    cpu.ullong('cpu.user', 4e9, busy / 10);
    cpu.ullong('cpu.system', 6e9, busy / 8);
    cpu.uint('cpu.cache.monitor.count', 0);
    cpu.ullong('cpu.haltpoll.success.time', 1e9, 1000);
    cpu.ullong('cpu.haltpoll.fail.time', 2e9, 3000);
    return cpu.finish(statsGroups.cpuTotal);
  }

  #balloonSegment(): Segment {
    const balloon = new SegmentWriter();
    const memoryKib = this.memoryKib;
    balloon.ullong('balloon.current', memoryKib);
    balloon.ullong('balloon.maximum', memoryKib);
    balloon.ullong('balloon.swap_in', 0);
    balloon.ullong('balloon.swap_out', 0);
    balloon.ullong('balloon.major_fault', 1200, 0.01);
    balloon.ullong('balloon.minor_fault', 900_000, 2);
    balloon.ullong('balloon.unused', Math.floor(memoryKib / 3));
    balloon.ullong('balloon.available', Math.floor(memoryKib * 0.97));
    balloon.ullong('balloon.usable', Math.floor(memoryKib / 2));
    balloon.ullong('balloon.last-update', 1_790_000_000, 0.001);
    balloon.ullong('balloon.disk_caches', Math.floor(memoryKib / 6));
    balloon.ullong('balloon.hugetlb_pgalloc', 0);
    balloon.ullong('balloon.hugetlb_pgfail', 0);
    balloon.ullong('balloon.rss', Math.floor(memoryKib * 0.8));
    return balloon.finish(statsGroups.balloon);
  }

  #vcpuSegment(): Segment {
    const vcpu = new SegmentWriter();
    vcpu.uint('vcpu.current', this.shape.vcpus);
    vcpu.uint('vcpu.maximum', this.shape.vcpus);
    for (let number = 0; number < this.shape.vcpus; number++) {
      vcpu.int(`vcpu.${number}.state`, 1);
      vcpu.ullong(`vcpu.${number}.time`, 9e9 + number * 1e9, 200_000);
      vcpu.ullong(`vcpu.${number}.wait`, 0, 100);
      vcpu.ullong(`vcpu.${number}.delay`, 5e8, 4000);
      vcpu.boolean(`vcpu.${number}.halted`, number % 2 === 1);
      if (this.shape.kernelCounters) {
        for (const name of kernelCounterNames) {
          vcpu.ullong(`vcpu.${number}.${name}.sum`, 100_000, 3);
        }
      }
    }
    return vcpu.finish(statsGroups.vcpu);
  }

  #interfaceSegment(): Segment {
    const net = new SegmentWriter();
    net.uint('net.count', this.shape.nics);
    for (let nic = 0; nic < this.shape.nics; nic++) {
      net.text(`net.${nic}.name`, this.nicName(nic));
      for (const direction of ['rx', 'tx']) {
        net.ullong(`net.${nic}.${direction}.bytes`, 5e9, 1250);
        net.ullong(`net.${nic}.${direction}.pkts`, 4e6, 1);
        net.ullong(`net.${nic}.${direction}.errs`, 0);
        net.ullong(`net.${nic}.${direction}.drop`, 17, 0.0001);
      }
    }
    return net.finish(statsGroups.interface);
  }

  #blockSegment(): Segment {
    const block = new SegmentWriter();
    block.uint('block.count', this.shape.disks);
    for (const [disk, target] of this.targets.entries()) {
      block.text(`block.${disk}.name`, target);
      block.text(`block.${disk}.path`, this.diskPath(disk));
      block.uint(`block.${disk}.backingIndex`, disk + 1);
      for (const [name, rate] of [
        ['rd', 0.4],
        ['wr', 0.9],
      ] as const) {
        block.ullong(`block.${disk}.${name}.reqs`, 300_000, rate);
        block.ullong(`block.${disk}.${name}.bytes`, 7e9, rate * 16_384);
        block.ullong(`block.${disk}.${name}.times`, 9e10, rate * 250_000);
      }
      if (this.#diskErrorCount !== undefined) block.ullong(`block.${disk}.errors`, this.#diskErrorCount);
      block.ullong(`block.${disk}.fl.reqs`, 4000, 0.01);
      block.ullong(`block.${disk}.fl.times`, 3e9, 20_000);
      block.ullong(`block.${disk}.allocation`, 6_442_450_944);
      block.ullong(`block.${disk}.capacity`, 21_474_836_480);
      block.ullong(`block.${disk}.physical`, 6_442_516_480);
    }
    return block.finish(statsGroups.block);
  }

  get memoryKib(): number {
    return 1_048_576 * (1 + (this.number % 8));
  }

  nicName(nic: number): string {
    return `vnet${this.number * this.shape.nics + nic}`;
  }

  diskPath(disk: number): string {
    return `/var/lib/libvirt/images/${this.name}-${this.targets[disk]}.qcow2`;
  }

  mac(nic: number): string {
    const hex = (this.number * this.shape.nics + nic).toString(16).padStart(6, '0');
    return `52:54:00:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4)}`;
  }

  /** The definition; of the active domain with what libvirt adds while it runs. */
  xml(inactive: boolean): string {
    const running = this.active && !inactive;
    const disks = this.targets.map(
      (target, disk) => `    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' cache='none' discard='unmap'/>
      <source file='${this.diskPath(disk)}'${running ? ` index='${disk + 1}'` : ''}/>
      <target dev='${target}' bus='virtio'/>
      ${running ? `<alias name='virtio-disk${disk}'/>` : ''}
    </disk>`,
    );
    const nics = Array.from(
      { length: this.shape.nics },
      (_, nic) => `    <interface type='bridge'>
      <mac address='${this.mac(nic)}'/>
      <source bridge='br0'/>
      ${running ? `<target dev='${this.nicName(nic)}'/>` : ''}
      <model type='virtio'/>
      ${running ? `<alias name='net${nic}'/>` : ''}
    </interface>`,
    );
    return `<domain type='kvm'${running ? ` id='${this.id}'` : ''}>
  <name>${this.name}</name>
  <uuid>${this.uuid}</uuid>
  <title>Synthetic domain ${this.number}</title>
  <metadata>
    <nova:instance xmlns:nova="http://openstack.org/xmlns/libvirt/nova/1.1">
      <nova:name>instance-${this.number}</nova:name>
      <nova:owner><nova:project uuid="0c5b2f9e7d2a4a8f9a70c1f1f9b5a222">project-${this.number % 20}</nova:project></nova:owner>
    </nova:instance>
  </metadata>
  <memory unit='KiB'>${this.memoryKib}</memory>
  <currentMemory unit='KiB'>${this.memoryKib}</currentMemory>
  <vcpu placement='static'>${this.shape.vcpus}</vcpu>
  <os>
    <type arch='x86_64' machine='pc-q35-7.2'>hvm</type>
    <boot dev='hd'/>
  </os>
  <features><acpi/><apic/></features>
  <cpu mode='host-model' check='partial'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
${disks.join('\n')}
${nics.join('\n')}
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <memballoon model='virtio'><stats period='10'/></memballoon>
  </devices>
</domain>
`;
  }
}

function iothreadSegment(): Segment {
  const iothread = new SegmentWriter();
  iothread.uint('iothread.count', 0);
  return iothread.finish(statsGroups.iothread);
}

function dirtyRateSegment(): Segment {
  const dirtyRate = new SegmentWriter();
  dirtyRate.int('dirtyrate.calc_status', 0);
  return dirtyRate.finish(statsGroups.dirtyRate);
}

function patchCounters(segment: Segment, elapsedMs: number): void {
  const { offsets, bases, rates, view } = segment;
  for (let index = 0; index < offsets.length; index++) {
    const value = Math.floor((bases[index] ?? 0) + (rates[index] ?? 0) * elapsedMs);
    const offset = offsets[index] ?? 0;
    view.setUint32(offset, Math.floor(value / 0x1_0000_0000));
    view.setUint32(offset + 4, value >>> 0);
  }
}
