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
    'CPU time of the client process with all its threads, against a C program that asks the same synthetic daemon for the same statistics through libvirt’s own library, in one call. Decoding: the agent’s batches, decoded and thrown away. Refresh: inventory, control probes, statistics, model, snapshot, tree and view. Rows unchanged: tree and view for a snapshot in which only figures differ, against a build from nothing.',
  async run(context) {
    const program = await buildLibvirtRival('domstats');
    await using fleet = await startFleet(domains, context.otherCpu);
    const decoding: number[] = [];
    const refresh: number[] = [];
    const rival: number[] = [];
    const tree: number[] = [];
    const full: number[] = [];
    const same: number[] = [];
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
      full.push(quantile(trees.fullTreeMs, 0.5));
      same.push(quantile(trees.sameTreeMs, 0.5));
      context.say(
        [
          `C ${rival.at(-1)?.toFixed(1)}`,
          `decoding ${decoding.at(-1)?.toFixed(1)}`,
          `refresh ${refresh.at(-1)?.toFixed(1)}`,
          `tree ${tree.at(-1)?.toFixed(2)}`,
          `full ${full.at(-1)?.toFixed(2)}`,
          `same ${same.at(-1)?.toFixed(3)} ms`,
        ].join(', '),
      );
    }
    const c = { name: 'C', samples: rival };
    return {
      figures: [
        compared('statistics received and decoded', 'ms CPU', decoding, c, atMost(1.2)),
        compared('whole refresh, to the swapped view', 'ms CPU', refresh, c, atMost(3)),
        compared(
          'of it tree and view, built from nothing',
          'ms',
          full,
          { name: 'rows unchanged', samples: tree },
          atLeast(5),
        ),
        measured('tree and view where nothing changed', 'ms', same),
        measured('share of tree and view in a refresh', '', ratios(tree, refresh)),
      ],
    };
  },
};
