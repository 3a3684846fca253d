import snmp from 'net-snmp';
import { definitions } from '../../src/mib/definitions.ts';
import { modules } from '../../src/mib/objects.gen.ts';
import { startSnmpd } from '../lab/snmpd.ts';
import { waitUntil } from '../lab/wait.ts';
import { startQuietAgent } from './agent-rig.ts';
import { startFleet } from './fleet.ts';
import { atMost, type Figure, type Measurement, measured } from './measurement.ts';

const root = modules['LIBVIRT-EXT-MIB'].root.join('.');
const version = `${root}.${definitions['lveAgentVersion'].oid.join('.')}.0`;
const firstName = `${root}.${definitions['lveDomName'].oid.join('.')}.1`;

/** How often it is asked, and how long an answer is waited for. */
const askEveryMs = 20;

export const startTimeMeasurement: Measurement = {
  name: 'start-time',
  title: 'Start, and recovery after a restart of snmpd',
  method: `From the start of the process to the first value that a GET of a manager gets through snmpd, asked every ${askEveryMs} ms: of the agent itself (lveAgentVersion), and of a domain (lveDomName). Recovery: from the moment that the new snmpd listens, and from the order to restart it.`,
  async run(context) {
    const figures: Figure[] = [];
    for (const domains of [10, 1000]) {
      await using fleet = await startFleet(domains, context.otherCpu);
      await using snmpd = await startSnmpd();
      const toAgent: number[] = [];
      const toDomain: number[] = [];
      const fromListening: number[] = [];
      const fromOrder: number[] = [];
      for (let round = 0; round < context.rounds; round++) {
        const startedMs = performance.now();
        await using agent = await startQuietAgent({
          uri: fleet.uri,
          agentxAddress: snmpd.agentxAddress,
          intervalSec: 10,
        });
        void agent;
        toAgent.push((await firstAnswer(snmpd.port, version)) - startedMs);
        toDomain.push((await firstAnswer(snmpd.port, firstName)) - startedMs);
        const orderedMs = performance.now();
        await snmpd.restart();
        const listeningMs = performance.now();
        const backMs = await firstAnswer(snmpd.port, firstName);
        fromListening.push(backMs - listeningMs);
        fromOrder.push(backMs - orderedMs);
      }
      const what = `${domains.toLocaleString('en-GB')} domains`;
      context.say(`${what}: ${toDomain.map((ms) => ms.toFixed(0)).join(' ')} ms to the first domain`);
      figures.push(
        measured(`${what}, start to the agent’s first answer`, 'ms', toAgent, atMost(1500)),
        measured(`${what}, start to the first domain`, 'ms', toDomain, atMost(1500)),
        measured(`${what}, recovery once snmpd listens again`, 'ms', fromListening, atMost(2000)),
        measured(`${what}, recovery from the order to restart snmpd`, 'ms', fromOrder, atMost(2000)),
      );
    }
    return { figures };
  },
};

/** The moment, by performance.now(), at which a GET first gets a value. */
async function firstAnswer(port: number, oid: string): Promise<number> {
  const session = snmp.createSession('127.0.0.1', 'public', {
    port,
    version: snmp.Version2c,
    transport: 'udp4',
    timeout: 200,
    retries: 0,
  });
  session.on('error', () => undefined);
  try {
    return await waitUntil(
      () =>
        new Promise<number | undefined>((resolve) => {
          session.get([oid], (error, varbinds) => {
            const [varbind] = varbinds ?? [];
            const isValue = error === null && varbind !== undefined && !snmp.isVarbindError(varbind);
            resolve(isValue ? performance.now() : undefined);
          });
        }),
      { what: `a value of ${oid}`, intervalMs: askEveryMs, timeoutMs: 60_000 },
    );
  } finally {
    session.close();
  }
}
