import { Worker } from 'node:worker_threads';
import { DefinitionError } from '../../definition/definition-error.ts';
import { type DomainReading, type DomainTexts, readDomain } from '../../definition/domain-reading.ts';
import { LabelReader, type LabelRule, type NamespaceTable } from '../../definition/labels.ts';
import { turnLength } from '../../definition/xml-tree.ts';
import { late, within } from '../../run/deadline.ts';

export interface LabelOptions {
  readonly rules: readonly LabelRule[];
  readonly namespaces: NamespaceTable;
}

/** What goes to the other thread, and what comes back. */
export interface ReadingRequest {
  readonly id: number;
  readonly texts: DomainTexts;
}
export type ReadingAnswer =
  | { readonly id: number; readonly reading: DomainReading }
  | { readonly id: number; readonly fault: string };

/** A document that takes longer than this many milliseconds to read is not read. */
const patienceMs = 30_000;
/** The other thread ends when it had nothing to read for this long. */
const idleMs = 10_000;
/** Four texts of the largest size, each of them as a tree, fit. */
const maxHeapMib = 512;

/**
 * Reads the definitions of domains: small ones at once, large ones in a thread of their own, which exists only while
 * there are any, so that no document holds up the thread that collects.
 */
export class DomainReader {
  readonly #options: LabelOptions;
  readonly #labels: LabelReader;
  readonly #start: (options: LabelOptions) => Worker;
  readonly #waiting = new Map<number, (answer: ReadingAnswer) => void>();
  #worker: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;
  #lastId = 0;

  /**
   * @param start - starts the other thread; tests have their own.
   * @throws DefinitionError if a rule is not XPath 1.0 or uses a prefix that is not declared.
   */
  constructor(options: LabelOptions, start: (options: LabelOptions) => Worker = startWorker) {
    this.#options = options;
    this.#labels = new LabelReader(options.rules, options.namespaces);
    this.#start = start;
  }

  /** @throws DefinitionError if a text cannot be read. */
  async read(texts: DomainTexts): Promise<DomainReading> {
    const length = Math.max(texts.live?.length ?? 0, texts.inactive?.length ?? 0);
    // In strings of their own: a part of a text is a reference into it, and would keep the whole in memory.
    if (length <= turnLength) return structuredClone(readDomain(texts, this.#labels));
    return await this.#readElsewhere(texts);
  }

  async #readElsewhere(texts: DomainTexts): Promise<DomainReading> {
    clearTimeout(this.#idle);
    const worker = this.#worker ?? this.#open();
    this.#lastId += 1;
    const id = this.#lastId;
    const answered = new Promise<ReadingAnswer>((resolve) => {
      this.#waiting.set(id, resolve);
    });
    worker.ref();
    worker.postMessage({ id, texts } satisfies ReadingRequest);
    const answer = await within(patienceMs, answered);
    this.#waiting.delete(id);
    if (answer === late) {
      this.#close('XML takes too long to read');
      throw new DefinitionError(`XML takes more than ${patienceMs / 1000} s to read`);
    }
    if (this.#waiting.size === 0) this.#rest();
    if ('fault' in answer) throw new DefinitionError(answer.fault);
    return answer.reading;
  }

  #open(): Worker {
    const worker = this.#start(this.#options);
    this.#worker = worker;
    worker.on('message', (answer: ReadingAnswer) => this.#waiting.get(answer.id)?.(answer));
    worker.on('error', (error: Error) => this.#fail(worker, `XML cannot be read: ${error.message}`));
    worker.on('exit', () => this.#fail(worker, 'XML cannot be read: its thread ended'));
    return worker;
  }

  #rest(): void {
    // The process may end meanwhile.
    this.#worker?.unref();
    this.#idle = setTimeout(() => this.#close('its thread ended'), idleMs);
    this.#idle.unref();
  }

  #close(why: string): void {
    const worker = this.#worker;
    if (worker === undefined) return;
    this.#fail(worker, why);
    void worker.terminate();
  }

  #fail(worker: Worker, fault: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    for (const [id, resolve] of this.#waiting) resolve({ id, fault });
    this.#waiting.clear();
  }
}

function startWorker(workerData: LabelOptions): Worker {
  return new Worker(new URL('./domain-reader-worker.js', import.meta.url), {
    name: 'definitions',
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: maxHeapMib },
  });
}
