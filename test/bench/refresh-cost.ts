import { runChild, runCollecting, runPinned } from './child.ts';
import { startFleet } from './fleet.ts';
import { atLeast, atMost, compared, type Measurement, measured } from './measurement.ts';
import { buildLibvirtRival } from './rivals.ts';
import { mean, quantile, ratios } from './statistics.ts';

const domains = 1000;

export const refreshCostMeasurement: Measurement = {
  name: 'refresh-cost',
  title: 'CPU of a refresh at 1,000 domains',
  method:
    'CPU time of the client process with all its threads, against a C program that asks the same synthetic daemon for the same statistics through libvirt’s own library, in one call; and, as “the same calls”, against one that asks for the list of domains and for each domain’s control interface besides, as a refresh does. Decoding: the agent’s batches, decoded and thrown away. Decoding, model and view: from the first request for statistics to the swapped image, that is statistics, rates, rows, snapshot, tree and image. Whole refresh: that and, before it, the list of domains and the probes of their control interfaces. Image: tree and image of a snapshot, all values of all objects in the memory that requests are answered from: from nothing; where every figure of every domain is another, as in each refresh; and where one domain is another, as after an event.',
  async run(context) {
    const program = await buildLibvirtRival('domstats');
    await using fleet = await startFleet(domains, context.otherCpu);
    /** CPU milliseconds of a round, the median. */
    const cpuOfRival = async (mode: 'stats' | 'refresh'): Promise<number> => {
      const lines = (await runPinned(program, [fleet.uri, mode, '20'], context.cpu)).trim().split('\n');
      return quantile(
        lines.slice(5).map((line) => Number(line.split(' ')[1])),
        0.5,
      );
    };
    const decoding: number[] = [];
    const statistics: number[] = [];
    const refresh: number[] = [];
    const rival: number[] = [];
    const rivalsCalls: number[] = [];
    const image: number[] = [];
    const oneChanged: number[] = [];
    const fromNothing: number[] = [];
    for (let round = 0; round < context.rounds; round++) {
      rival.push(await cpuOfRival('stats'));
      rivalsCalls.push(await cpuOfRival('refresh'));
      const decoded = await runChild('decoding', ['--uri', fleet.uri, '--rounds', '20'], context.cpu);
      decoding.push(quantile(decoded.trim().split('\n').map(Number), 0.5));
      const report = await runCollecting({ uri: fleet.uri, refreshes: 30, cpu: context.cpu });
      statistics.push(mean(report.statsCpuMs));
      refresh.push(mean(report.cpuMs));
      const trees = await runCollecting({ uri: fleet.uri, refreshes: 20, trees: true, cpu: context.cpu });
      image.push(quantile(report.imageMs, 0.5));
      oneChanged.push(quantile(trees.oneChangedMs, 0.5));
      fromNothing.push(quantile(trees.fromNothingMs, 0.5));
      context.say(
        [
          `C ${rival.at(-1)?.toFixed(1)}, with all calls ${rivalsCalls.at(-1)?.toFixed(1)}`,
          `decoding ${decoding.at(-1)?.toFixed(1)}`,
          `with model and view ${statistics.at(-1)?.toFixed(1)}`,
          `refresh ${refresh.at(-1)?.toFixed(1)}`,
          `image ${image.at(-1)?.toFixed(2)}`,
          `one domain changed ${oneChanged.at(-1)?.toFixed(2)}`,
          `image from nothing ${fromNothing.at(-1)?.toFixed(2)} ms`,
        ].join(', '),
      );
    }
    const c = { name: 'C', samples: rival };
    return {
      figures: [
        compared('statistics received and decoded', 'ms CPU', decoding, c, atMost(1.2)),
        compared('decoding, model and view: to the swapped image', 'ms CPU', statistics, c, atMost(3)),
        compared('whole refresh', 'ms CPU', refresh, c),
        compared('the same', 'ms CPU', refresh, { name: 'C, the same calls', samples: rivalsCalls }),
        measured('share of tree and image in a refresh', '', ratios(image, refresh)),
        compared(
          'image from nothing',
          'ms',
          fromNothing,
          { name: 'every figure another', samples: image },
          atLeast(5),
        ),
        compared(
          'image from nothing',
          'ms',
          fromNothing,
          { name: 'one domain another', samples: oneChanged },
          atLeast(5),
        ),
      ],
    };
  },
};
