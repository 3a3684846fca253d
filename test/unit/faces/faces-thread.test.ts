import { mkdtemp, rm } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { describe, expect, test, vi } from 'vitest';
import { Faces } from '../../../src/faces/faces.ts';
import type { FacesOptions } from '../../../src/faces/faces-options.ts';
import { type FacesPeer, FacesThread } from '../../../src/faces/faces-thread.ts';
import type { FacesStart } from '../../../src/faces/messages.ts';
import { ImageFeed } from '../../../src/image/image-feed.ts';
import { ServedMib } from '../../../src/mib/served-mib.ts';
import { refusingTcpPort } from '../../lab/refusing-port.ts';
import { waitUntil } from '../../lab/wait.ts';
import { influxDefaults, otlpDefaults } from '../../support/push-options.ts';
import { recordingLogger } from '../../support/recording-logger.ts';
import { sampleDomain, sampleEmptySnapshot, sampleEvent } from '../../support/sample-snapshot.ts';
import { httpDefaults } from '../../support/web-rig.ts';
import { writtenTo } from '../../support/written-to.ts';

// Both halves, with a real message channel in between. That the other half is a thread is shown by the program's own tests.

const mib = new ServedMib({ vmMib: true });
const options: FacesOptions = {
  version: '1.2.3',
  http: httpDefaults,
  statsd: { host: '', port: 8125, interval: 15, format: 'vadvisor' },
  influxdb: influxDefaults,
  otlp: otlpDefaults,
  metrics: { sets: ['libvirt'], exclude: [], gzip: true, domainLabels: {}, labelRules: [] },
};
const backoff = { baseMs: 10, factor: 1, capMs: 10, jitter: 0 };

/** A message channel as a thread: it ends when the other side closes, and can be killed. */
class FakeWorker {
  readonly #port: MessagePort;
  readonly #exit: ((code: number) => void)[] = [];
  #error: (error: Error) => void = () => undefined;

  constructor(start: FacesStart) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    new Faces(port2, structuredClone(start));
    port1.on('close', () => this.end(0));
  }

  postMessage(message: unknown): void {
    this.#port.postMessage(message);
  }

  on(event: string, listener: (given: never) => void): this {
    if (event === 'error') this.#error = listener as never;
    else this.#port.on(event as 'message', listener as never);
    return this;
  }

  once(_event: 'exit', listener: (code: number) => void): this {
    this.#exit.push(listener);
    return this;
  }

  terminate(): Promise<number> {
    this.end(1);
    return Promise.resolve(1);
  }

  /** Ends as a thread does that runs out of memory. */
  crash(): void {
    this.#error(new Error('out of memory'));
    this.end(1);
  }

  end(code: number): void {
    this.#port.close();
    for (const listener of this.#exit.splice(0)) listener(code);
  }
}

function rig(given: Partial<FacesOptions> = {}) {
  const { logger, lines } = recordingLogger();
  const images = new ImageFeed(mib.slots, () => undefined);
  const workers: FakeWorker[] = [];
  const start = (data: FacesStart): FacesPeer => {
    const worker = new FakeWorker(data);
    workers.push(worker);
    return worker as unknown as FacesPeer;
  };
  const thread = new FacesThread(
    { faces: { ...options, ...given }, sources: [{ name: '', images }], logger, backoff },
    start,
  );
  const url = (at: number) =>
    waitUntil(() => lines.filter(({ message }) => message === 'HTTP is served')[at]?.['url'], {
      what: 'the address',
      intervalMs: 5,
    }) as Promise<string>;
  const show = (name: string, events: readonly number[] = []) => showOn(images, name, events);
  return { images, lines, workers, thread, url, show };
}

/** An image of a machine, and of events of these numbers. */
function showOn(images: ImageFeed, name: string, events: readonly number[] = []): void {
  const snapshot = sampleEmptySnapshot({ domains: [sampleDomain({ name })] });
  const entries = events.map((seq) => sampleEvent({ seq }));
  images.push(
    mib.buildTree({
      ...snapshot,
      events: { ...snapshot.events, entries, newestSeq: events.at(-1) ?? 0 },
    }),
  );
}

const names = async (url: string): Promise<string> =>
  [...(await (await fetch(`${url}metrics`)).text()).matchAll(/^libvirt_domain_up\{domain="(.*)"\}/gm)]
    .map(([, name]) => name)
    .join();

test('serves one image after another', async () => {
  const { thread, url, show } = rig();
  const at = await url(0);
  show('one');
  await waitUntil(async () => (await names(at)) === 'one', { what: 'the first image' });
  show('two');
  await waitUntil(async () => (await names(at)) === 'two', { what: 'the second image' });
  await thread.stop();
  await expect(fetch(at)).rejects.toThrow();
});

