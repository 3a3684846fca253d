import type { DomainType } from './acceleration.ts';

/** A name that every layer has to carry unharmed. */
export const oddName = 'odd näme "q" <&> %s';

export interface DiskOptions {
  /** Path of the image; absent = a CD-ROM drive without a medium (or any drive without a source). */
  readonly path?: string;
  /** NBD server instead of a file. */
  readonly nbdSocketPath?: string;
  readonly format?: 'raw' | 'qcow2';
  /** `vda`, `sda`, …; default counts up within the bus. */
  readonly target?: string;
  readonly bus?: 'virtio' | 'ide' | 'sata' | 'scsi';
  readonly device?: 'disk' | 'cdrom';
  readonly readonly?: boolean;
  readonly errorPolicy?: 'stop' | 'report' | 'ignore' | 'enospace';
  readonly readErrorPolicy?: 'stop' | 'report' | 'ignore';
  readonly serial?: string;
  readonly alias?: string;
  /** Statistics of latency that libvirt 11.9 and 12.1 and later have; earlier ones leave them out of the definition. */
  readonly latencyStats?: boolean;
}

/** Averages over ten seconds, and how many reads took less than a tenth of a millisecond, or more. */
const latencyStatsXml = `<statistics><statistic interval='10'/>
        <latency-histogram type='read'><bin start='0'/><bin start='100000'/></latency-histogram></statistics>`;

export interface NicOptions {
  /** Bridge for a tap device; absent = QEMU's user-mode network, which has no counters on the host. */
  readonly bridge?: string;
  readonly mac?: string;
  readonly model?: string;
  readonly targetDevice?: string;
  readonly linkState?: 'up' | 'down';
}

export interface GuestOptions {
  readonly name: string;
  /** Default `qemu`; take it from `libvirtd.domainType`. */
  readonly type?: DomainType;
  readonly uuid?: string;
  readonly title?: string;
  readonly description?: string;
  readonly memoryMib?: number;
  /** Balloon target below `memoryMib`. */
  readonly currentMemoryMib?: number;
  /** Maximum. */
  readonly vcpus?: number;
  readonly currentVcpus?: number;
  /** All but the first can be taken away again while the guest runs. */
  readonly removableVcpus?: boolean;
  readonly machine?: 'pc' | 'q35';
  readonly disks?: readonly DiskOptions[];
  readonly nics?: readonly NicOptions[];
  readonly balloonStatsPeriodSec?: number;
  readonly memballoon?: boolean;
  /** Perf event names; the software ones (`cpu_clock`, `page_faults`, …) need no hardware counters. */
  readonly perfEvents?: readonly string[];
  readonly iothreads?: number;
  /** Content of `<cputune>`. */
  readonly cputune?: string;
  /** Content of `<metadata>`. */
  readonly metadata?: string;
  readonly panicDevice?: boolean;
  readonly watchdogAction?: 'reset' | 'shutdown' | 'poweroff' | 'pause' | 'none' | 'dump' | 'inject-nmi';
  /** The channel of the guest agent, whether or not an agent answers in it. */
  readonly agentChannel?: boolean;
  readonly onCrash?: 'destroy' | 'restart' | 'preserve';
  readonly onPoweroff?: 'destroy' | 'restart' | 'preserve';
  readonly onReboot?: 'destroy' | 'restart' | 'preserve';
  /** Appended to `<devices>`. */
  readonly extraDevices?: string;
  /** Appended to `<domain>`. */
  readonly extraDomain?: string;
}

export interface LinuxGuestOptions extends GuestOptions {
  readonly kernelPath: string;
  readonly initrdPath: string;
  /** Appended to the kernel's command line: see guest-image.ts for the words its init understands. */
  readonly commandLine?: string;
  /** A file that collects the console's output. */
  readonly consoleLogPath?: string;
}

/** Perf events of software counters. */
export const softwarePerfEvents = [
  'cpu_clock',
  'task_clock',
  'page_faults',
  'page_faults_min',
  'page_faults_maj',
  'context_switches',
  'cpu_migrations',
  'alignment_faults',
  'emulation_faults',
] as const;

