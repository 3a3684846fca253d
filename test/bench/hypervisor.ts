import { definitions } from '../../src/mib/definition.ts';
import { modules } from '../../src/mib/objects.gen.ts';
import { biosGuest } from '../lab/domain-xml.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { run } from '../lab/process.ts';
import { delay } from '../lab/wait.ts';
import { startQuietAgent } from './agent-rig.ts';
import { atMost, type BenchContext, compared, type Figure, type Measurement } from './measurement.ts';
import { cpuMs } from './process-cost.ts';
import { buildLibvirtRival } from './rivals.ts';
import { quantile } from './statistics.ts';
import { startStopwatchMaster } from './stopwatch-master.ts';

const guests = 20;
const agentRoot = modules['LIBVIRT-EXT-MIB'].root;

export const hypervisorMeasurement: Measurement = {
  name: 'hypervisor',
  title: 'What a refresh costs the hypervisor',
  method: `A private libvirtd with ${guests} running QEMU guests, paused. One refresh of the agent at rest (lveRefreshDuration) against one virConnectGetAllDomainStats over all domains by a C program, the call behind \`virsh domstats\`, without the start of a program; libvirtd’s CPU time for either. Other clients: calls of a second C program while the agent refreshes every second, against the same without the agent.`,
  async run(context) {
    const program = await buildLibvirtRival('domstats');
    await using libvirtd = await startLibvirtd();
    for (let i = 0; i < guests; i++) {
      const name = `bench-${i}`;
      await libvirtd.run(
        biosGuest({
          name,
          type: libvirtd.domainType,
          memoryMib: 16,
          disks: [{ bus: 'sata', device: 'cdrom' }],
          nics: [{}],
        }),
      );
      await libvirtd.virsh('suspend', '--domain', name);
    }
    context.say(`${guests} guests run`);
    const figures: Figure[] = [];
    const uri = libvirtd.uriReadOnly;
    const alone = await otherClient(context, program, uri);

    const calls = await bulkCalls(context, program, libvirtd, uri);
    await using master = await startStopwatchMaster();
    const intervalSec = 1;
    await using agent = await startQuietAgent({
      uri: libvirtd.uri,
      agentxAddress: master.address,
      intervalSec,
    });
    await master.waitForObject([...agentRoot, ...definitions['lveDomUptime'].oid, 1]);
    await delay(5000);
    const refreshes = await agentRefreshes(context, libvirtd, () =>
      master.valueOf([...agentRoot, ...definitions['lveRefreshDuration'].oid, 0]),
    );
    const beside = await otherClient(context, program, uri);
    void agent;
    figures.push(
      compared(
        'wall time of a refresh',
        'ms',
        refreshes.wallMs,
        { name: 'one call', samples: calls.wallMs },
        atMost(0.6),
      ),
      compared('libvirtd’s CPU time of a refresh', 'ms', refreshes.cpuMs, {
        name: 'one call',
        samples: calls.cpuMs,
      }),
    );
    for (const [kind, what] of [
      ['state', 'another client’s virDomainGetState'],
      ['one', 'another client’s statistics of one domain'],
    ] as const) {
      for (const share of [0.5, 0.99]) {
        const of = (times: readonly (readonly number[])[]): readonly number[] =>
          times.map((all) => quantile(all, share));
        figures.push(
          compared(
            `${what}, ${share === 0.5 ? 'median' : 'p99'}`,
            'ms',
            of(beside[kind]),
            { name: 'without agent', samples: of(alone[kind]) },
            share === 0.5 ? atMost(1.2) : undefined,
          ),
        );
      }
    }
    return { figures };
  },
};

interface HypervisorCost {
  readonly wallMs: readonly number[];
  readonly cpuMs: readonly number[];
}

/** One call over all domains, as often as there are rounds. */
async function bulkCalls(
  context: BenchContext,
  program: string,
  libvirtd: Libvirtd,
  uri: string,
): Promise<HypervisorCost> {
  const wallMs: number[] = [];
  const spentMs: number[] = [];
  const calls = 10;
  for (let round = 0; round < context.rounds; round++) {
    const before = await cpuMs(libvirtd.pid());
    const output = await run(program, [uri, 'stats', String(calls)]);
    spentMs.push(((await cpuMs(libvirtd.pid())) - before) / calls);
    wallMs.push(
      quantile(
        output
          .trim()
          .split('\n')
          .map((line) => Number(line.split(' ')[0])),
        0.5,
      ),
    );
  }
  context.say(`one call: ${wallMs.map((ms) => ms.toFixed(1)).join(' ')} ms`);
  return { wallMs, cpuMs: spentMs };
}

/** The agent's refreshes, every second. */
async function agentRefreshes(
  context: BenchContext,
  libvirtd: Libvirtd,
  lastDurationMs: () => Promise<number>,
): Promise<HypervisorCost> {
  const wallMs: number[] = [];
  const spentMs: number[] = [];
  const seconds = 5;
  for (let round = 0; round < context.rounds; round++) {
    const before = await cpuMs(libvirtd.pid());
    const walls: number[] = [];
    for (let second = 0; second < seconds; second++) {
      await delay(1000);
      walls.push(await lastDurationMs());
    }
    spentMs.push(((await cpuMs(libvirtd.pid())) - before) / seconds);
    wallMs.push(quantile(walls, 0.5));
  }
  context.say(`refresh: ${wallMs.map((ms) => ms.toFixed(1)).join(' ')} ms`);
  return { wallMs, cpuMs: spentMs };
}

interface OtherClientTimes {
  readonly state: readonly (readonly number[])[];
  readonly one: readonly (readonly number[])[];
}

async function otherClient(context: BenchContext, program: string, uri: string): Promise<OtherClientTimes> {
  const times = { state: [] as number[][], one: [] as number[][] };
  for (let round = 0; round < context.rounds; round++) {
    for (const kind of ['state', 'one'] as const) {
      const output = await run(program, [uri, kind, '150', '20000']);
      times[kind].push(output.trim().split('\n').slice(5).map(Number));
    }
  }
  return times;
}