test('is started again when it ends by itself, with all there is, and tells so', async () => {
  const { thread, url, show, workers, lines } = rig();
  await url(0);
  show('one');
  const told: (readonly [string, string | undefined])[] = [];
  thread.reportTo((key, text) => told.push([key, text]));
  workers[0]?.crash();
  const again = await url(1);
  await waitUntil(async () => (await names(again)) === 'one', { what: 'the image of before' });
  expect(told).toContainEqual([
    'thread',
    'The thread of HTTP and push ended by itself (out of memory); it is started again.',
  ]);
  expect(lines.some(({ level, reason }) => level === 'error' && reason === 'out of memory')).toBe(true);
  // Who comes later, after a reload, is told as well.
  const later: string[] = [];
  thread.reportTo((key) => later.push(key));
  expect(later).toEqual(['thread']);
  // Nor does what it told of outlive it.
  const problems = new Map<string, string | undefined>();
  thread.reportTo((key, text) => problems.set(key, text));
  expect(problems.get('thread')).toContain('out of memory');
  await thread.stop();
  expect(problems.get('thread')).toBeUndefined();
});

test('does not hold up other readers when it ends with an image on its way', async () => {
  const { thread, images, url, show, workers } = rig();
  await url(0);
  let shown = 0;
  const other = images.addReader(() => {
    shown += 1;
    queueMicrotask(() => other.shown());
  });
  show('one');
  show('two');
  workers[0]?.crash();
  show('three');
  await waitUntil(() => shown >= 2, { what: 'the images of the other reader' });
  await thread.stop();
});

test('tells that the address is taken, tries again, and tells that it is served', async () => {
  const first = rig();
  const taken = await first.url(0);
  const second = rig({
    http: { ...httpDefaults, address: { kind: 'tcp', host: '127.0.0.1', port: Number(new URL(taken).port) } },
  });
  const problems: (string | undefined)[] = [];
  second.thread.reportTo((_key, text) => problems.push(text));
  await waitUntil(() => problems.length > 0, { what: 'a problem' });
  expect(problems[0]).toContain('EADDRINUSE');
  await first.thread.stop();
  expect(await second.url(0)).toBe(taken);
  await waitUntil(() => problems.at(-1) === undefined, { what: 'the end of the problem' });
  await second.thread.stop();
});

test('warns until a thread that was started again has stayed for a minute', () => {
  vi.useFakeTimers();
  try {
    const ends: ((code: number) => void)[] = [];
    const peer = {
      postMessage: () => undefined,
      on: () => peer,
      once: (_event: 'exit', listener: (code: number) => void) => {
        ends.push(listener);
        return peer;
      },
      terminate: () => Promise.resolve(0),
    };
    const images = new ImageFeed(mib.slots, () => undefined);
    const thread = new FacesThread(
      { faces: options, sources: [{ name: '', images }], logger: recordingLogger().logger, backoff },
      () => peer as unknown as FacesPeer,
    );
    let warning: string | undefined;
    thread.reportTo((_key, text) => {
      warning = text;
    });
    ends[0]?.(1);
    vi.advanceTimersByTime(59_000);
    // The second one ends within its first minute, and the third has a minute of its own to show that it stays.
    ends[1]?.(1);
    vi.advanceTimersByTime(59_000);
    expect(ends).toHaveLength(3);
    expect(warning).toContain('ended by itself');
    vi.advanceTimersByTime(2000);
    expect(warning).toBeUndefined();
  } finally {
    vi.useRealTimers();
  }
});

/** What a stream of events has brought so far. */
async function eventsOf(url: string, query = '') {
  const answer = await fetch(`${url}api/v1/events${query}`, { headers: { accept: 'text/event-stream' } });
  const seen = { text: '', isOver: false };
  void (async () => {
    for await (const chunk of answer.body ?? []) seen.text += Buffer.from(chunk).toString();
    seen.isOver = true;
  })();
  return seen;
}

const another = (sources: readonly { name: string; images: ImageFeed }[], given: Partial<FacesOptions>) => ({
  faces: { ...options, ...given },
  sources,
});

