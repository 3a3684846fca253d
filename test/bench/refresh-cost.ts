import { runChild, runCollecting, runPinned } from './child.ts';
import { startFleet } from './fleet.ts';
import { atLeast, atMost, compared, type Measurement, measured } from './measurement.ts';
import { buildLibvirtRival } from './rivals.ts';
import { quantile, ratios } from './statistics.ts';

const domains = 1000;

export const refreshCostMeasurement: Measurement = {
  name: 'refresh-cost',
  title: 'CPU of a refresh at 1,000 domains',
  method:
    'CPU time of the client process with all its threads, against a C program that asks the same synthetic daemon for the same statistics through libvirt’s own library, in one call. Decoding: the agent’s batches, decoded and thrown away. Refresh: inventory, control probes, statistics, model, snapshot, tree and view. Swap: tree and view for a snapshot in which only figures differ. Rows unchanged: the swap, and then the rows of all tables laid out, which happens when a table is first asked for; against a build without an earlier tree.',
  async run(context) {
    const program = await buildLibvirtRival('domstats');
    await using fleet = await startFleet(domains, context.otherCpu);
    const decoding: number[] = [];
    const refresh: number[] = [];
    const rival: number[] = [];
    const tree: number[] = [];
    const unchanged: number[] = [];
    const fromNothing: number[] = [];
    for (let round = 0; round < context.rounds; round++) {
      const c = await runPinned(program, [fleet.uri, 'stats', '20'], context.cpu);
      rival.push(
        quantile(
          c
            .trim()
            .split('\n')
            .slice(5)
            .map((line) => Number(line.split(' ')[1])),
          0.5,
        ),
      );
      const decoded = await runChild('decoding', ['--uri', fleet.uri, '--rounds', '20'], context.cpu);
      decoding.push(quantile(decoded.trim().split('\n').map(Number), 0.5));
      const report = await runCollecting({ uri: fleet.uri, refreshes: 30, cpu: context.cpu });
      refresh.push(report.cpuMs.reduce((sum, ms) => sum + ms, 0) / report.cpuMs.length);
      const trees = await runCollecting({ uri: fleet.uri, refreshes: 20, trees: true, cpu: context.cpu });
      tree.push(quantile(trees.treeMs, 0.5));
      unchanged.push(quantile(trees.treeMs, 0.5) + quantile(trees.allRowsMs, 0.5));
      fromNothing.push(quantile(trees.fromNothingMs, 0.5));
      context.say(
        [
          `C ${rival.at(-1)?.toFixed(1)}`,
          `decoding ${decoding.at(-1)?.toFixed(1)}`,
          `refresh ${refresh.at(-1)?.toFixed(1)}`,
          `tree ${tree.at(-1)?.toFixed(2)}`,
          `all rows unchanged ${unchanged.at(-1)?.toFixed(2)}`,
          `from nothing ${fromNothing.at(-1)?.toFixed(2)} ms`,
        ].join(', '),
      );
    }
    const c = { name: 'C', samples: rival };
    return {
      figures: [
        compared('statistics received and decoded', 'ms CPU', decoding, c, atMost(1.2)),
        compared('whole refresh, to the swapped view', 'ms CPU', refresh, c, atMost(3)),
        measured('of it tree and view', 'ms', tree),
        compared(
          'tree, view and all rows from nothing',
          'ms',
          fromNothing,
          { name: 'swap', samples: tree },
          atLeast(5),
        ),
        compared('the same, every table asked for after the swap', 'ms', fromNothing, {
          name: 'swap and rows',
          samples: unchanged,
        }),
        measured('share of tree and view in a refresh', '', ratios(tree, refresh)),
      ],
    };
  },
};
