import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { startSnmpd } from '../lab/snmpd.ts';
import { startQuietAgent } from './agent-rig.ts';
import { eventLatencies } from './event-latencies.ts';
import { startFleet } from './fleet.ts';
import { atMost, type Measurement, measured } from './measurement.ts';
import { quantile } from './statistics.ts';
import { atRest } from './walk-rig.ts';

const domains = 1000;

export const trapLatencyMeasurement: Measurement = {
  name: 'trap-latency',
  title: 'From an event to the trap’s datagram',
  method:
    'The synthetic daemon emits a lifecycle event (a domain is paused or resumed) with 1,000 domains loaded, interval 10 s, at odd moments; the time from there to the first trap’s arrival at a UDP socket, through the agent and a real snmpd. Both moments are of the monotonic clock.',
  async run(context) {
    const arrivals: number[] = [];
    const socket = createSocket('udp4');
    socket.on('message', () => arrivals.push(Number(process.hrtime.bigint() / 1000n) / 1000));
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    await using fleet = await startFleet(domains, context.otherCpu);
    await using snmpd = await startSnmpd({
      trapSinks: [{ kind: 'v2c', address: `127.0.0.1:${socket.address().port}` }],
    });
    await using agent = await startQuietAgent({
      uri: fleet.uri,
      agentxAddress: snmpd.agentxAddress,
      intervalSec: 10,
      config: { notifications: { holdoff: 0, max_per_minute: 0, bulk: false } },
    });
    await atRest(agent.pid);
    const latencies = await eventLatencies(context, { fleet, domains, arrivals, what: 'the trap' });
    socket.close();
    const all = latencies.flat();
    return {
      figures: [
        measured(
          'median',
          'ms',
          latencies.map((times) => quantile(times, 0.5)),
          atMost(20),
        ),
        measured(`p99 of all ${all.length}`, 'ms', [quantile(all, 0.99)], atMost(100)),
      ],
    };
  },
};
