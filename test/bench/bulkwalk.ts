import { modules } from '../../src/mib/objects.gen.ts';
import { atLeast, atMost, compared, type Measurement } from './measurement.ts';
import { rivalOid, startOurRig, startRivalRig, tableOid } from './walk-rig.ts';

const domains = 1000;

export const bulkwalkMeasurement: Measurement = {
  name: 'bulkwalk',
  title: 'Walking through snmpd: one manager',
  method:
    '`snmpbulkwalk -Cr25` of every table (both module roots; with `--quick` lveDomTable and lveVcpuTable) at 1,000 domains of 4 vCPUs, 2 disks and 2 NICs, against the C subagent (net-snmp’s library, raw handler, binary search) with as many columns of 1,000 rows. Each has an snmpd of its own; manager, snmpd and subagent share one CPU; rounds alternate.',
  async run(context) {
    const oids = context.quick
      ? [tableOid('lveDomTable'), tableOid('lveVcpuTable')]
      : Object.values(modules).map(({ root }) => `.${root.join('.')}`);
    await using ours = await startOurRig(context, domains);
    const { bindings } = await ours.walk(oids);
    context.say(`${bindings.length} variable bindings`);
    const columns = Math.round(bindings.length / domains);
    await using rival = await startRivalRig(context, { columns, rows: domains });
    await rival.walk([rivalOid]);
    const rates = { ours: [] as number[], rival: [] as number[] };
    const costs = { ours: [] as number[], rival: [] as number[] };
    for (let round = 0; round < context.rounds; round++) {
      const our = await ours.walk(oids);
      const their = await rival.walk([rivalOid]);
      if (their.bindings.length !== columns * domains)
        throw new Error('the C subagent’s table is incomplete');
      rates.ours.push(our.perSecond);
      rates.rival.push(their.perSecond);
      costs.ours.push(our.subagentMicros);
      costs.rival.push(their.subagentMicros);
      context.say(
        `${Math.round(our.perSecond)} / ${Math.round(their.perSecond)} varbinds/s, ${our.subagentMicros.toFixed(2)} / ${their.subagentMicros.toFixed(2)} µs each`,
      );
    }
    const what = `${bindings.length.toLocaleString('en-GB')} varbinds`;
    return {
      figures: [
        compared(
          `${what}, rate`,
          'varbinds/s',
          rates.ours,
          { name: 'C', samples: rates.rival },
          atLeast(1.3),
        ),
        compared(
          `${what}, CPU of the subagent`,
          'µs/varbind',
          costs.ours,
          { name: 'C', samples: costs.rival },
          atMost(0.6),
        ),
      ],
    };
  },
};
