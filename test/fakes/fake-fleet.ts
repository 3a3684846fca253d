import { XdrWriter } from '../../src/libvirt/xdr.ts';

/** Size of a made-up fleet. */
export interface FleetShape {
  readonly domains: number;
  readonly vcpus: number;
  readonly disks: number;
  readonly nics: number;
}

/** A domain of the fleet with its statistics as a record of connectGetAllDomainStats. */
export interface FakeDomain {
  readonly name: string;
  readonly uuid: string;
  readonly id: number;
  readonly xml: string;
  /** `domain, typed_param<>` */
  readonly record: Uint8Array;
  readonly view: DataView;
  /** Offsets in `record` of 64-bit counters, with what to add at each reading. */
  readonly counters: readonly { readonly at: number; readonly step: bigint }[];
}

/** Typed parameters in the order QEMU's driver sends them: about 140 for 4 vCPUs, 2 disks and 2 NICs. */
export function makeFleet(shape: FleetShape): readonly FakeDomain[] {
  return Array.from({ length: shape.domains }, (_, number) => makeDomain(number, shape));
}

/** Moves the counters of a domain as ten seconds of light load would. */
export function advance(domain: FakeDomain): void {
  for (const { at, step } of domain.counters) {
    domain.view.setBigUint64(at, domain.view.getBigUint64(at) + step);
  }
}

const types = { int: 1, uint: 2, ullong: 4, boolean: 6, string: 7 } as const;

