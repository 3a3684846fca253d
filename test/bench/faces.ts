import { besideAgentxFigures } from './faces-beside-agentx.ts';
import { memoryFigures } from './faces-memory.ts';
import { offFigures } from './faces-off.ts';
import { scrapeFigures } from './faces-scrapes.ts';
import { streamFigures } from './faces-stream.ts';
import type { Measurement } from './measurement.ts';

export const facesMeasurement: Measurement = {
  name: 'faces',
  title: 'Beside SNMP: HTTP, StatsD and InfluxDB',
  method:
    'The program with HTTP at 1,000 domains of 4 vCPUs, 2 disks and 2 NICs. Scrapes: CPU time of all threads of the process for an answer as text, right behind a refresh, when nothing else is going on; prom-client (15.1.3) has the same samples and renders them without HTTP; Debian’s prometheus-libvirt-exporter asks a daemon of the same kind with 500 domains (it refuses to list more than 512), and its own CPU time counts. Beside AgentX: two agents under an snmpd each, with refreshes every 2 s, one without anything of this, the other scraped four times a second with StatsD and InfluxDB each second; the one that has no turn is stopped. The thread that answers has a CPU of its own, with snmpd and the manager; all else shares the other. Off: against a copy of the program with the modules and settings of the faces cut out. Memory: agents side by side, 90 s after the start, at the default interval. All by turns, so that what else the machine does counts for both.',
  async run(context) {
    return {
      figures: [
        ...(await scrapeFigures(context)),
        ...(await besideAgentxFigures(context)),
        ...(await offFigures(context)),
        ...(await memoryFigures(context)),
        ...(await streamFigures(context)),
      ],
    };
  },
};
