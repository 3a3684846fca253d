import type { Config } from './config.ts';

/** One connection to libvirt with all that is configured for it. */
export interface HypervisorConfig {
  /** As it is called in SNMP contexts, labels and the state directory; empty for the only one of a file without names. */
  readonly name: string;
  /** Whether it is the one that is served in the default context. */
  readonly isDefault: boolean;
  /** The configuration as this hypervisor has it, its state directory included. */
  readonly config: Config;
}

/** Where the directories of named hypervisors are, in the state directory. */
const subdirectory = 'hypervisors';

/** The hypervisors of a configuration, in its order: those of [[hypervisors]], or the one of libvirt.uri. */
export function hypervisorConfigs(config: Config): readonly HypervisorConfig[] {
  const { hypervisors, state } = config;
  if (hypervisors.length === 0) return [{ name: '', isDefault: true, config }];
  const chosen = Math.max(
    0,
    hypervisors.findIndex((entry) => entry.default === true),
  );
  return hypervisors.map(({ name, uri, libvirt, collect, intervals }, at) => ({
    name,
    isDefault: at === chosen,
    config: {
      ...config,
      libvirt: { ...config.libvirt, ...libvirt, uri },
      collect: { ...config.collect, ...collect },
      intervals: { ...config.intervals, ...intervals },
      state: { ...state, directory: `${state.directory}/${subdirectory}/${name}` },
    },
  }));
}
