import { cp, symlink, writeFile } from 'node:fs/promises';
import { definitions } from '../../src/mib/definitions.ts';
import { modules } from '../../src/mib/objects.gen.ts';
import { programPath } from '../lab/agent.ts';
import { makeLabDirectory } from '../lab/lab-directory.ts';
import { repositoryPath } from '../lab/mib-path.ts';
import { delay } from '../lab/wait.ts';
import { startQuietAgent } from './agent-rig.ts';
import { startFleet } from './fleet.ts';
import { atMost, type BenchContext, compared, type Figure, measured } from './measurement.ts';
import { cpuMs, prioritize, residentMib, threadNames } from './process-cost.ts';
import { startStopwatchMaster } from './stopwatch-master.ts';

const domains = 10;

/** lveDomUptime of the first domain. */
const instance = [...modules['LIBVIRT-EXT-MIB'].root, ...definitions['lveDomUptime'].oid, 1];

/** What the faces cost where nothing is configured for them: against the program with them cut out. */
export async function offFigures(context: BenchContext): Promise<readonly Figure[]> {
  await using fleet = await startFleet(domains, context.otherCpu);
  await using without = await programWithoutFaces();
  const starts = { off: [] as number[], without: [] as number[] };
  const residents = { off: [] as number[], without: [] as number[] };
  const threads: number[] = [];
  for (let round = -1; round < 3 * context.rounds; round++) {
    for (const name of ['without', 'off'] as const) {
      await using master = await startStopwatchMaster();
      await using agent = await startQuietAgent({
        uri: fleet.uri,
        agentxAddress: master.address,
        intervalSec: 1,
        program: name === 'off' ? programPath : without.path,
      });
      await prioritize(agent.pid);
      await master.waitForObject(instance);
      const startMs = await cpuMs(agent.pid);
      await delay(4000);
      const mib = await residentMib(agent.pid);
      context.say(`${name}: ${startMs.toFixed(0)} ms of CPU to the first domain, ${mib.toFixed(1)} MiB`);
      if (round < 0) continue;
      starts[name].push(startMs);
      residents[name].push(mib);
      if (name === 'off') {
        threads.push((await threadNames(agent.pid)).filter((thread) => thread === 'faces').length);
      }
    }
  }
  const rival = (samples: readonly number[]) => ({ name: 'cut out', samples });
  return [
    measured('off: threads of the faces', '', threads, atMost(0)),
    compared('off: start to the first domain', 'ms CPU', starts.off, rival(starts.without), atMost(1.01)),
    compared('off: resident', 'MiB', residents.off, rival(residents.without), atMost(1.01)),
  ];
}

/** Modules in place of those that the program has for the faces, by their path below dist. */
const cuts: Readonly<Record<string, string>> = {
  'faces/faces-thread.js': 'export class FacesThread {}',
  'faces/faces-options.js': 'export const hasFaces = () => false;',
  'faces/configured.js': 'export const facesOptions = () => ({});',
  'config/kept-definitions.js': 'export const keptDefinitions = () => ({ forSnmp: false, forHttp: false });',
  'config/push-secrets.js': 'export const secretProblems = () => [];',
  ...Object.fromEntries(
    ['http', 'metrics', 'statsd', 'otlp'].map((name) => [
      `config/sections/${name}.js`,
      `import { section } from '../setting.js'; export const ${name} = section('', {}); export const ${name}Problems = () => [];`,
    ]),
  ),
  'config/sections/influxdb.js':
    "import { section } from '../setting.js'; export const influxdb = section('', {}); export const influxProblems = () => [];",
  'config/sections/domain-labels.js':
    "import { z } from 'zod'; export const domainLabels = { schema: z.record(z.string(), z.string()).prefault({}), help: '', example: '' };",
};

/** A copy of the built program with these cuts. */
export async function programWithoutFaces() {
  const directory = await makeLabDirectory();
  const root = directory.directory('program');
  await cp(`${repositoryPath}/dist`, `${root}/dist`, { recursive: true });
  await cp(`${repositoryPath}/package.json`, `${root}/package.json`);
  await cp(`${repositoryPath}/mibs`, `${root}/mibs`, { recursive: true });
  await symlink(`${repositoryPath}/node_modules`, `${root}/node_modules`);
  for (const [path, text] of Object.entries(cuts)) await writeFile(`${root}/dist/${path}`, text);
  return { path: `${root}/dist/cli.js`, [Symbol.asyncDispose]: () => directory.remove() };
}
