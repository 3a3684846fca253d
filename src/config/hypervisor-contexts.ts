import type { HypervisorConfig } from './hypervisor-configs.ts';

/** The SNMP contexts in which a hypervisor is served; the empty name is the default one. */
export function contextsOf({ name, isDefault, config }: HypervisorConfig): readonly string[] {
  return isDefault ? [...new Set(['', name, ...config.agentx.contexts])] : [name];
}
