import type { Source } from './source.ts';

type Labels = Readonly<Record<string, string>>;

/** A series by what is measured, as one source has it, one value a minute. */
export type Input = (at: Stage) => {
  readonly family: string;
  readonly labels: Labels;
  readonly values: string;
};

/** An alert that is expected, without what its rule says anyway. */
export interface Expected {
  readonly labels: (at: Stage) => Labels;
  /** What `$value` is in its texts, as they show it. */
  readonly value?: string;
}

/** What an alert does in the course of some series. */
export interface AlertCase {
  readonly alert: string;
  readonly title: string;
  readonly series: readonly Input[];
  readonly checks: readonly (readonly [time: string, ...Expected[]])[];
}

/** The labels and series of a source. */
export class Stage {
  readonly source: Source;

  constructor(source: Source) {
    this.source = source;
  }

  get host(): Labels {
    return { job: 'libvirt', instance: 'host' };
  }

  get scraped(): Labels {
    return this.#isSnmp() ? { ...this.host, module: 'libvirt' } : this.host;
  }

  vm(domain: string): Labels {
    return {
      ...this.scraped,
      domain,
      ...(this.#isSnmp() ? { uuid: `uuid-of-${domain}`, domain_index: '7' } : {}),
    };
  }

  /** A warning by its code and its text. */
  warning(code: 'rootIsExperimental' | 'stateNotSaved', text: string): Labels {
    const [, number = ''] = /"(\d+)"/.exec(this.source.warningsExcept('rootIsExperimental')) ?? [];
    const numbers = { rootIsExperimental: number, stateNotSaved: '5' };
    return { ...this.scraped, ...(this.#isSnmp() ? { code: numbers[code], text } : { code }) };
  }

  #isSnmp(): boolean {
    return this.source.name === 'snmp';
  }
}

const onHost = (at: Stage): Labels => at.scraped;

/** Values of a family, as promtool writes them. */
export function values(family: string, text: string, labels: (at: Stage) => Labels = onHost): Input {
  return (at) => ({ family, labels: labels(at), values: text });
}

/** A moment that was so many seconds before the beginning and stays where it is for so many minutes. */
export function moment(
  family: string,
  secondsAgo: number,
  minutes: number,
  labels: (at: Stage) => Labels = onHost,
): Input {
  return (at) => {
    const asked = at.source.since(family, (name) => name);
    const isMoment = asked !== asked.replace('time() - ', '');
    const text = isMoment ? `${-secondsAgo}x${minutes}` : `${secondsAgo}+60x${minutes}`;
    return { family: asked.replace('time() - ', ''), labels: labels(at), values: text };
  };
}

/** A moment that is always now. */
export function now(family: string, minutes: number, labels: (at: Stage) => Labels = onHost): Input {
  return (at) => {
    const asked = at.source.since(family, (name) => name);
    const isMoment = asked.startsWith('time() - ');
    return {
      family: asked.replace('time() - ', ''),
      labels: labels(at),
      values: `0${isMoment ? '+60' : ''}x${minutes}`,
    };
  };
}

const web = (at: Stage): Labels => at.vm('web');
/** The same name and UUID, of an agent with several hypervisors. */
const webOn =
  (hypervisor: string) =>
  (at: Stage): Labels => ({ ...at.vm('web'), hypervisor });
const db = (at: Stage): Labels => at.vm('db');
const mail = (at: Stage): Labels => at.vm('mail');
const vda = (at: Stage): Labels => ({ ...at.vm('web'), target_device: 'vda' });
const images = (at: Stage): Labels => ({ ...at.scraped, storage_pool: 'images' });
const root = (at: Stage): Labels => ({ ...at.vm('web'), mountpoint: '/' });
const networks = (at: Stage): Labels => ({ ...at.scraped, collector: 'networks' });
const job = (at: Stage): Labels => at.host;
const all: Expected = { labels: job };

const gone = 'libvirt_domain_gone_timestamp_seconds';

/** At least one for each alert. */
export const alertCases: readonly AlertCase[] = [
  {
    alert: 'LibvirtHostUnreachable',
    title: 'a host that does not answer, until it does',
    series: [values('up', '1x10 0x20 1x30')],
    checks: [['10m'], ['20m', all], ['40m']],
  },
  {
    alert: 'LibvirtModuleFails',
    title: 'one module that cannot be scraped',
    series: [
      values('up', '1x60'),
      values('up', '1x10 0x40', (at) => ({ ...at.host, module: 'libvirt_guest' })),
    ],
    checks: [['10m'], ['30m', { labels: (at) => ({ ...at.host, module: 'libvirt_guest' }) }]],
  },
  {
    alert: 'LibvirtAgentLost',
    title: 'an agent that is missing is not one that is well',
    series: [values('up', '1x60'), values('libvirt_connection_state', '2x10 stale')],
    checks: [['10m'], ['30m', all]],
  },
  {
    alert: 'LibvirtDisconnected',
    title: 'no connection to libvirt, until there is one',
    series: [values('libvirt_connection_state', '2x10 3x20 2x30')],
    checks: [['10m'], ['20m', { labels: onHost, value: '3' }], ['40m']],
  },
  {
    alert: 'LibvirtDataOld',
    title: 'figures that get older',
    series: [
      moment('libvirt_refresh_timestamp_seconds', 0, 60),
      values('libvirt_refresh_interval_seconds', '10x60'),
    ],
    checks: [['2m'], ['10m', { labels: onHost, value: '10m 0s' }]],
  },
  {
    alert: 'LibvirtDataOld',
    title: 'figures that are seldom read are not old',
    series: [
      now('libvirt_refresh_timestamp_seconds', 60),
      values('libvirt_refresh_interval_seconds', '10x60'),
    ],
    checks: [['30m']],
  },
  {
    alert: 'LibvirtCollectorOld',
    title: 'a source that is no longer read',
    series: [
      moment('libvirt_collector_success_timestamp_seconds', 0, 100, networks),
      values('libvirt_collector_interval_seconds', '60x100', networks),
      values('libvirt_collector_support', '2x60 4x40', networks),
    ],
    checks: [['30m'], ['50m', { labels: networks, value: '50m 0s' }], ['80m']],
  },
  {
    alert: 'LibvirtAgentWarning',
    title: 'a warning, but not of the experimental root',
    series: [
      values('libvirt_warning_timestamp_seconds', '1x30', (at) =>
        at.warning('rootIsExperimental', 'experimental'),
      ),
      values('libvirt_warning_timestamp_seconds', '1x30', (at) =>
        at.warning('stateNotSaved', 'cannot write'),
      ),
    ],
    checks: [['5m'], ['20m', { labels: (at) => at.warning('stateNotSaved', 'cannot write') }]],
  },
  {
    alert: 'LibvirtDomainFailure',
    title: 'a failure while it lasts',
    series: [values('libvirt_domain_severity', '1x10 3x30 1x20', web)],
    checks: [['5m'], ['15m', { labels: web }], ['45m']],
  },
  {
    alert: 'LibvirtDomainWarning',
    title: 'a VM that is paused for long',
    series: [values('libvirt_domain_severity', '1x10 2x40 1x20', web)],
    checks: [['20m'], ['40m', { labels: web }], ['60m']],
  },
  {
    alert: 'LibvirtDomainDown',
    title: 'a VM that stopped stays an alert for twice the hours that are looked back, until it runs again',
    series: [values('libvirt_domain_up', '1x60 0x800 1x30', web)],
    checks: [['60m'], ['70m', { labels: web }], ['14h', { labels: web }], ['14h40m']],
  },
  {
    alert: 'LibvirtDomainDown',
    title: 'a VM that stopped stays an alert although it could not be asked for hours',
    series: [values('libvirt_domain_up', '1x60 0x120 stale _x240 0x300', web)],
    checks: [['3h', { labels: web }], ['6h'], ['7h30m', { labels: web }], ['11h', { labels: web }]],
  },
  {
    alert: 'LibvirtDomainDown',
    title: 'a VM that has been off for long is none, nor one that is gone, nor one that was migrated',
    series: [
      values('libvirt_domain_up', '0x300', web),
      values('libvirt_domain_up', '1x60 0x240', db),
      values(gone, '_x60 3660x240', db),
      values('libvirt_domain_up', '1x60 0x240', mail),
      values('libvirt_domain_info_state', '1x60 5x240', mail),
      values('libvirt_domain_info_state_reason', '1x60 4x240', mail),
    ],
    checks: [['70m'], ['4h']],
  },
  {
    alert: 'LibvirtDomainDown',
    title: 'a VM that left one hypervisor of an agent and stopped on another',
    series: [
      values('libvirt_domain_up', '1x30 0x90', webOn('rack1-a')),
      values(gone, '_x30 1860x90', webOn('rack1-a')),
      values('libvirt_domain_up', '_x30 1x30 0x60', webOn('rack1-b')),
    ],
    checks: [['60m'], ['90m', { labels: webOn('rack1-b') }]],
  },
  {
    alert: 'LibvirtAutostartNotRunning',
    title: 'a VM that should have been started, since ever, until it is',
    series: [
      values('libvirt_domain_autostart', '1x300', web),
      values('libvirt_domain_up', '0x200 1x100', web),
      values('libvirt_domain_autostart', '0x300', db),
      values('libvirt_domain_up', '0x300', db),
    ],
    checks: [['5m'], ['15m', { labels: web }], ['3h', { labels: web }], ['4h']],
  },
  {
    alert: 'LibvirtAutostartNotRunning',
    title: 'a VM that is gone needs no start',
    series: [
      values('libvirt_domain_autostart', '1x60', web),
      values('libvirt_domain_up', '0x60', web),
      values(gone, '0x60', web),
    ],
    checks: [['30m']],
  },
  {
    alert: 'LibvirtDomainBlocked',
    title: 'a VM that cannot be asked',
    series: [values('libvirt_domain_stats_status', '1x10 3x10 4x10 1x30', web)],
    checks: [['12m'], ['25m', { labels: web }], ['40m']],
  },
  {
    alert: 'LibvirtDomainDataOld',
    title: 'figures of a VM that get older while it runs',
    series: [
      moment('libvirt_domain_stats_timestamp_seconds', 0, 60, web),
      values('libvirt_domain_up', '1x40 0x20', web),
    ],
    checks: [['10m'], ['30m', { labels: web, value: '30m 0s' }], ['50m']],
  },
  {
    alert: 'LibvirtDomainSteal',
    title: 'a VM that waits for processors',
    series: [values('libvirt_domain_cpu_steal_seconds_total', '0+30x120', web)],
    checks: [['20m'], ['60m', { labels: web, value: '50%' }]],
  },
  {
    alert: 'LibvirtGuestMemory',
    title: 'a guest without memory, while its driver tells',
    series: [
      values('libvirt_domain_memory_stats_used_ratio', '0.98x120', web),
      now('libvirt_domain_memory_stats_last_update_timestamp_seconds', 120, web),
      values('libvirt_domain_memory_stats_used_ratio', '0.98x120', db),
      moment('libvirt_domain_memory_stats_last_update_timestamp_seconds', 0, 120, db),
    ],
    checks: [['20m'], ['60m', { labels: web, value: '98%' }]],
  },
  {
    alert: 'LibvirtGuestAgentLost',
    title: 'an agent that fell silent stays an alert; one that never spoke is none',
    series: [
      values('libvirt_domain_guest_agent_state', '2x60 3x480 2x60', web),
      values('libvirt_domain_up', '1x600', web),
      values('libvirt_domain_guest_agent_state', '3x600', db),
      values('libvirt_domain_up', '1x600', db),
    ],
    checks: [['65m'], ['90m', { labels: web }], ['9h', { labels: web }], ['9h30m']],
  },
  {
    alert: 'LibvirtFileSystemFull',
    title: 'a full file system',
    series: [
      values('libvirt_domain_guest_filesystem_used_bytes', '50x10 95x50', root),
      values('libvirt_domain_guest_filesystem_size_bytes', '100x60', root),
    ],
    checks: [['10m'], ['40m', { labels: root, value: '95%' }]],
  },
  {
    alert: 'LibvirtSnapshotOld',
    title: 'a snapshot that nobody removed',
    series: [
      moment('libvirt_domain_snapshot_oldest_timestamp_seconds', 600_000, 300, web),
      moment('libvirt_domain_snapshot_oldest_timestamp_seconds', 0, 300, db),
    ],
    checks: [['1h'], ['5h', { labels: web, value: '7d 3h 40m 0s' }]],
  },
  {
    alert: 'LibvirtDiskError',
    title: 'a disk in error while it is',
    series: [values('libvirt_domain_block_error', '_x10 2x20 stale', vda)],
    checks: [['5m'], ['20m', { labels: vda, value: '2' }], ['40m']],
  },
  {
    alert: 'LibvirtDiskSlow',
    title: 'a disk that takes long to write',
    series: [
      values('libvirt_domain_block_stats_read_requests_total', '0x120', vda),
      values('libvirt_domain_block_stats_read_time_seconds_total', '0x120', vda),
      values('libvirt_domain_block_stats_write_requests_total', '0+60x120', vda),
      values('libvirt_domain_block_stats_write_time_seconds_total', '0+30x120', vda),
    ],
    checks: [['5m'], ['60m', { labels: vda, value: '500ms' }]],
  },
  {
    alert: 'LibvirtHostMemoryOvercommit',
    title: 'more memory promised than there is',
    series: [values('libvirt_host_memory_overcommit_ratio', '1.2x60 2x60')],
    checks: [['60m'], ['110m', { labels: onHost, value: '200%' }]],
  },
  {
    alert: 'LibvirtHostCpuOvercommit',
    title: 'more vCPUs than processors can serve',
    series: [values('libvirt_host_cpu_overcommit_ratio', '4x60 8x60')],
    checks: [['60m'], ['110m', { labels: onHost, value: '8' }]],
  },
  {
    alert: 'LibvirtPoolOvercommit',
    title: 'more disks promised than a pool can hold',
    series: [
      values('libvirt_storage_pool_provisioned_bytes', '300x120', images),
      values('libvirt_storage_pool_capacity_bytes', '100x120', images),
    ],
    checks: [['30m'], ['90m', { labels: images, value: '3' }]],
  },
  {
    alert: 'LibvirtPoolFull',
    title: 'a full pool',
    series: [
      values('libvirt_storage_pool_available_bytes', '50x10 5x50', images),
      values('libvirt_storage_pool_capacity_bytes', '100x60', images),
    ],
    checks: [['10m'], ['40m', { labels: images, value: '95%' }]],
  },
  {
    alert: 'LibvirtPoolBad',
    title: 'a pool that is inaccessible',
    series: [values('libvirt_storage_pool_state', '2x10 4x10 2x10', images)],
    checks: [['5m'], ['15m', { labels: images }], ['25m']],
  },
];
