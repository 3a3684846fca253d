import type { Target } from './target.ts';
import { agentxTarget } from './targets/agentx.ts';
import { configTarget } from './targets/config.ts';
import { libvirtTarget } from './targets/libvirt.ts';
import { eventsTarget, indexesTarget } from './targets/state.ts';
import { webTarget } from './targets/web.ts';
import { domainXmlTarget, otherXmlTarget } from './targets/xml.ts';

/** Everything of the program that takes what others wrote: the list to add a new one to. */
export async function allTargets(): Promise<readonly Target[]> {
  return [
    agentxTarget(),
    libvirtTarget(),
    domainXmlTarget(),
    otherXmlTarget(),
    configTarget(),
    indexesTarget(),
    eventsTarget(),
    await webTarget(),
  ];
}