function makeDomain(number: number, shape: FleetShape): FakeDomain {
  const name = `fake-${String(number).padStart(5, '0')}`;
  const uuid = `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;
  const id = number + 1;
  const writer = new XdrWriter({ capacity: 8192 });
  const counters: { at: number; step: bigint }[] = [];
  writer.string(name);
  writer.uuid(uuid);
  writer.i32(id);
  const countAt = writer.reserve(4);
  let params = 0;
  const head = (field: string, type: number): void => {
    writer.string(field);
    writer.i32(type);
    params += 1;
  };
  const int = (field: string, value: number): void => {
    head(field, types.int);
    writer.i32(value);
  };
  const uint = (field: string, value: number): void => {
    head(field, types.uint);
    writer.u32(value);
  };
  const text = (field: string, value: string): void => {
    head(field, types.string);
    writer.string(value);
  };
  const gauge = (field: string, value: bigint): void => {
    head(field, types.ullong);
    writer.u64(value);
  };
  const counter = (field: string, value: bigint, step: bigint): void => {
    head(field, types.ullong);
    counters.push({ at: writer.length, step });
    writer.u64(value);
  };
  int('state.state', 1);
  int('state.reason', 1);
  counter('cpu.time', 123_456_789_000_000n, 1_500_000_000n);
  counter('cpu.user', 100_000_000_000_000n, 1_000_000_000n);
  counter('cpu.system', 23_456_789_000_000n, 500_000_000n);
  gauge('balloon.current', 4_194_304n);
  gauge('balloon.maximum', 4_194_304n);
  counter('balloon.swap_in', 0n, 0n);
  counter('balloon.swap_out', 0n, 0n);
  counter('balloon.major_fault', 812n, 1n);
  counter('balloon.minor_fault', 9_123_456n, 700n);
  gauge('balloon.unused', 1_912_345n);
  gauge('balloon.available', 4_019_876n);
  gauge('balloon.usable', 3_123_456n);
  counter('balloon.last-update', 1_795_200_000n, 10n);
  gauge('balloon.disk_caches', 1_023_456n);
  counter('balloon.hugetlb_pgalloc', 0n, 0n);
  counter('balloon.hugetlb_pgfail', 0n, 0n);
  gauge('balloon.rss', 3_912_345n);
  uint('vcpu.current', shape.vcpus);
  uint('vcpu.maximum', shape.vcpus);
  for (let n = 0; n < shape.vcpus; n += 1) {
    int(`vcpu.${n}.state`, 1);
    counter(`vcpu.${n}.time`, 30_000_000_000_000n, 350_000_000n);
    counter(`vcpu.${n}.wait`, 1_000_000_000n, 1_000_000n);
    counter(`vcpu.${n}.delay`, 2_000_000_000n, 2_000_000n);
    head(`vcpu.${n}.halted`, types.boolean);
    writer.bool(false);
    for (const counterName of [
      'exits',
      'halt_exits',
      'irq_exits',
      'mmio_exits',
      'io_exits',
      'signal_exits',
      'hypercalls',
      'l1d_flush',
      'nmi_injections',
      'req_event',
    ]) {
      counter(`vcpu.${n}.${counterName}.sum`, 1_000_000n, 900n);
    }
  }
  uint('net.count', shape.nics);
  for (let n = 0; n < shape.nics; n += 1) {
    text(`net.${n}.name`, nicTarget(number, n));
    for (const direction of ['rx', 'tx']) {
      counter(`net.${n}.${direction}.bytes`, 987_654_321n, 12_345n);
      counter(`net.${n}.${direction}.pkts`, 1_234_567n, 99n);
      counter(`net.${n}.${direction}.errs`, 0n, 0n);
      counter(`net.${n}.${direction}.drop`, 0n, 0n);
    }
  }
  uint('block.count', shape.disks);
  for (let n = 0; n < shape.disks; n += 1) {
    text(`block.${n}.name`, diskTarget(n));
    text(`block.${n}.path`, `/var/lib/libvirt/images/${name}-${diskTarget(n)}.qcow2`);
    for (const direction of ['rd', 'wr']) {
      counter(`block.${n}.${direction}.reqs`, 1_234_567n, 50n);
      counter(`block.${n}.${direction}.bytes`, 9_876_543_210n, 409_600n);
      counter(`block.${n}.${direction}.times`, 4_567_890_123n, 12_000_000n);
    }
    counter(`block.${n}.fl.reqs`, 12_345n, 3n);
    counter(`block.${n}.fl.times`, 123_456_789n, 900_000n);
    gauge(`block.${n}.allocation`, 12_345_678_336n);
    gauge(`block.${n}.capacity`, 42_949_672_960n);
    gauge(`block.${n}.physical`, 12_346_195_968n);
  }
  writer.patchU32(countAt, params);
  const record = Uint8Array.from(writer.finish());
  return {
    name,
    uuid,
    id,
    xml: domainXml(number, name, uuid, id, shape),
    record,
    view: new DataView(record.buffer),
    counters,
  };
}

function diskTarget(n: number): string {
  return `vd${String.fromCharCode(97 + n)}`;
}

function nicTarget(domain: number, n: number): string {
  return `vn${domain}-${n}`;
}

function mac(domain: number, n: number): string {
  const octets = [0x52, 0x54, n, (domain >> 16) & 255, (domain >> 8) & 255, domain & 255];
  return octets.map((octet) => octet.toString(16).padStart(2, '0')).join(':');
}

function domainXml(number: number, name: string, uuid: string, id: number, shape: FleetShape): string {
  const disks = Array.from(
    { length: shape.disks },
    (_, n) => `    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2' cache='none' discard='unmap'/>
      <source file='/var/lib/libvirt/images/${name}-${diskTarget(n)}.qcow2' index='${n + 1}'/>
      <backingStore/>
      <target dev='${diskTarget(n)}' bus='virtio'/>
      <serial>${uuid.slice(24)}-${n}</serial>
      <alias name='virtio-disk${n}'/>
    </disk>`,
  );
  const nics = Array.from(
    { length: shape.nics },
    (_, n) => `    <interface type='bridge'>
      <mac address='${mac(number, n)}'/>
      <source bridge='br0'/>
      <target dev='${nicTarget(number, n)}'/>
      <model type='virtio'/>
      <alias name='net${n}'/>
    </interface>`,
  );
  return `<domain type='kvm' id='${id}'>
  <name>${name}</name>
  <uuid>${uuid}</uuid>
  <memory unit='KiB'>4194304</memory>
  <currentMemory unit='KiB'>4194304</currentMemory>
  <vcpu placement='static'>${shape.vcpus}</vcpu>
  <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type><boot dev='hd'/></os>
  <cpu mode='host-passthrough' check='none' migratable='on'/>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
${disks.join('\n')}
${nics.join('\n')}
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0' state='connected'/></channel>
    <memballoon model='virtio'><stats period='10'/></memballoon>
  </devices>
</domain>`;
}
