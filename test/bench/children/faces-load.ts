import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';

/*
 * tsx test/bench/children/faces-load.ts: those who use the faces. A StatsD server and an InfluxDB server that take
 * everything and keep nothing: their ports are printed as `statsd PORT` and `influxdb PORT`. A line `scrape URL` on
 * standard input begins to ask for it four times a second, `stop` ends that; then the number of answers is printed as
 * `answers N`.
 */

const everyMs = 250;

const socket = createSocket('udp4');
socket.bind(0, '127.0.0.1');
await once(socket, 'listening');
const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    response.statusCode = 204;
    response.end();
  });
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
process.stdout.write(`statsd ${socket.address().port}\ninfluxdb ${(server.address() as AddressInfo).port}\n`);

let timer: NodeJS.Timeout | undefined;
let answers = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const [command, url = ''] = line.split(' ');
  clearInterval(timer);
  if (command === 'scrape') {
    answers = 0;
    timer = setInterval(() => {
      get(url, (answer) => {
        answer.resume();
        answer.on('end', () => {
          answers += 1;
        });
      }).on('error', () => undefined);
    }, everyMs);
  } else {
    process.stdout.write(`answers ${answers}\n`);
  }
}
