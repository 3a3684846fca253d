import type { Config } from './config.ts';

/** Who the definitions of domains are kept for. */
export interface KeptDefinitions {
  /** In lveXmlTable. */
  readonly forSnmp: boolean;
  /** In /api/v1.0/specs and what else HTTP serves. */
  readonly forHttp: boolean;
}

/** Whether the whole definitions are kept, which no other object needs. */
export function keptDefinitions({ collect, http }: Pick<Config, 'collect' | 'http'>): KeptDefinitions {
  const forSnmp = collect.extraStats.includes('xml');
  return { forSnmp, forHttp: forSnmp || (http.address !== undefined && http.specs) };
}
