import { get } from 'node:http';
import { type Agent, type ConfigSection, startAgent } from '../lab/agent.ts';
import { delay, waitUntil } from '../lab/wait.ts';
import { quietIntervals } from './agent-rig.ts';
import { cpuMs, prioritize } from './process-cost.ts';

export interface FacesAgentOptions {
  readonly uri: string;
  /** `unix:/path` of the master. */
  readonly agentxAddress: string;
  readonly intervalSec: number;
  readonly config?: ConfigSection;
  readonly env?: Readonly<Record<string, string>>;
}

/** The built program with HTTP. */
export interface FacesAgent {
  readonly agent: Agent;
  /** With a slash at its end. */
  readonly url: string;
  /** Resolves when there is another image than before, and nothing is going on any more. */
  nextImage(): Promise<void>;
  /** Resolves with the CPU time of all its threads for an answer, in milliseconds, and the length of that. */
  spentOn(path: string, headers?: Readonly<Record<string, string>>): Promise<Spent>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface Spent {
  readonly cpuMs: number;
  readonly octets: number;
}

export async function startFacesAgent(options: FacesAgentOptions): Promise<FacesAgent> {
  const { uri, agentxAddress, intervalSec, config = {}, env } = options;
  const agent = await startAgent({
    uri,
    agentxAddress,
    config: {
      collect: { interval: intervalSec },
      intervals: quietIntervals,
      http: { address: '127.0.0.1:0' },
      ...config,
    },
    ...(env === undefined ? {} : { env }),
  });
  await prioritize(agent.pid);
  const line = await waitUntil(() => agent.logLines().find(({ msg }) => msg === 'HTTP is served'), {
    what: 'HTTP',
    timeoutMs: 120_000,
    context: () => agent.stderr().slice(-2000),
  });
  const url = String(line['url']);
  await waitUntil(async () => (await fetch(`${url}readyz`)).ok, { what: 'fresh data', timeoutMs: 120_000 });
  let seen = 0;
  const refreshes = async (): Promise<number> => {
    const scalars = (await (await fetch(`${url}api/v1/scalars`)).json()) as { lveRefreshCount: string };
    return Number(scalars.lveRefreshCount);
  };
  return {
    agent,
    url,
    async nextImage() {
      const before = Math.max(seen, await refreshes());
      seen = await waitUntil(
        async () => {
          const now = await refreshes();
          return now > before ? now : undefined;
        },
        { what: 'another refresh', timeoutMs: 120_000, intervalMs: 20 },
      );
      await idle(agent.pid);
    },
    async spentOn(path, headers = {}) {
      const before = await cpuMs(agent.pid);
      const octets = await answerLength(`${url}${path}`, headers);
      return { cpuMs: (await cpuMs(agent.pid)) - before, octets };
    },
    [Symbol.asyncDispose]: () => agent.stop().then(() => undefined),
  };
}

/** What comes with a refresh may come a moment later. */
async function idle(pid: number): Promise<void> {
  await waitUntil(
    async () => {
      const before = await cpuMs(pid);
      await delay(100);
      return (await cpuMs(pid)) - before < 3;
    },
    { what: 'an agent that does nothing', timeoutMs: 60_000, intervalMs: 1 },
  );
}

/** Asks without fetch, which would say by itself that it takes what is compressed. */
function answerLength(url: string, headers: Readonly<Record<string, string>>): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { headers }, (answer) => {
      let octets = 0;
      answer.on('data', (chunk: Buffer) => {
        octets += chunk.length;
      });
      answer.on('end', () =>
        answer.statusCode === 200 ? resolve(octets) : reject(new Error(`${url}: ${answer.statusCode}`)),
      );
      answer.on('error', reject);
    }).on('error', reject);
  });
}
