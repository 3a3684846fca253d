import { startAgent } from '../lab/agent.ts';
import { startSnmpd } from '../lab/snmpd.ts';
import { delay } from '../lab/wait.ts';
import { startFleet } from './fleet.ts';
import { atMost, type Measurement, measured } from './measurement.ts';
import { cpuMs } from './process-cost.ts';

const intervalSec = 10;

export const idleMeasurement: Measurement = {
  name: 'idle',
  title: 'CPU at rest',
  method: `The program with its default configuration (interval ${intervalSec} s, every default source at its own pace) at 100 domains, nobody asking, two minutes after the start, when V8 has compiled most of what it is going to: CPU time over wall time, ${intervalSec} s a sample.`,
  async run(context) {
    await using fleet = await startFleet(100, context.otherCpu);
    await using snmpd = await startSnmpd();
    await using agent = await startAgent({
      uri: fleet.uri,
      agentxAddress: snmpd.agentxAddress,
      config: { collect: { interval: intervalSec } },
    });
    await delay(context.quick ? 12_000 : 120_000);
    const percent: number[] = [];
    for (let sample = 0; sample < (context.quick ? 3 : 12); sample++) {
      const startedMs = performance.now();
      const before = await cpuMs(agent.pid);
      await delay(intervalSec * 1000);
      percent.push((((await cpuMs(agent.pid)) - before) / (performance.now() - startedMs)) * 100);
    }
    return { figures: [measured('100 domains', '% of a core', percent, atMost(1))] };
  },
};