/** What OpenStack Nova writes into `<metadata>`. */
export function novaMetadata(instanceName = 'web-1', projectName = 'shop', flavorName = 'm1.tiny'): string {
  return `<nova:instance xmlns:nova="http://openstack.org/xmlns/libvirt/nova/1.1">
      <nova:name>${escapeXml(instanceName)}</nova:name>
      <nova:flavor name="${escapeXml(flavorName)}"><nova:memory>16</nova:memory><nova:vcpus>1</nova:vcpus></nova:flavor>
      <nova:owner>
        <nova:user uuid="6d7a0b6e1f4a4c0c8e1fd2c4b7d3a111">admin</nova:user>
        <nova:project uuid="0c5b2f9e7d2a4a8f9a70c1f1f9b5a222">${escapeXml(projectName)}</nova:project>
      </nova:owner>
    </nova:instance>`;
}

/** What oVirt's VDSM writes into `<metadata>`. */
export function ovirtMetadata(clusterVersion = '4.7'): string {
  return `<ovirt-vm:vm xmlns:ovirt-vm="http://ovirt.org/vm/1.0">
      <ovirt-vm:clusterVersion>${escapeXml(clusterVersion)}</ovirt-vm:clusterVersion>
      <ovirt-vm:launchPaused>false</ovirt-vm:launchPaused>
      <ovirt-vm:minGuaranteedMemoryMb type="int">16</ovirt-vm:minGuaranteedMemoryMb>
    </ovirt-vm:vm>`;
}

/** A guest that ends in its BIOS ("no bootable device"): 16 MiB, up in a moment, good for states, names and events. */
export function biosGuest(options: GuestOptions): string {
  return domainXml(options, '');
}

/** A guest that boots Linux with the lab's init. */
export function linuxGuest(options: LinuxGuestOptions): string {
  const boot = `
    <kernel>${escapeXml(options.kernelPath)}</kernel>
    <initrd>${escapeXml(options.initrdPath)}</initrd>
    <cmdline>console=ttyS0 quiet panic=0 ${escapeXml(options.commandLine ?? '')}</cmdline>`;
  const serial =
    options.consoleLogPath === undefined
      ? ''
      : `<serial type='file'><source path='${escapeXml(options.consoleLogPath)}'/></serial>`;
  const rng = "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>";
  return domainXml(
    { memoryMib: 112, ...options, extraDevices: `${serial}${rng}${options.extraDevices ?? ''}` },
    boot,
  );
}

function domainXml(options: GuestOptions, boot: string): string {
  const vcpus = options.vcpus ?? 1;
  return `<domain type='${options.type ?? 'qemu'}'>
  <name>${escapeXml(options.name)}</name>
  ${element('uuid', options.uuid)}
  ${element('title', options.title)}
  ${element('description', options.description)}
  ${options.metadata === undefined ? '' : `<metadata>${options.metadata}</metadata>`}
  <memory unit='MiB'>${options.memoryMib ?? 16}</memory>
  <currentMemory unit='MiB'>${options.currentMemoryMib ?? options.memoryMib ?? 16}</currentMemory>
  <vcpu current='${options.currentVcpus ?? vcpus}'>${vcpus}</vcpu>
  ${options.removableVcpus ? vcpusXml(vcpus) : ''}
  ${options.iothreads === undefined ? '' : `<iothreads>${options.iothreads}</iothreads>`}
  ${options.cputune === undefined ? '' : `<cputune>${options.cputune}</cputune>`}
  <os><type arch='x86_64' machine='${options.machine ?? 'pc'}'>hvm</type>${boot}</os>
  <features><acpi/><apic/></features>
  <pm><suspend-to-mem enabled='yes'/><suspend-to-disk enabled='yes'/></pm>
  ${element('on_poweroff', options.onPoweroff)}
  ${element('on_reboot', options.onReboot)}
  ${element('on_crash', options.onCrash)}
  ${perfXml(options.perfEvents)}
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    ${disksXml(options.disks ?? [])}
    ${(options.nics ?? []).map(nicXml).join('\n    ')}
    ${balloonXml(options)}
    ${options.agentChannel ? "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>" : ''}
    ${options.panicDevice ? "<panic model='isa'/>" : ''}
    ${options.watchdogAction === undefined ? '' : `<watchdog model='i6300esb' action='${options.watchdogAction}'/>`}
    ${options.extraDevices ?? ''}
  </devices>
  ${options.extraDomain ?? ''}
</domain>`;
}

