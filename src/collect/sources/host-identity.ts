import { readFile } from 'node:fs/promises';
import {
  connectGetHostname,
  connectGetType,
  connectGetVersion,
  nodeGetInfo,
} from '../../libvirt/procedures.ts';
import type { EpochMs } from '../../model/scalar-types.ts';
import { momentOf } from '../../run/clock.ts';
import type { Collector, CollectorKind, CollectorPass } from './collector.ts';

export const hostIdentity: CollectorKind = {
  name: 'host-identity',
  id: 'nodeStats',
  selectors: [],
  stage: 'beside',
  interval: ({ intervals }) => intervals.host,
  make: ({ local }) => new HostIdentity(local),
};

/** What the host is: names, versions, topology. It changes rarely, and the daemon reads many files to tell it. */
export class HostIdentity implements Collector {
  readonly #local: boolean;

  /** @param local - whether the hypervisor is this machine, so that its boot time can be read here. */
  constructor(local: boolean) {
    this.#local = local;
  }

  async collect(pass: CollectorPass): Promise<void> {
    const { libvirt, host } = pass;
    const ask = async <T>(call: Promise<T>): Promise<T | undefined> => {
      try {
        return await call;
      } catch (error) {
        pass.failed(error);
        return undefined;
      }
    };
    const [hostname, type, version, info] = await Promise.all([
      ask(libvirt.call(connectGetHostname, undefined)),
      ask(libvirt.call(connectGetType, undefined)),
      ask(libvirt.call(connectGetVersion, undefined)),
      ask(libvirt.call(nodeGetInfo, undefined)),
    ]);
    // libvirt tells it of no host.
    const bootedAt = this.#local ? await bootTime() : undefined;
    // A call that failed says nothing about the host: what it told the last time stays.
    const { facts } = host;
    host.set({
      hostname: hostname ?? facts.hostname,
      hvSoftware: type ?? facts.hvSoftware,
      hvVersion: version === undefined ? facts.hvVersion : versionText(Number(version)),
      bootedAt: bootedAt ?? facts.bootedAt,
      cpuModel: info?.model ?? facts.cpuModel,
      mhz: info?.mhz ?? facts.mhz,
      numaCells: info?.nodes ?? facts.numaCells,
      sockets: info?.sockets ?? facts.sockets,
      cores: info?.cores ?? facts.cores,
      threads: info?.threads ?? facts.threads,
      // Where the driver has a map of the processors, that is asked for with each refresh and tells better.
      cpusOnline: host.cpus.length > 0 ? host.cpusOnline : (info?.cpus ?? facts.cpusOnline),
    });
  }
}

/** libvirt's version numbers: major * 1000000 + minor * 1000 + release. */
export function versionText(version: number): string {
  return `${Math.floor(version / 1_000_000)}.${Math.floor(version / 1000) % 1000}.${version % 1000}`;
}

/** Boot of this host, from /proc/stat. */
async function bootTime(): Promise<EpochMs | undefined> {
  try {
    const match = /^btime (\d+)$/m.exec(await readFile('/proc/stat', 'utf8'));
    return match?.[1] === undefined ? undefined : momentOf(Number(match[1]) * 1000);
  } catch {
    return undefined;
  }
}
