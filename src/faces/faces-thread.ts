import { Worker } from 'node:worker_threads';
import { errorText } from '../errors.ts';
import type { ImageFeed } from '../image/image-feed.ts';
import type { Logger } from '../log.ts';
import { type BackoffOptions, backoffDelayMs, reconnectBackoff } from '../run/backoff.ts';
import type { FacesOptions } from './faces-options.ts';
import { FacesReaders } from './faces-readers.ts';
import type { FacesStart, FromFaces, ToFaces } from './messages.ts';

/** Where the images of a hypervisor come from. */
export interface ImageSource {
  /** Empty for the only one of an agent without names. */
  readonly name: string;
  readonly images: ImageFeed;
}

/** What the thread is to do. */
export interface FacesTask {
  readonly faces: FacesOptions;
  /** The hypervisors, the default one first. */
  readonly sources: readonly ImageSource[];
}

export interface FacesThreadOptions extends FacesTask {
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

/** A thread that lived for so long, in milliseconds, was a good one: the next wait is the shortest again. */
const stableAfterMs = 60_000;

/** What a thread that runs is, and what it reads. */
interface Running {
  readonly worker: FacesPeer;
  readonly readers: FacesReaders;
}

/** A source as the thread knows it. */
interface NumberedSource extends ImageSource {
  readonly id: number;
}

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
  #faces: FacesOptions;
  #sources: readonly NumberedSource[] = [];
  #lastId = 0;
  #onProblem: OnProblem = () => undefined;
  /** Undefined until it is started again. */
  #running: Running | undefined;
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
    this.#faces = options.faces;
    this.#number(options.sources);
    this.#run();
  }

  /** Has the thread do this from now on. What is the same as before goes on: nothing of it is closed or forgotten. */
  configure({ faces, sources }: FacesTask): void {
    this.#faces = faces;
    const before = this.#sources;
    this.#number(sources);
    if (this.#running === undefined) return;
    const { worker, readers } = this.#running;
    worker.postMessage({ kind: 'configure', start: this.#task() } satisfies ToFaces);
    for (const { id, images } of this.#sources)
      if (!before.some((source) => source.id === id)) readers.add(id, images);
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
    const worker = this.#running?.worker;
    worker?.postMessage({ kind: 'stop' } satisfies ToFaces);
    const force = setTimeout(() => void worker?.terminate(), graceMs);
    await this.#exited;
    clearTimeout(force);
    // What is served no more has no problems; who is told of them may live on.
    for (const key of [...this.#problems.keys()]) this.#tell(key, undefined);
  }

  /** A source that was there before is the same one to the thread. */
  #number(sources: readonly ImageSource[]): void {
    const before = new Map(this.#sources.map((source) => [source.images, source]));
    this.#sources = sources.map(({ name, images }) => {
      const known = before.get(images);
      if (known?.name === name) return known;
      this.#lastId += 1;
      return { name, images, id: this.#lastId };
    });
  }

  #task(): FacesStart {
    return {
      sources: this.#sources.map(({ id, name, images }) => ({ id, name, shape: images.shape })),
      options: this.#faces,
    };
  }

  #run(): void {
    const { logger } = this.#options;
    const worker = this.#start(this.#task());
    const startedAt = performance.now();
    const post = (message: ToFaces): void => worker.postMessage(message);
    const readers = new FacesReaders(post, (afterMs) => {
      logger.error({ afterMs }, 'the thread of the faces hangs and is ended');
      void worker.terminate();
    });
    this.#running = { worker, readers };
    let failure = '';
    worker.on('error', (error: Error) => {
      failure = errorText(error);
    });
    worker.on('message', (message: FromFaces) => {
      switch (message.kind) {
        case 'shown':
          readers.shown(message.source);
          break;
        case 'released':
          readers.release(message.source);
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
        readers.close();
        this.#running = undefined;
        if (!this.#isStopping) this.#onEnd(failure === '' ? `exit code ${code}` : failure, startedAt);
        resolve();
      });
    });
    this.#alive = setInterval(() => post({ kind: 'alive' }), aliveEveryMs);
    this.#alive.unref();
    for (const { id, images } of this.#sources) readers.add(id, images);
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
