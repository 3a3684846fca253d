import { get } from 'node:http';
import { waitUntil } from '../lab/wait.ts';

/** Asked in turn; `{n}` is another number each time. */
const paths = [
  '/metrics',
  '/metrics?collect[]=libvirt_domain_up',
  '/metrics?collect[]=unknown_{n}',
  '/api/v1/domains',
  '/api/v1/domains/vm-00001',
  '/api/v1/domains/nobody-{n}',
  '/nothing-{n}',
  '/api/v1.0/stats',
  '/healthz',
] as const;

/** Requests are abandoned after this many milliseconds. */
const patienceMs = 10_000;

/** Clients of the agent's HTTP: each request of another kind, and now and then a stream of events that breaks off. */
export class WebClients {
  /** Requests that were answered, by status. */
  readonly answers = new Map<number, number>();
  /** Of those that were not: when, what, and why. */
  readonly failures: string[] = [];
  readonly #port: number;
  #asked = 0;

  constructor(port: number) {
    this.#port = port;
  }

  /** Resolves when the answer was read, or there was none. */
  async ask(): Promise<void> {
    this.#asked += 1;
    const path = (paths[this.#asked % paths.length] ?? '/').replace('{n}', String(this.#asked));
    const headers = {
      'accept-encoding': this.#asked % 2 === 0 ? 'gzip' : 'identity',
      authorization: `Bearer guess-${this.#asked}`,
    };
    const answer = await this.#request(path, headers, undefined);
    if (typeof answer === 'string') this.failures.push(`${new Date().toISOString()} ${path}: ${answer}`);
    else this.answers.set(answer, (this.answers.get(answer) ?? 0) + 1);
  }

  /** Resolves as soon as the agent answers at all. */
  async served(): Promise<void> {
    await waitUntil(async () => (await this.#request('/healthz', {}, undefined)) === 200, {
      what: 'an answer over HTTP',
    });
  }

  /** How many refreshes the agent has completed, as its metric tells; undefined if it does not answer. */
  async refreshes(): Promise<number | undefined> {
    const answer = await fetch(`http://127.0.0.1:${this.#port}/metrics`, {
      signal: AbortSignal.timeout(patienceMs),
    }).then(
      (response) => response.text(),
      () => '',
    );
    const count = /^libvirt_refreshes_total(?:\{.*\})? (\d+)$/m.exec(answer)?.[1];
    return count === undefined ? undefined : Number(count);
  }

  /** Listens to events for some time and breaks off. */
  async listen(ms: number): Promise<void> {
    await this.#request('/api/v1/events', { accept: 'text/event-stream' }, ms);
  }

  /** The status, or why there is none. */
  #request(
    path: string,
    headers: Readonly<Record<string, string>>,
    breakOffMs: number | undefined,
  ): Promise<number | string> {
    return new Promise((resolve) => {
      const options = { host: '127.0.0.1', port: this.#port, path, headers, agent: false };
      const request = get(options, (response) => {
        response.on('end', () => resolve(response.statusCode ?? 'no status'));
        response.on('error', (error) => resolve(`broken off: ${error.message}`));
        response.resume();
      });
      const timer = setTimeout(() => request.destroy(), breakOffMs ?? patienceMs);
      request.on('error', (error) => resolve(error.message));
      request.on('close', () => {
        clearTimeout(timer);
        resolve('closed');
      });
    });
  }
}
