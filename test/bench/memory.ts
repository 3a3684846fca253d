import { startSnmpd } from '../lab/snmpd.ts';
import { delay } from '../lab/wait.ts';
import { startQuietAgent } from './agent-rig.ts';
import { runCollecting } from './child.ts';
import { startFleet } from './fleet.ts';
import { atMost, type BenchContext, type Figure, type Measurement, measured } from './measurement.ts';
import { residentMib } from './process-cost.ts';
import { quantile } from './statistics.ts';
import { bulkwalk } from './walk.ts';
import { tableOid } from './walk-rig.ts';

/** 150 MB. */
const largestMib = 143;

/** Domains of the long run: memory that leaks with refreshes does so at any size. */
const longRunDomains = 100;

export const memoryMeasurement: Measurement = {
  name: 'memory',
  title: 'Memory',
  method: `Resident set of the whole program under an snmpd, interval 1 s, all tables filled and walked, after 30 s. Flatness: refreshes without pauses in one process at ${longRunDomains} domains; the median of the last tenth over that of the second tenth.`,
  async run(context) {
    const figures: Figure[] = [];
    const large = await residents(context, 1000);
    const small = await residents(context, 10);
    figures.push(
      measured('1,000 domains, resident', 'MiB', large, atMost(largestMib)),
      measured('10 domains, resident', 'MiB', small),
    );
    const refreshes = context.quick ? 1000 : 10_000;
    await using fleet = await startFleet(longRunDomains, context.otherCpu);
    const { rssMib } = await runCollecting({ uri: fleet.uri, refreshes, cpu: context.cpu });
    const tenth = Math.floor(rssMib.length / 10);
    const early = quantile(rssMib.slice(tenth, 2 * tenth), 0.5);
    const late = quantile(rssMib.slice(-tenth), 0.5);
    context.say(`${refreshes} refreshes: ${early.toFixed(1)} to ${late.toFixed(1)} MiB`);
    figures.push(
      measured(
        `resident after ${refreshes.toLocaleString('en-GB')} refreshes, of what it was early`,
        '×',
        [late / early],
        atMost(1.1),
      ),
    );
    return { figures };
  },
};

/** Resident set over some seconds of refreshes and walks. */
async function residents(context: BenchContext, domains: number): Promise<readonly number[]> {
  await using fleet = await startFleet(domains, context.otherCpu);
  await using snmpd = await startSnmpd();
  await using agent = await startQuietAgent({
    uri: fleet.uri,
    agentxAddress: snmpd.agentxAddress,
    intervalSec: 1,
  });
  const samples: number[] = [];
  await delay(context.quick ? 10_000 : 30_000);
  for (let round = 0; round < context.rounds; round++) {
    await bulkwalk({
      address: snmpd.address,
      oids: [tableOid('lveDomTable')],
      outputPath: `${snmpd.directoryPath}/walk`,
      cpu: context.cpu,
    });
    await delay(1000);
    samples.push(await residentMib(agent.pid));
  }
  context.say(`${domains} domains: ${samples.map((mib) => mib.toFixed(0)).join(' ')} MiB`);
  return samples;
}
