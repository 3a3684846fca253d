import { readFile } from 'node:fs/promises';
import { usesRdt } from '../decode/perf-events.ts';
import type { Collector, CollectorKind, CollectorPass } from './collector.ts';

const warningKey = 'rdt-conflict';

export const rdtConflict: CollectorKind = {
  name: 'rdt-conflict',
  id: 'perf',
  selectors: ['perf'],
  localOnly: true,
  stage: 'background',
  interval: ({ intervals }) => intervals.host,
  make: () => new RdtConflict(),
};

/**
 * Warns where perf events of Intel Resource Director Technology are enabled for a domain while the kernel's
 * resctrl file system is in use: the hardware serves one of them only (collectd's intel_rdt, pqos and
 * libvirt's own cache monitors use resctrl).
 */
export class RdtConflict implements Collector {
  readonly #mountsPath: string;

  /** @param mountsPath - the kernel's table of mounts. */
  constructor(mountsPath = '/proc/mounts') {
    this.#mountsPath = mountsPath;
  }

  async collect(pass: CollectorPass): Promise<void> {
    const using = pass.domains.active
      .filter((record) => record.runtime.sample?.perf.some((event) => usesRdt(event.name)) === true)
      .map((record) => record.name);
    const mount = using.length === 0 ? undefined : await this.#resctrlMount();
    if (mount === undefined) {
      pass.warnings.clear(warningKey);
      return;
    }
    const names = using.slice(0, 5).join(', ') + (using.length > 5 ? ' and others' : '');
    pass.warnings.raise(
      warningKey,
      'rdtConflict',
      `resctrl is mounted at ${mount} while the perf events cmt, mbmt or mbml are enabled for ${names}: ` +
        'the hardware serves one user at a time, so these values are not reliable. ' +
        'Disable these events (virsh perf --disable) or the other user (collectd intel_rdt, pqos, cachetune).',
    );
  }

  async #resctrlMount(): Promise<string | undefined> {
    try {
      for (const line of (await readFile(this.#mountsPath, 'utf8')).split('\n')) {
        const [, directory, type] = line.split(' ');
        if (type === 'resctrl') return directory;
      }
    } catch {
      // Without a table of mounts nothing can be said.
    }
    return undefined;
  }
}
