import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:http';

/** Where the agent pushes to; what comes is counted and thrown away. */
export interface Receivers {
  readonly statsdPort: number;
  readonly influxUrl: string;
  /** Datagrams and requests so far. */
  readonly datagrams: number;
  readonly writes: number;
  close(): Promise<void>;
}

/** Every so many writes one is refused, and one is never answered. */
const refuseEvery = 23;
const hangEvery = 37;

export async function startReceivers(): Promise<Receivers> {
  let datagrams = 0;
  let writes = 0;
  const statsd = createSocket('udp4', () => {
    datagrams += 1;
  });
  statsd.bind(0, '127.0.0.1');
  await once(statsd, 'listening');
  const influx = createServer((request, response) => {
    writes += 1;
    request.resume();
    request.on('error', () => undefined);
    if (writes % hangEvery === 0) return;
    const status = writes % refuseEvery === 0 ? 503 : 204;
    request.on('end', () => response.writeHead(status).end());
  });
  influx.listen(0, '127.0.0.1');
  await once(influx, 'listening');
  const address = influx.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP port');
  return {
    statsdPort: statsd.address().port,
    influxUrl: `http://127.0.0.1:${address.port}`,
    get datagrams() {
      return datagrams;
    },
    get writes() {
      return writes;
    },
    async close() {
      statsd.close();
      influx.closeAllConnections();
      influx.close();
      await once(influx, 'close');
    },
  };
}
