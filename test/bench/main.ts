import { availableParallelism, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { answerTimeMeasurement } from './answer-time.ts';
import { bulkwalkMeasurement } from './bulkwalk.ts';
import { facesMeasurement } from './faces.ts';
import { fleetsMeasurement } from './fleets.ts';
import { growthMeasurement } from './growth.ts';
import { hypervisorMeasurement } from './hypervisor.ts';
import { idleMeasurement } from './idle.ts';
import { describeMachine } from './machine.ts';
import { managersMeasurement } from './managers.ts';
import type { BenchContext, Measurement } from './measurement.ts';
import { memoryMeasurement } from './memory.ts';
import { multiColumnMeasurement } from './multi-column.ts';
import { prioritize } from './process-cost.ts';
import { refreshCostMeasurement } from './refresh-cost.ts';
import { type ReportedMeasurement, textTable, writeResults } from './report.ts';
import { smallTableMeasurement } from './small-table.ts';
import { startTimeMeasurement } from './start-time.ts';
import { trapLatencyMeasurement } from './trap-latency.ts';

/** Every measurement, in the order of the report: the list to add a new one to. */
const measurements: readonly Measurement[] = [
  bulkwalkMeasurement,
  managersMeasurement,
  smallTableMeasurement,
  multiColumnMeasurement,
  answerTimeMeasurement,
  refreshCostMeasurement,
  memoryMeasurement,
  hypervisorMeasurement,
  trapLatencyMeasurement,
  startTimeMeasurement,
  idleMeasurement,
  growthMeasurement,
  facesMeasurement,
  fleetsMeasurement,
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    'no-write': { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

if (values.help) {
  process.stdout.write(
    `npm run bench -- [--quick] [--no-write] [NAME...]\n\nThe results are written into docs/performance.md, unless --no-write; those of other measurements stay there.\n\n${measurements.map(({ name, title }) => `  ${name.padEnd(16)}${title}`).join('\n')}\n`,
  );
} else {
  await main();
}

async function main(): Promise<void> {
  const unknown = positionals.filter((name) => !measurements.some((one) => one.name === name));
  if (unknown.length > 0) throw new Error(`no measurement is called ${unknown.join(', ')}: see --help`);
  const chosen = measurements.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  const startedAt = new Date();
  const cpus = availableParallelism();
  const context: BenchContext = {
    quick: values.quick,
    rounds: values.quick ? 3 : 5,
    cpu: cpus - 1,
    otherCpu: 0,
    say: (text) => process.stderr.write(`  ${text}\n`),
  };
  await prioritize(process.pid);
  const reported: ReportedMeasurement[] = [];
  for (const measurement of chosen) {
    process.stderr.write(`${measurement.name}: ${measurement.title}\n`);
    try {
      reported.push({ measurement, result: await measurement.run(context), load: loadavg()[0] ?? 0 });
    } catch (error) {
      process.exitCode = 1;
      process.stderr.write(`  failed: ${error instanceof Error ? error.stack : String(error)}\n`);
    }
  }
  process.stdout.write(`${textTable(reported)}\n`);
  for (const { result } of reported)
    for (const detail of result.details ?? []) process.stdout.write(`\n${detail}\n`);
  if (!values['no-write']) {
    await writeResults(measurements, reported, await describeMachine(values.quick, startedAt));
  }
}
