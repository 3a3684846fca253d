import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Fleet, startFleet } from '../bench/fleet.ts';
import { type Agent, startAgent } from '../lab/agent.ts';
import { freeTcpPort } from '../lab/free-port.ts';
import { type LabDirectory, makeLabDirectory } from '../lab/lab-directory.ts';
import { repositoryPath } from '../lab/mib-path.ts';
import { type Snmpd, startSnmpd } from '../lab/snmpd.ts';
import { waitUntil } from '../lab/wait.ts';
import { oidOf } from '../support/served-walk.ts';

// The real program and a real snmpd over a fake libvirtd, because bodies that do not fit into the buffers of a connection
// take a thousand machines, and those are not to be had here.

const domains = 1000;
const patience = { timeoutMs: 90_000 };

let fleet: Fleet;
let snmpd: Snmpd;
let directory: LabDirectory;
let agent: Agent;
let port: number;
let endFile: string;

beforeAll(async () => {
  directory = await makeLabDirectory();
  fleet = await startFleet(domains, 0);
  snmpd = await startSnmpd();
  port = await freeTcpPort();
  endFile = directory.file('end-faces');
  agent = await startAgent({
    uri: fleet.uri,
    agentxAddress: snmpd.agentxAddress,
    config: {
      collect: { interval: 5 },
      http: { address: `127.0.0.1:${port}`, send_timeout: 5 },
    },
    env: {
      NODE_OPTIONS: `--import=file://${repositoryPath}/test/lab/probes/end-faces.mjs`,
      END_FACES_FILE: endFile,
    },
  });
  await fresh();
  await waitUntil(async () => (await walk('lveDomName')).length === domains, {
    what: 'all machines over SNMP',
    ...patience,
  });
});

afterAll(async () => {
  await agent?.stop();
  await snmpd?.stop();
  await fleet?.[Symbol.asyncDispose]();
  await directory?.remove();
});

/** On a connection of its own: one that was kept may be closed at any moment. */
const ask = (path: string): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } });

async function fresh(): Promise<void> {
  await waitUntil(async () => (await ask('/readyz').catch(() => undefined))?.ok === true, {
    what: 'fresh data over HTTP',
    context: () => agent.stderr().slice(-2000),
    ...patience,
  });
}

const walk = (column: string) => snmpd.bulkwalk(oidOf(column), { timeoutSec: 10, maxRepetitions: 50 });

const said = (message: string): number => agent.logLines().filter(({ msg }) => msg === message).length;

/** How often the agent has come to its master. */
const sessions = (): number => said('session with the AgentX master opened');

/** A client that sends what it is told, and reads nothing unless it is told to. */
class RawClient {
  readonly socket: Socket;
  received = '';
  isClosed = false;

  constructor() {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => {
      this.isClosed = true;
    });
    this.socket.pause();
  }

  send(text: string): this {
    this.socket.write(text);
    return this;
  }

  readAll(): this {
    this.socket.on('data', (chunk) => {
      this.received += chunk.toString('latin1');
    });
    this.socket.resume();
    return this;
  }

  /** One octet a second. */
  readSlowly(): this {
    const timer = setInterval(() => this.socket.read(1), 1000);
    this.socket.on('close', () => clearInterval(timer));
    return this;
  }

  end(): void {
    this.socket.destroy();
  }
}

const getMetrics = 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n';

/** Connections that the agent has with clients, by what its kernel says. */
function connections(): number {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const established = '01';
  return readFileSync(`/proc/${agent.pid}/net/tcp`, 'latin1')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, from = '', , state]) => from.endsWith(local) && state === established).length;
}

/** Resolves when the changed configuration is in effect. */
async function reload(change: (toml: string) => string): Promise<void> {
  await writeFile(agent.configPath, change(readFileSync(agent.configPath, 'utf8')));
  const reloaded = agent.nextLog('configuration reloaded', patience.timeoutMs);
  agent.signal('SIGHUP');
  await reloaded;
}

