import { startAgent } from '../lab/agent.ts';
import { repositoryPath } from '../lab/mib-path.ts';
import { startProcess } from '../lab/process.ts';
import { startSnmpd } from '../lab/snmpd.ts';
import { delay } from '../lab/wait.ts';
import { type BenchContext, type Figure, type Measurement, measured } from './measurement.ts';
import { cpuMs, pin, residentMib } from './process-cost.ts';

/** Of all hypervisors together. */
const domains = 2000;
const intervalSec = 10;

export const fleetsMeasurement: Measurement = {
  name: 'fleets',
  title: 'Many hypervisors',
  method: `The program with its default configuration (interval ${intervalSec} s) over fake daemons with ${domains.toLocaleString('en-GB')} running domains, on one hypervisor and on 50, two minutes after the start: CPU time over wall time, ${intervalSec} s a sample, and resident memory.`,
  async run(context) {
    return { figures: [...(await costs(context, 1)), ...(await costs(context, 50))] };
  },
};

async function costs(context: BenchContext, daemons: number): Promise<readonly Figure[]> {
  await using fleets = await startFleets(daemons, context.otherCpu);
  await using snmpd = await startSnmpd();
  await using agent = await startAgent({
    agentxAddress: snmpd.agentxAddress,
    config: {
      collect: { interval: intervalSec },
      hypervisors: fleets.uris.map((uri, at) => ({ name: `hv${at + 1}`, uri })),
    },
  });
  await delay(context.quick ? 20_000 : 120_000);
  const percent: number[] = [];
  const mib: number[] = [];
  for (let sample = 0; sample < (context.quick ? 3 : 12); sample++) {
    const startedMs = performance.now();
    const before = await cpuMs(agent.pid);
    await delay(intervalSec * 1000);
    percent.push((((await cpuMs(agent.pid)) - before) / (performance.now() - startedMs)) * 100);
    mib.push(await residentMib(agent.pid));
  }
  const what = `${daemons} × ${domains / daemons} domains`;
  return [measured(`${what}, CPU`, '% of a core', percent), measured(`${what}, resident`, 'MiB', mib)];
}

/** Fake libvirt daemons in a process of their own, which share all domains. */
async function startFleets(daemons: number, cpu: number) {
  const child = await startProcess({
    name: 'fleets',
    command: process.execPath,
    args: [
      ...['--import', 'tsx', `${repositoryPath}/test/bench/children/fleets.ts`],
      ...['--daemons', String(daemons), '--domains', String(domains / daemons)],
    ],
    cwd: repositoryPath,
    ready: (output) => output.includes('ready'),
    readyTimeoutMs: 120_000,
  });
  await pin(child.pid, cpu);
  return {
    uris: child
      .stdout()
      .split('\n')
      .filter((line) => line.startsWith('qemu+unix')),
    [Symbol.asyncDispose]: () => child.stop(),
  };
}
