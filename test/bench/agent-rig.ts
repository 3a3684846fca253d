import { type Agent, type ConfigSection, startAgent } from '../lab/agent.ts';

/** Sources that are read once and then left alone, so that only what is measured happens. */
export const quietIntervals: ConfigSection = Object.fromEntries(
  [
    'inventory',
    'pinning',
    'disk_errors',
    'jobs',
    'guest_agent',
    'snapshots',
    'tuning',
    'pools',
    'networks',
    'host',
  ].map((key) => [key, 86_400]),
);

export interface AgentRigOptions {
  readonly uri: string;
  /** `unix:/path`. */
  readonly agentxAddress: string;
  readonly intervalSec: number;
  readonly config?: ConfigSection;
  readonly env?: Readonly<Record<string, string>>;
  /** Another program than the built one. */
  readonly program?: string;
}

/** The built program, with nothing going on besides its refreshes. */
export function startQuietAgent(options: AgentRigOptions): Promise<Agent> {
  return startAgent({
    uri: options.uri,
    agentxAddress: options.agentxAddress,
    config: {
      collect: { interval: options.intervalSec },
      intervals: quietIntervals,
      log: { level: 'warn' },
      ...options.config,
    },
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.program === undefined ? {} : { program: options.program }),
  });
}
