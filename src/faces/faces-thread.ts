import { Worker } from 'node:worker_threads';
import { errorText } from '../errors.ts';
import type { ImageFeed, ImageReader } from '../image/image-feed.ts';
import type { Logger } from '../log.ts';
import { type BackoffOptions, backoffDelayMs, reconnectBackoff } from '../run/backoff.ts';
import type { FacesOptions } from './faces-options.ts';
import type { FacesStart, FromFaces, ToFaces } from './messages.ts';

/** Where the images of a hypervisor come from. */
export interface ImageSource {
  /** Empty for the only one of an agent without names. */
  readonly name: string;
  readonly images: ImageFeed;
}

export interface FacesThreadOptions {
  readonly faces: FacesOptions;
  /** The hypervisors, the default one first. */
  readonly sources: readonly ImageSource[];
  readonly logger: Logger;
  readonly backoff?: BackoffOptions;
}

/** Told that something is so, or with no text is no longer so. */
export type OnProblem = (key: string, text: string | undefined) => void;

/** What runs the faces: a worker thread. */
export type FacesPeer = Pick<Worker, 'postMessage' | 'on' | 'once' | 'terminate'>;
export type StartFaces = (start: FacesStart) => FacesPeer;

/** How often the thread is told that this one lives, in milliseconds. */
const aliveEveryMs = 10_000;

/** An image that is not taken within this many milliseconds is not going to be: the thread hangs. */
const hangsAfterMs = 30_000;

/** A thread that lived for so long, in milliseconds, was a good one: the next wait is the shortest again. */
const stableAfterMs = 60_000;

/** Heap of the thread in MiB. Bodies of 5,000 machines lie outside it; texts of them while they are made do not. */
const oldGenerationMib = 512;
const youngGenerationMib = 4;

function startWorker(workerData: FacesStart): FacesPeer {
  return new Worker(new URL('./faces-worker.js', import.meta.url), {
    name: 'faces',
    workerData,
    resourceLimits: {
      maxOldGenerationSizeMb: oldGenerationMib,
      maxYoungGenerationSizeMb: youngGenerationMib,
    },
  });
}

/**
 * Everything served beside SNMP, in a thread that can be spared: whatever becomes of it, collecting and AgentX go on. It
 * is started again when it ends by itself, and an operator is told.
 */
export class FacesThread {
  readonly #options: FacesThreadOptions;
  readonly #start: StartFaces;
  readonly #problems = new Map<string, string>();
  #onProblem: OnProblem = () => undefined;
  #worker: FacesPeer | undefined;
  #exited: Promise<void> = Promise.resolve();
  #alive: NodeJS.Timeout | undefined;
  #again: NodeJS.Timeout | undefined;
  /** Runs while a thread that was started again has yet to show that it stays. */
  #settling: NodeJS.Timeout | undefined;
  #attempt = 0;
  #isStopping = false;

  constructor(options: FacesThreadOptions, start: StartFaces = startWorker) {
    this.#options = options;
    this.#start = start;
    this.#run();
  }

  /** From now on this is told of problems; of those that there are at once. */
  reportTo(onProblem: OnProblem): void {
    this.#onProblem = onProblem;
    for (const [key, text] of this.#problems) onProblem(key, text);
  }

  /** Ends the thread, by force if it does not end by itself. Idempotent. */
  async stop(graceMs = 2000): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#again);
    clearTimeout(this.#settling);
    const worker = this.#worker;
    worker?.postMessage({ kind: 'stop' } satisfies ToFaces);
    const force = setTimeout(() => void worker?.terminate(), graceMs);
    await this.#exited;
    clearTimeout(force);
    // What is served no more has no problems; who is told of them may live on.
    for (const key of [...this.#problems.keys()]) this.#tell(key, undefined);
  }

  #run(): void {
    const { sources, faces, logger } = this.#options;
    const worker = this.#start({
      sources: sources.map(({ name, images }) => ({ name, shape: images.shape })),
      options: faces,
    });
    const startedAt = performance.now();
    this.#worker = worker;
    const post = (message: ToFaces): void => worker.postMessage(message);
    const readers: ImageReader[] = [];
    const watchdogs = new Map<number, NodeJS.Timeout>();
    let failure = '';
    worker.on('error', (error: Error) => {
      failure = errorText(error);
    });
    worker.on('message', (message: FromFaces) => {
      switch (message.kind) {
        case 'shown':
          clearTimeout(watchdogs.get(message.source));
          readers[message.source]?.shown();
          break;
        case 'problem':
          this.#tell(message.key, message.text);
          break;
        case 'log':
          logger[message.level](message.fields, message.message);
          break;
      }
    });
    this.#exited = new Promise((resolve) => {
      worker.once('exit', (code: number) => {
        clearInterval(this.#alive);
        for (const watchdog of watchdogs.values()) clearTimeout(watchdog);
        // Only now is it certain that nobody reads the images any more.
        for (const reader of readers) reader.close();
        this.#worker = undefined;
        if (!this.#isStopping) this.#onEnd(failure === '' ? `exit code ${code}` : failure, startedAt);
        resolve();
      });
    });
    this.#alive = setInterval(() => post({ kind: 'alive' }), aliveEveryMs);
    this.#alive.unref();
    for (const [source, { images }] of sources.entries()) {
      readers.push(
        images.addReader((image) => {
          post({ kind: 'image', source, image });
          clearTimeout(watchdogs.get(source));
          watchdogs.set(source, setTimeout(() => this.#onHang(worker), hangsAfterMs).unref());
        }),
      );
    }
  }

  #onHang(worker: FacesPeer): void {
    this.#options.logger.error({ afterMs: hangsAfterMs }, 'the thread of the faces hangs and is ended');
    void worker.terminate();
  }

  #onEnd(reason: string, startedAt: number): void {
    if (performance.now() - startedAt >= stableAfterMs) this.#attempt = 0;
    const delayMs = backoffDelayMs(this.#attempt, this.#options.backoff ?? reconnectBackoff, Math.random);
    this.#attempt += 1;
    this.#options.logger.error(
      { reason, againInMs: Math.round(delayMs) },
      'the thread of HTTP and push ended by itself and is started again; SNMP is not affected',
    );
    this.#tell('thread', `The thread of HTTP and push ended by itself (${reason}); it is started again.`);
    clearTimeout(this.#settling);
    this.#again = setTimeout(() => {
      this.#run();
      // A thread that stays is no longer worth a warning. One that ends before begins anew.
      this.#settling = setTimeout(() => this.#tell('thread', undefined), stableAfterMs).unref();
    }, delayMs);
  }

  #tell(key: string, text: string | undefined): void {
    if (text === undefined) this.#problems.delete(key);
    else this.#problems.set(key, text);
    this.#onProblem(key, text);
  }
}
