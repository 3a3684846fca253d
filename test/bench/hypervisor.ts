import { definitions } from '../../src/mib/definitions.ts';
import { modules } from '../../src/mib/objects.gen.ts';
import { biosGuest } from '../lab/domain-xml.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { run, startProcess } from '../lab/process.ts';
import { delay } from '../lab/wait.ts';
import { startQuietAgent } from './agent-rig.ts';
import { atMost, type BenchContext, compared, type Figure, type Measurement } from './measurement.ts';
import { cpuMs } from './process-cost.ts';
import { buildLibvirtRival } from './rivals.ts';
import { quantile } from './statistics.ts';
import { type StopwatchMaster, startStopwatchMaster } from './stopwatch-master.ts';

const guests = 20;
const agentRoot = modules['LIBVIRT-EXT-MIB'].root;

/** Seconds between two refreshes, unless configured. */
const defaultIntervalSec = 10;

export const hypervisorMeasurement: Measurement = {
  name: 'hypervisor',
  title: 'What a refresh costs the hypervisor',
  method: `A private libvirtd with ${guests} running QEMU guests, paused. One refresh of the agent at rest (lveRefreshDuration) against one virConnectGetAllDomainStats over all domains by a C program, the call behind \`virsh domstats\`, without the start of a program; libvirtd’s CPU time for either. Other clients: calls of a second C program, the same without the agent, while the agent refreshes every ${defaultIntervalSec} s, which is the default, and every second, and instead of the agent while the first C program asks for all statistics every second.`,
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
    await using master = await startStopwatchMaster();
    const scene: Scene = { context, program, libvirtd, master };
    const rounds: Round[] = [];
    for (let round = 0; round < context.rounds; round++) rounds.push(await oneRound(scene));
    return { figures: [...costs(rounds), ...disturbance(rounds)] };
  },
};

interface Scene {
  readonly context: BenchContext;
  readonly program: string;
  readonly libvirtd: Libvirtd;
  readonly master: StopwatchMaster;
}

interface Round {
  readonly calls: HypervisorCost;
  readonly refreshes: HypervisorCost;
  readonly alone: OtherClientTimes;
  readonly besideDefault: OtherClientTimes;
  readonly besideEverySecond: OtherClientTimes;
  readonly besideCalls: OtherClientTimes;
}