describe('another configuration', () => {
  test('leaves what is served at the same address, and streams, as they are', async () => {
    const { thread, images, url, show, lines, workers } = rig();
    const at = await url(0);
    show('one', [1]);
    await waitUntil(async () => (await names(at)) === 'one', { what: 'the image' });
    const events = await eventsOf(at);
    await using influx = await writtenTo();
    const exclude = [/^libvirt_host/];
    thread.configure(
      another([{ name: '', images }], {
        http: { ...httpDefaults, history: 5, sendTimeout: 5 },
        influxdb: { ...influxDefaults, url: influx.url, interval: 0.05 },
        metrics: { ...options.metrics, exclude },
      }),
    );
    await waitUntil(() => influx.written.length > 0, { what: 'what is configured now' });
    expect(await names(at)).toBe('one');
    expect(await (await fetch(`${at}metrics`)).text()).not.toContain('libvirt_host');
    show('two', [1, 2]);
    await waitUntil(() => events.text.includes('"seq":2'), { what: 'an event in the stream of before' });
    expect(lines.filter(({ message }) => message === 'HTTP is served')).toHaveLength(1);
    expect(workers).toHaveLength(1);
    await thread.stop();
    expect(events.isOver).toBe(true);
  });

  test('adds and takes away hypervisors, whose images nobody is waited for to read', async () => {
    const { thread, images, url, show } = rig();
    const at = await url(0);
    show('one', [1]);
    const stays = await eventsOf(at);
    const others = new ImageFeed(mib.slots, () => undefined);
    thread.configure(
      another(
        [
          { name: '', images },
          { name: 'b', images: others },
        ],
        {},
      ),
    );
    showOn(others, 'of b', [1]);
    await waitUntil(async () => (await names(at)).includes('of b'), { what: 'the image of the second' });
    const goes = await eventsOf(at, '?hypervisor=b');
    thread.configure(another([{ name: '', images }], {}));
    await waitUntil(async () => (await names(at)) === 'one', { what: 'the first alone' });
    let shown = 0;
    const reader = others.addReader(() => {
      shown += 1;
      queueMicrotask(() => reader.shown());
    });
    await waitUntil(() => shown === 1, { what: 'what was shown last' });
    showOn(others, 'later');
    showOn(others, 'last');
    await waitUntil(() => shown === 3, { what: 'the images that the thread does not read any more' });
    show('two', [1, 2]);
    await waitUntil(() => stays.text.includes('"seq":2'), { what: 'an event of the first' });
    await waitUntil(() => goes.isOver, { what: 'the end of the stream of the second' });
    expect(stays.isOver).toBe(false);
    await thread.stop();
  });

  test('finishes at the old address what is under way, and ends its streams', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'faces-'));
    const address = { kind: 'unix', path: join(directory, 'http') } as const;
    const { thread, images, url, show, lines } = rig({ http: { ...httpDefaults, address } });
    await url(0);
    show('one');
    const asked = (path: string) =>
      new Promise<IncomingMessage>((resolve, reject) => {
        request({ socketPath: address.path, path, agent: false }, resolve).on('error', reject).end();
      });
    await waitUntil(async () => (await asked('/readyz').catch(() => undefined)) !== undefined, {
      what: 'an answer',
    });
    // Not read yet.
    const answer = await asked('/api/openapi.json');
    const stream = await asked('/api/v1/events?stream=true');
    stream.resume();
    thread.configure(another([{ name: '', images }], {}));
    const moved = await url(1);
    expect(await names(moved)).toBe('one');
    let octets = 0;
    for await (const chunk of answer) octets += (chunk as Buffer).length;
    expect(octets).toBeGreaterThan(1000);
    await waitUntil(() => stream.complete, { what: 'the end of the stream' });
    await expect(asked('/healthz')).rejects.toThrow('ENOENT');
    expect(lines.filter(({ level }) => level === 'error')).toEqual([]);
    thread.configure(another([{ name: '', images }], { http: { ...httpDefaults, address: undefined } }));
    await waitUntil(async () => (await fetch(moved).catch(() => undefined)) === undefined, {
      what: 'the end of HTTP',
    });
    await thread.stop();
    await rm(directory, { recursive: true });
  });

  test('forgets the problems of what is sent to no more', async () => {
    await using nobody = await refusingTcpPort();
    const { thread, images, show } = rig({
      influxdb: { ...influxDefaults, url: `http://${nobody.address}`, interval: 0.05 },
    });
    const problems = new Map<string, string | undefined>();
    thread.reportTo((key, text) => problems.set(key, text));
    show('one');
    await waitUntil(() => problems.get('influxdb') !== undefined, { what: 'the problem' });
    thread.configure(another([{ name: '', images }], {}));
    await waitUntil(() => problems.get('influxdb') === undefined, { what: 'its end' });
    await thread.stop();
  });

  test('comes into effect after the thread has ended by itself, too', async () => {
    const { thread, images, url, workers } = rig();
    await url(0);
    workers[0]?.crash();
    const others = new ImageFeed(mib.slots, () => undefined);
    showOn(others, 'two');
    thread.configure(
      another(
        [
          { name: 'a', images },
          { name: 'b', images: others },
        ],
        {},
      ),
    );
    const again = await url(1);
    await waitUntil(async () => (await names(again)).includes('two'), { what: 'the second hypervisor' });
    await thread.stop();
  });
});
