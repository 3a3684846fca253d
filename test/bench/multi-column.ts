import { runPinned } from './child.ts';
import { compared, type Figure, type Measurement } from './measurement.ts';
import { buildSnmpRival } from './rivals.ts';
import { rivalOid, startOurRig, startRivalRig, tableOid, type WalkRig } from './walk-rig.ts';

const domains = 1000;

/** vmName to vmCpuTime. */
const first = 2;
const allColumns = 16;

export const multiColumnMeasurement: Measurement = {
  name: 'multi-column',
  title: 'Several columns in one GETBULK',
  method:
    'A C manager reads columns of vmTable side by side, 25 rows a request, as pollers with a fixed list of columns do: snmpd then passes all columns of a row on in one PDU.',
  async run(context) {
    const manager = await buildSnmpRival('multibulk');
    await using ours = await startOurRig(context, domains);
    await using rival = await startRivalRig(context, { columns: allColumns, rows: domains });
    const read = async (rig: WalkRig, entry: string, columns: number, from: number): Promise<number> => {
      const startedMs = performance.now();
      const args = [rig.snmpd.address, entry, String(columns), '25', String(from)];
      const output = await runPinned(manager, args, context.cpu);
      if (output.length !== columns * domains) throw new Error(`${output.length} varbinds`);
      return (output.length / (performance.now() - startedMs)) * 1000;
    };
    const figures: Figure[] = [];
    for (const columns of [1, 5, allColumns]) {
      const rates = { ours: [] as number[], rival: [] as number[] };
      for (let round = -1; round < context.rounds; round++) {
        const our = await read(ours, `${tableOid('vmTable')}.1`, columns, first);
        const their = await read(rival, `${rivalOid}.1`, columns, 1);
        if (round < 0) continue;
        rates.ours.push(our);
        rates.rival.push(their);
      }
      figures.push(
        compared(`${columns} columns`, 'varbinds/s', rates.ours, { name: 'C', samples: rates.rival }),
      );
    }
    return { figures };
  },
};