/** Whole, and of the machines there are. */
async function scrape(): Promise<void> {
  const answer = await ask('/metrics');
  expect(answer.status).toBe(200);
  const text = await answer.text();
  expect(text.match(/^libvirt_domain_up\{/gm)).toHaveLength(domains);
}

describe('the thread of HTTP', () => {
  it('may end while a walk runs: AgentX does not notice, a warning tells, and it comes back', async () => {
    const before = sessions();
    const opened = said('HTTP is served');
    let isOver = false;
    const walking = (async () => {
      do {
        for (const column of ['vmStorageReadOctets', 'lveDiskSource', 'lveVcpuState']) {
          const rows = await walk(column);
          // Each of four vCPUs and two disks, whatever happens to the other thread.
          expect(rows.length, column).toBe(domains * (column === 'lveVcpuState' ? 4 : 2));
        }
      } while (!isOver);
    })();
    await writeFile(endFile, '');
    await waitUntil(() => !existsSync(endFile), { what: 'the end of the thread', ...patience });
    const warning = await waitUntil(
      async () => (await walk('lveWarningText')).find(({ value }) => value.includes('thread of HTTP')),
      { what: 'the warning', ...patience },
    );
    expect(warning.value).toContain('ended by itself (exit code 9)');
    await waitUntil(() => said('HTTP is served') > opened, { what: 'HTTP again', ...patience });
    await fresh();
    await scrape();
    isOver = true;
    await walking;
    expect(sessions()).toBe(before);
    expect(agent.stderr()).toContain('SNMP is not affected');
  });
});

describe('clients that do harm', () => {
  it('read one octet a second: they are disconnected, and others are served meanwhile', async () => {
    const slow = Array.from({ length: 10 }, () => new RawClient().send(getMetrics).readSlowly());
    await scrape();
    expect((await walk('lveDomName')).length).toBe(domains);
    // What the kernel still holds for them, which they have not read, hides it from themselves.
    await waitUntil(() => connections() === 0, { what: 'their end', ...patience });
    await scrape();
    for (const client of slow) client.end();
  });

  it('open 200 connections and say nothing: those beyond the limit are closed at once, the others soon', async () => {
    const mute = Array.from({ length: 200 }, () => new RawClient().readAll());
    await waitUntil(() => mute.filter(({ isClosed }) => isClosed).length >= 200 - 64, {
      what: 'the end of those beyond the limit',
      ...patience,
    });
    expect((await walk('lveDomName')).length).toBe(domains);
    await waitUntil(() => mute.every(({ isClosed }) => isClosed), { what: 'their end', ...patience });
    await scrape();
  });

  it('send headers without end: they are refused', async () => {
    const line = `X-Flood: ${'x'.repeat(1000)}\r\n`;
    const flood = new RawClient()
      .readAll()
      .send(`GET /metrics HTTP/1.1\r\nHost: localhost\r\n${line.repeat(20)}`);
    await waitUntil(() => flood.isClosed, { what: 'the refusal', ...patience });
    expect(flood.received).toMatch(/^HTTP\/1\.1 431 /);
    // One octet at a time, for ever.
    const drip = new RawClient().readAll().send('GET /metrics HTTP/1.1\r\nX-Drip: ');
    const timer = setInterval(() => drip.socket.write('x'), 200);
    await waitUntil(() => drip.isClosed, { what: 'the end of its time', ...patience });
    clearInterval(timer);
    expect(drip.received).not.toMatch(/^HTTP\/1\.1 200 /);
    await scrape();
  });

  it('are not waited for in a reload', async () => {
    const slow = new RawClient().send(getMetrics).readSlowly();
    const [opened, before] = [said('HTTP is served'), sessions()];
    await reload((toml) => toml.replace('send_timeout = 5', 'send_timeout = 6'));
    await fresh();
    await scrape();
    await waitUntil(() => connections() === 0, { what: 'its end', ...patience });
    expect(said('HTTP is served')).toBe(opened);
    expect(sessions()).toBe(before);
    slow.end();
  });
});

describe('a reload', () => {
  it('leaves streams alone; where HTTP moves, it ends them and finishes the answers under way', async () => {
    const stream = new RawClient()
      .readAll()
      .send('GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n');
    await waitUntil(() => stream.received.startsWith('HTTP/1.1 200 '), { what: 'the stream', ...patience });
    await reload((toml) => toml.replace('send_timeout = 6', 'send_timeout = 600'));
    expect(stream.isClosed).toBe(false);
    // Not read yet: most of it is still in the agent.
    const scraper = new RawClient().send(getMetrics.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
    await waitUntil(
      () => {
        scraper.socket.read(0);
        return scraper.socket.readableLength > 0;
      },
      { what: 'the beginning of the answer', ...patience },
    );
    const [opened, first] = [said('HTTP is served'), port];
    port = await freeTcpPort();
    await reload((toml) => toml.replace(`127.0.0.1:${first}`, `127.0.0.1:${port}`));
    await waitUntil(() => said('HTTP is served') > opened, { what: 'HTTP at the other port', ...patience });
    await scrape();
    await waitUntil(() => stream.isClosed, { what: 'the end of the stream', ...patience });
    // The last chunk: the client knows that it is the end.
    expect(stream.received).toMatch(/\r\n0\r\n\r\n$/);
    scraper.readAll();
    await waitUntil(() => scraper.isClosed, { what: 'the end of the answer', ...patience });
    const [head = '', body = ''] = scraper.received.split('\r\n\r\n');
    expect(body.length).toBe(Number(/^content-length: (\d+)$/im.exec(head)?.[1]));
    expect(body.match(/^libvirt_domain_up\{/gm)).toHaveLength(domains);
  });
});
