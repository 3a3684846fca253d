import { atLeast, compared, type Measurement, measured } from './measurement.ts';
import { rivalOid, startOurRig, startRivalRig, tableOid } from './walk-rig.ts';

const domains = 500;
const columns = 8;

/** Wanted is a rate from a machine where the C subagent made this one of seven columns of it. */
const wantedPerSecond = 60_000;
const rivalPerSecondThere = 46_935;

export const smallTableMeasurement: Measurement = {
  name: 'small-table',
  title: 'A small table: 8 columns, 500 domains',
  method:
    '`snmpbulkwalk -Cr25` of lveDomCpuTable, which has 8 columns here. The manager’s start is part of the time and weighs more than in longer walks. The wanted rate comes from a machine where the C subagent makes 46,935 varbinds/s of seven columns: 1.28 times as much.',
  async run(context) {
    const oid = tableOid('lveDomCpuTable');
    await using ours = await startOurRig(context, domains);
    await using rival = await startRivalRig(context, { columns, rows: domains });
    const rates = { ours: [] as number[], rival: [] as number[] };
    for (let round = -2; round < 8 * context.rounds; round++) {
      const our = await ours.walk([oid]);
      const their = await rival.walk([rivalOid]);
      if (our.bindings.length !== columns * domains) throw new Error(`${our.bindings.length} varbinds`);
      if (round < 0) continue;
      rates.ours.push(our.perSecond);
      rates.rival.push(their.perSecond);
    }
    return {
      figures: [
        measured('rate', 'varbinds/s', rates.ours, atLeast(wantedPerSecond)),
        compared(
          'rate beside C',
          'varbinds/s',
          rates.ours,
          { name: 'C', samples: rates.rival },
          atLeast(Math.round((100 * wantedPerSecond) / rivalPerSecondThere) / 100),
        ),
      ],
    };
  },
};