/** Medians of one round. */
interface HypervisorCost {
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** Milliseconds of each call. */
interface OtherClientTimes {
  readonly state: readonly number[];
  readonly one: readonly number[];
}

async function oneRound(scene: Scene): Promise<Round> {
  const { context } = scene;
  const calls = await bulkCalls(scene);
  const alone = await otherClient(scene);
  const besideCalls = await besideBulkCalls(scene);
  // Long enough for the share of calls that meet a refresh to be what it is.
  const [besideDefault] = await besideAgent(scene, defaultIntervalSec, () =>
    otherClient(scene, 2 * defaultIntervalSec),
  );
  const [besideEverySecond, refreshes] = await besideAgent(
    scene,
    1,
    () => otherClient(scene),
    () => agentRefreshes(scene),
  );
  context.say(
    `one call ${calls.wallMs.toFixed(1)} ms, refresh ${refreshes.wallMs.toFixed(1)} ms; statistics of one domain ${[
      alone,
      besideDefault,
      besideEverySecond,
      besideCalls,
    ]
      .map(({ one }) => quantile(one, 0.99).toFixed(1))
      .join(' / ')} ms`,
  );
  return { calls, refreshes, alone, besideDefault, besideEverySecond, besideCalls };
}

/** One call over all domains, several times. */
async function bulkCalls({ program, libvirtd }: Scene): Promise<HypervisorCost> {
  const calls = 10;
  const before = await cpuMs(libvirtd.pid());
  const output = await run(program, [libvirtd.uriReadOnly, 'stats', String(calls)]);
  const spentMs = (await cpuMs(libvirtd.pid())) - before;
  const walls = output
    .trim()
    .split('\n')
    .map((line) => Number(line.split(' ')[0]));
  return { wallMs: quantile(walls, 0.5), cpuMs: spentMs / calls };
}

/** The agent's refreshes, every second. */
async function agentRefreshes({ libvirtd, master }: Scene): Promise<HypervisorCost> {
  const seconds = 5;
  const before = await cpuMs(libvirtd.pid());
  const walls: number[] = [];
  for (let second = 0; second < seconds; second++) {
    await delay(1000);
    walls.push(await master.valueOf([...agentRoot, ...definitions['lveRefreshDuration'].oid, 0]));
  }
  const spentMs = (await cpuMs(libvirtd.pid())) - before;
  return { wallMs: quantile(walls, 0.5), cpuMs: spentMs / seconds };
}

/** What is measured while an agent of its own refreshes. */
async function besideAgent<const Results extends readonly unknown[]>(
  { libvirtd, master }: Scene,
  intervalSec: number,
  ...measure: { readonly [At in keyof Results]: () => Promise<Results[At]> }
): Promise<Results> {
  await using agent = await startQuietAgent({
    uri: libvirtd.uri,
    agentxAddress: master.address,
    intervalSec,
  });
  await master.waitForObject([...agentRoot, ...definitions['lveDomUptime'].oid, 1]);
  await delay(5000);
  const results: unknown[] = [];
  for (const one of measure) results.push(await one());
  void agent;
  return results as unknown as Results;
}

/** The same while the first C program asks for all statistics every second. */
async function besideBulkCalls(scene: Scene): Promise<OtherClientTimes> {
  const { program, libvirtd } = scene;
  const rival = await startProcess({
    name: 'domstats',
    command: program,
    args: [libvirtd.uriReadOnly, 'stats', '1000', '1000000'],
    ready: (output) => output.includes('\n'),
  });
  try {
    return await otherClient(scene);
  } finally {
    await rival.stop();
  }
}

/** @param seconds - about how long each kind of call is made. */
async function otherClient({ program, libvirtd }: Scene, seconds = 6): Promise<OtherClientTimes> {
  const pauseUs = 20_000;
  const calls = String(5 + (seconds * 1e6) / pauseUs);
  const timesOf = async (kind: 'state' | 'one'): Promise<readonly number[]> => {
    const output = await run(program, [libvirtd.uriReadOnly, kind, calls, String(pauseUs)]);
    return output.trim().split('\n').slice(5).map(Number);
  };
  return { state: await timesOf('state'), one: await timesOf('one') };
}

function costs(rounds: readonly Round[]): readonly Figure[] {
  const of = (kind: 'calls' | 'refreshes', what: keyof HypervisorCost): readonly number[] =>
    rounds.map((round) => round[kind][what]);
  return [
    compared(
      'wall time of a refresh',
      'ms',
      of('refreshes', 'wallMs'),
      { name: 'one call', samples: of('calls', 'wallMs') },
      atMost(0.6),
    ),
    compared('libvirtd’s CPU time of a refresh', 'ms', of('refreshes', 'cpuMs'), {
      name: 'one call',
      samples: of('calls', 'cpuMs'),
    }),
  ];
}

type Beside = 'besideDefault' | 'besideEverySecond' | 'besideCalls';

/** How much longer another client's calls take. The limit is for the agent as it is by default. */
function disturbance(rounds: readonly Round[]): readonly Figure[] {
  const besides = [
    ['besideDefault', `agent every ${defaultIntervalSec} s`, [0.5, 0.99]],
    ['besideEverySecond', 'agent every second', [0.5]],
    ['besideCalls', 'C program every second', []],
  ] as const;
  return (['state', 'one'] as const).flatMap((kind) =>
    [0.5, 0.99].flatMap((share) => {
      const call = kind === 'state' ? 'virDomainGetState' : 'statistics of one domain';
      const of = (round: Round, beside: Beside | 'alone'): number => quantile(round[beside][kind], share);
      return besides.map(([beside, name, limited]: readonly [Beside, string, readonly number[]]) =>
        compared(
          `${call}, ${share === 0.5 ? 'median' : 'p99'}, ${name}`,
          'ms',
          rounds.map((round) => of(round, beside)),
          { name: 'nobody else', samples: rounds.map((round) => of(round, 'alone')) },
          limited.includes(share) ? atMost(1.2) : undefined,
        ),
      );
    }),
  );
}