function vcpusXml(count: number): string {
  const each = Array.from({ length: count }, (_, id) => {
    return `<vcpu id='${id}' enabled='yes' hotpluggable='${id === 0 ? 'no' : 'yes'}'/>`;
  });
  return `<vcpus>${each.join('')}</vcpus>`;
}

function disksXml(disks: readonly DiskOptions[]): string {
  const counts = new Map<string, number>();
  return disks
    .map((disk) => {
      const bus = disk.bus ?? (disk.device === 'cdrom' ? 'ide' : 'virtio');
      const prefix = { virtio: 'vd', ide: 'hd', sata: 'sd', scsi: 'sd' }[bus];
      const position = counts.get(prefix) ?? 0;
      counts.set(prefix, position + 1);
      return diskXml(disk, bus, disk.target ?? `${prefix}${String.fromCharCode(97 + position)}`);
    })
    .join('\n    ');
}

function diskXml(disk: DiskOptions, bus: string, target: string): string {
  const network = disk.nbdSocketPath !== undefined;
  const source = network
    ? `<source protocol='nbd'><host transport='unix' socket='${escapeXml(disk.nbdSocketPath ?? '')}'/></source>`
    : disk.path === undefined
      ? ''
      : `<source file='${escapeXml(disk.path)}'/>`;
  const policies = [
    disk.errorPolicy === undefined ? '' : ` error_policy='${disk.errorPolicy}'`,
    disk.readErrorPolicy === undefined ? '' : ` rerror_policy='${disk.readErrorPolicy}'`,
  ].join('');
  return `<disk type='${network ? 'network' : 'file'}' device='${disk.device ?? 'disk'}'>
      <driver name='qemu' type='${disk.format ?? 'raw'}'${policies}>${disk.latencyStats ? latencyStatsXml : ''}</driver>${source}
      <target dev='${target}' bus='${bus}'/>
      ${element('serial', disk.serial)}
      ${disk.readonly || disk.device === 'cdrom' ? '<readonly/>' : ''}
      ${disk.alias === undefined ? '' : `<alias name='${escapeXml(disk.alias)}'/>`}
    </disk>`;
}

function nicXml(nic: NicOptions): string {
  const source = nic.bridge === undefined ? '' : `<source bridge='${nic.bridge}'/>`;
  return `<interface type='${nic.bridge === undefined ? 'user' : 'bridge'}'>${source}
      ${nic.mac === undefined ? '' : `<mac address='${nic.mac}'/>`}
      ${nic.targetDevice === undefined ? '' : `<target dev='${nic.targetDevice}'/>`}
      <model type='${nic.model ?? 'virtio'}'/>
      ${nic.linkState === undefined ? '' : `<link state='${nic.linkState}'/>`}
    </interface>`;
}

function balloonXml(options: GuestOptions): string {
  if (options.memballoon === false) return "<memballoon model='none'/>";
  const stats =
    options.balloonStatsPeriodSec === undefined ? '' : `<stats period='${options.balloonStatsPeriodSec}'/>`;
  return `<memballoon model='virtio'>${stats}</memballoon>`;
}

function perfXml(events: readonly string[] | undefined): string {
  if (events === undefined || events.length === 0) return '';
  return `<perf>${events.map((name) => `<event name='${name}' enabled='yes'/>`).join('')}</perf>`;
}

function element(name: string, text: string | undefined): string {
  return text === undefined ? '' : `<${name}>${escapeXml(text)}</${name}>`;
}

/** Text for element content and attribute values. */
export function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&apos;');
}
