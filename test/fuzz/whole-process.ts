import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { residentMib } from '../bench/process-cost.ts';
import { FakeLibvirtd } from '../fakes/fake-libvirtd.ts';
import { startFakeMaster } from '../fakes/fake-master.ts';
import { startAgent } from '../lab/agent.ts';
import { freeTcpPort } from '../lab/free-port.ts';
import { waitUntil } from '../lab/wait.ts';
import { mutated } from './mutate.ts';
import { Random } from './random.ts';
import type { Target } from './target.ts';
import { agentxTarget } from './targets/agentx.ts';
import { libvirtTarget } from './targets/libvirt.ts';

/** What Node.js's HTTP server reads, and what the influx client reads. */
const requests = [
  'GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip\r\n\r\n',
  'GET /api/v1/domains?limit=2 HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n',
  'POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  'GET /api/v1/events HTTP/1.0\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n',
];
const answers = [
  'HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n\r\n',
  'HTTP/1.1 400 Bad Request\r\nContent-Length: 20\r\nContent-Type: application/json\r\n\r\n{"error":"partial"}\n',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
  'HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n',
];
const httpWords = [
  ...[
    '\r\n',
    '\r\n\r\n',
    ': ',
    'Content-Length: 99999999999',
    'Content-Length: -1',
    'Transfer-Encoding: chunked',
  ],
  ...['Expect: 100-continue', 'Upgrade: h2c', 'HTTP/9.9', '\u0000', `X: ${'y'.repeat(9000)}`, 'ffffffff\r\n'],
];

/** More MiB than the program has at any time with so few domains. */
const maxResidentMib = 400;
/** Cases at once. */
const batch = 20;

const texts = (list: readonly string[]): readonly Uint8Array[] =>
  list.map((text) => Uint8Array.from(Buffer.from(text)));

/**
 * The built program between peers that send it what is nearly right: a daemon, a master, clients of HTTP and a server
 * that it pushes to. It must live on, within its memory, and serve everything again once they behave.
 *
 * @returns what was done, in words.
 * @throws Error with the seed and the last words of the program.
 */
export async function fuzzWholeProcess(seed: number, cases: number): Promise<string> {
  const random = new Random(seed);
  const [agentx, libvirt] = [agentxTarget(), libvirtTarget()];
  const daemon = await FakeLibvirtd.start({ domains: 3 });
  const master = await startFakeMaster();
  const httpPort = await freeTcpPort();
  const [requestBytes, answerBytes] = [texts(requests), texts(answers)];
  let pushes = 0;
  let behave = false;
  const influx = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      pushes += 1;
      socket.end(
        behave ? (answerBytes[0] ?? '') : mutated(random.of(answerBytes), random, answerBytes, httpWords),
      );
    });
  });
  influx.listen(0, '127.0.0.1');
  await once(influx, 'listening');
  const address = influx.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP port');
  const agent = await startAgent({
    uri: daemon.uri,
    agentxAddress: `unix:${master.path}`,
    config: {
      http: { address: `127.0.0.1:${httpPort}` },
      influxdb: { url: `http://127.0.0.1:${address.port}`, interval: 1 },
      intervals: { inventory: 5, pools: 5, networks: 5, host: 5, tuning: 5, snapshots: 5, guest_agent: 5 },
    },
  });
  let end = '';
  void agent.exited.then(({ code, signal }) => {
    end = `the program ended with ${code ?? signal}`;
  });
  const sent = { libvirt: 0, agentx: 0, http: 0 };
  let mostMib = 0;
  const broken = (what: string): Error =>
    new Error(`${what}; seed ${seed}, after ${JSON.stringify(sent)}\n${agent.stderr().slice(-6000)}`);
  const next = (target: Target): Uint8Array => {
    const raw = mutated(random.of(target.corpus), random, target.corpus, []);
    return random.onceIn(5) ? raw : (target.repair?.(raw) ?? raw);
  };
  const ask = (bytes: Uint8Array): Promise<void> =>
    new Promise((resolve) => {
      const socket: Socket = connect({ host: '127.0.0.1', port: httpPort });
      const timer = setTimeout(() => socket.destroy(), 200);
      socket.on('error', () => undefined);
      socket.on('connect', () => socket.end(bytes));
      socket.on('close', () => {
        clearTimeout(timer);
        resolve();
      });
      socket.resume();
    });
  try {
    await master.waitFor('open');
    // Replies in place of the right ones, now and then, so that connections last for a while.
    const lifts: (() => void)[] = [];
    while (sent.libvirt + sent.agentx + sent.http < cases) {
      if (end !== '') throw broken(end);
      for (const lift of lifts.splice(0)) lift();
      const reply = next(libvirt);
      const procedure = reply.length >= 16 ? readProcedure(reply) : 0;
      lifts.push(daemon.inject({ procedure, action: { type: 'payload', bytes: reply.slice(28) } }));
      if (random.onceIn(10)) daemon.sendRaw(next(libvirt));
      sent.libvirt += 1;
      for (let left = batch; left > 0; left--) {
        if (master.connections > 0) trySend(() => master.send(next(agentx)));
        sent.agentx += 1;
      }
      await Promise.all(
        Array.from({ length: 4 }, () => {
          sent.http += 1;
          return ask(mutated(random.of(requestBytes), random, requestBytes, httpWords));
        }),
      );
      mostMib = Math.max(mostMib, await residentMib(agent.pid).catch(() => 0));
      if (mostMib > maxResidentMib) throw broken(`${mostMib.toFixed(0)} MiB are resident`);
    }
    for (const lift of lifts) lift();
    behave = true;
    daemon.disconnectAll();
    const opened = (await master.waitFor('open')).length;
    trySend(() => master.drop());
    await master.waitFor('open', opened + 1);
    await waitUntil(() => servesAll(httpPort), {
      what: 'all domains over HTTP',
      timeoutMs: 90_000,
      intervalMs: 250,
      context: () => agent.stderr().slice(-4000),
    });
    const { code } = await agent.stop();
    if (code !== 0) throw broken(`it ended with ${code}`);
    return (
      `whole program: ${sent.libvirt} replies, ${sent.agentx} PDUs, ${sent.http} requests, ${pushes} answers to pushes; ` +
      `${mostMib.toFixed(0)} MiB at most; it serves everything and stops in order`
    );
  } finally {
    await agent.kill();
    influx.close();
    await Promise.all([master.close(), daemon.close()]);
  }
}

function trySend(send: () => void): void {
  try {
    send();
  } catch {
    // Nobody is connected at this moment.
  }
}

function readProcedure(frame: Uint8Array): number {
  return new DataView(frame.buffer, frame.byteOffset).getUint32(12);
}

async function servesAll(port: number): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
  const text = await answer.text();
  return answer.ok && text.includes('vm-00003') && /^libvirt_up(?:\{.*\})? 1$/m.test(text);
}
