import { delay } from '../lab/wait.ts';
import { atLeast, atMost, compared, type Figure, type Measurement, measured } from './measurement.ts';
import { bulkwalk, countFaults, movingColumns, readBindings } from './walk.ts';
import { rivalOid, startOurRig, startRivalRig, tableOid, type WalkRig } from './walk-rig.ts';

const domains = 1000;

export const managersMeasurement: Measurement = {
  name: 'managers',
  title: 'Walking through snmpd: 4 and 8 managers at a time',
  method:
    'The same with as many `snmpbulkwalk -Cr25` of lveDomTable at once, all on one CPU; rate over all of them. Every answer is compared with a walk taken alone: names, order, number, and values except in columns with ages.',
  async run(context) {
    const oid = tableOid('lveDomTable');
    await using ours = await startOurRig(context, domains);
    const reference = (await ours.walk([oid])).bindings;
    await delay(1200);
    const moving = movingColumns(reference, (await ours.walk([oid])).bindings);
    const columns = Math.round(reference.length / domains);
    await using rival = await startRivalRig(context, { columns, rows: domains });
    const rivalReference = (await rival.walk([rivalOid])).bindings;
    const figures: Figure[] = [];
    for (const count of [4, 8]) {
      const rates = { ours: [] as number[], rival: [] as number[] };
      const faults: number[] = [];
      for (let round = 0; round < 2 * context.rounds; round++) {
        const our = await together(ours, oid, count, reference, moving);
        const their = await together(rival, rivalOid, count, rivalReference, new Set());
        rates.ours.push(our.perSecond);
        rates.rival.push(their.perSecond);
        faults.push(our.faults);
        context.say(
          `${count} managers: ${Math.round(our.perSecond)} / ${Math.round(their.perSecond)} varbinds/s, faults ${our.faults} / ${their.faults}`,
        );
      }
      figures.push(
        compared(
          `${count} managers, rate`,
          'varbinds/s',
          rates.ours,
          { name: 'C', samples: rates.rival },
          atLeast(1.7),
        ),
        measured(`${count} managers, lost or wrong varbinds`, '', faults, atMost(0)),
      );
    }
    return { figures };
  },
};

async function together(
  rig: WalkRig,
  oid: string,
  count: number,
  reference: readonly string[],
  moving: ReadonlySet<string>,
): Promise<{ readonly perSecond: number; readonly faults: number }> {
  const paths = Array.from({ length: count }, (_, i) => rig.outputPath(i));
  const startedMs = performance.now();
  await Promise.all(
    paths.map((outputPath) =>
      bulkwalk({ address: rig.snmpd.address, oids: [oid], outputPath, cpu: rig.cpu }),
    ),
  );
  const seconds = (performance.now() - startedMs) / 1000;
  let faults = 0;
  for (const path of paths) faults += countFaults(await readBindings(path), reference, moving);
  return { perSecond: (count * reference.length) / seconds, faults };
}
