import { parseArgs } from 'node:util';
import { Coverage } from './coverage.ts';
import { fuzz } from './fuzzer.ts';
import { allTargets } from './targets.ts';
import { Watchdog } from './watchdog.ts';
import { fuzzWholeProcess } from './whole-process.ts';

/*
 * npm run fuzz -- [--frames 1000000] [--seed N] [--process N] [NAME...]: gives to everything that takes what others wrote
 * what is nearly right, and more of what reached new code; then the same to the whole built program, from all sides at
 * once. Prints figures; exit code 1 and the octets of a case where the program does what it must not do.
 */

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    frames: { type: 'string', default: '1000000' },
    seed: { type: 'string' },
    process: { type: 'string', default: '20000' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

const columns = [14, 10, 10, 8, 8, 10, 10] as const;
const row = (...cells: readonly (string | number)[]): string =>
  cells
    .map((cell, at) =>
      at === 0 ? String(cell).padEnd(columns[at] ?? 0) : String(cell).padStart(columns[at] ?? 0),
    )
    .join('');

async function main(): Promise<void> {
  const seed = values.seed === undefined ? Date.now() % 2 ** 32 : Number(values.seed);
  const everything = await allTargets();
  process.once('exit', () => {
    for (const target of everything) target.close?.();
  });
  const targets = everything.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  const weights = targets.reduce((sum, { weight }) => sum + weight, 0);
  const watchdog = new Watchdog();
  process.stdout.write(`seed ${seed}\n`);
  process.stdout.write(`${row('', 'cases', 'accepted', 'corpus', 'blocks', 'longest ms', 'cases/s')}\n`);
  let all = 0;
  for (const target of targets) {
    const coverage = await Coverage.start();
    const startMs = performance.now();
    const result = await fuzz(target, {
      seed,
      cases: Math.ceil((Number(values.frames) * target.weight) / weights),
      reachedMore: () => coverage.reachedMore(),
      onCase: (bytes) => watchdog.feed(bytes),
    });
    const { blocks } = coverage;
    await coverage.stop();
    const perSecond = Math.round((result.cases / (performance.now() - startMs)) * 1000);
    all += result.cases;
    process.stdout.write(
      `${row(target.name, result.cases, result.accepted, result.corpus, blocks, result.longestMs.toFixed(1), perSecond)}\n`,
    );
  }
  await watchdog.stop();
  process.stdout.write(`${all} cases, none that the program does not cope with\n`);
  const cases = Number(values.process);
  if (cases > 0) process.stdout.write(`${await fuzzWholeProcess(seed, cases)}\n`);
}

if (values.help) {
  process.stdout.write(
    'npm run fuzz -- [--frames N] [--seed N] [--process N] [NAME...]\n\n' +
      '  --frames   cases in all (default 1000000)\n' +
      '  --seed     those of an earlier run again\n' +
      '  --process  cases for the whole program (default 20000; 0 leaves it out)\n' +
      '  NAME       only these targets: agentx, libvirt, settings, ...\n',
  );
} else {
  await main();
}
