/** What an instance may be told apart by. A text is empty where there is none. */
export interface InstanceParts {
  /** By the operator. */
  readonly configured: string;
  /** The host that the agent runs on. */
  readonly agentHost: string;
  /** Of the connection to libvirt. */
  readonly uri: string;
  /** What the hypervisor calls its host. */
  readonly hostname: string;
  /** Its name, where the agent has several. */
  readonly hypervisor: string;
}

/**
 * service.instance.id of OTLP: no two of a service may have the same. Where the agent has several hypervisors, or one that
 * is elsewhere, it begins with the host of the agent, since two agents may use the same names, or look at the same
 * hypervisor. A local one is called by its own name: that of a container changes with each start.
 */
export function instanceId({ configured, agentHost, uri, hostname, hypervisor }: InstanceParts): string {
  if (hypervisor !== '') return `${configured || agentHost}/${hypervisor}`;
  if (configured !== '') return configured;
  const own = hostname || uri;
  // scheme://host/path; without a host it is a socket of this one
  return /^[^:]+:\/\/[^/?]/.test(uri) ? `${agentHost}/${own}` : own;
}
