import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createConnection, type Socket } from 'node:net';
import { freeTcpPort } from '../lab/free-port.ts';
import { makeLabDirectory } from '../lab/lab-directory.ts';
import { startProcess } from '../lab/process.ts';

/** Whether Debian's Chromium is installed. */
export const hasChromium = spawnSync('chromium', ['--version'], { encoding: 'utf8' }).status === 0;

/** A page in a real Chromium without a window, spoken to over its DevTools protocol. */
export interface Tab {
  open(url: string): Promise<void>;
  /** The value of an expression in the page, as JSON has it. */
  evaluate<Value>(expression: string): Promise<Value>;
  /** Presses a key as a person does. */
  press(key: string, text?: string): Promise<void>;
  /** What the browser says it prefers. */
  prefer(scheme: 'light' | 'dark'): Promise<void>;
  /** A picture of what is seen, as PNG. */
  screenshot(path: string): Promise<void>;
  /** Errors of scripts and of the policy, and what the console was told. */
  readonly troubles: readonly string[];
}

export interface Browser extends Tab {
  [Symbol.asyncDispose](): Promise<void>;
}

interface Answer {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

export async function startChromium(): Promise<Browser> {
  const directory = await makeLabDirectory();
  const port = await freeTcpPort();
  const running = await startProcess({
    name: 'chromium',
    command: 'chromium',
    args: [
      ...['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--window-size=1280,900'],
      ...[
        `--remote-debugging-port=${port}`,
        `--user-data-dir=${directory.directory('profile')}`,
        'about:blank',
      ],
    ],
    ready: (output) => output.includes('DevTools listening on'),
    readyTimeoutMs: 60_000,
  });
  const targets = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as {
    readonly type: string;
    readonly webSocketDebuggerUrl: string;
  }[];
  const target = targets.find(({ type }) => type === 'page')?.webSocketDebuggerUrl;
  if (target === undefined) throw new Error('Chromium shows no page');
  const socket = await WebSocketClient.open(port, new URL(target).pathname);
  const troubles: string[] = [];
  const waiting = new Map<number, (answer: Answer) => void>();
  let onLoad: () => void = () => undefined;
  socket.onText = (text) => {
    const answer = JSON.parse(text) as Answer;
    if (answer.id !== undefined) waiting.get(answer.id)?.(answer);
    if (answer.method === 'Page.loadEventFired') onLoad();
    if (answer.method === 'Runtime.exceptionThrown' || answer.method === 'Log.entryAdded') {
      troubles.push(JSON.stringify(answer.params));
    }
  };
  let lastId = 0;
  const call = async (method: string, params: object = {}): Promise<Readonly<Record<string, unknown>>> => {
    lastId += 1;
    const id = lastId;
    const answered = new Promise<Answer>((resolve) => waiting.set(id, resolve));
    socket.send(JSON.stringify({ id, method, params }));
    const { result = {}, error } = await answered;
    waiting.delete(id);
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result;
  };
  for (const domain of ['Page', 'Runtime', 'Log']) await call(`${domain}.enable`);
  return {
    troubles,
    async open(url) {
      const loaded = new Promise<void>((resolve) => {
        onLoad = resolve;
      });
      await call('Page.navigate', { url });
      await loaded;
      // Those of the page before, whose agent may have ended.
      troubles.length = 0;
    },
    async evaluate<Value>(expression: string): Promise<Value> {
      const parameters = { expression, returnByValue: true, awaitPromise: true };
      const { result, exceptionDetails } = await call('Runtime.evaluate', parameters);
      if (exceptionDetails !== undefined)
        throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
      return (result as { readonly value: Value }).value;
    },
    async press(key, text) {
      const event = { key, ...(text === undefined ? {} : { text }) };
      await call('Input.dispatchKeyEvent', { type: 'keyDown', ...keyCodes[key], ...event });
      await call('Input.dispatchKeyEvent', { type: 'keyUp', ...keyCodes[key], key });
    },
    async prefer(scheme) {
      const features = [{ name: 'prefers-color-scheme', value: scheme }];
      await call('Emulation.setEmulatedMedia', { features });
    },
    async screenshot(path) {
      const { data } = await call('Page.captureScreenshot', { format: 'png' });
      await writeFile(path, Buffer.from(String(data), 'base64'));
    },
    async [Symbol.asyncDispose]() {
      socket.end();
      await running.stop();
      await directory.remove();
    },
  };
}

/** What a keyboard adds to keys that are no characters. */
const keyCodes: Readonly<Record<string, object>> = {
  Tab: { code: 'Tab', windowsVirtualKeyCode: 9 },
  Enter: { code: 'Enter', windowsVirtualKeyCode: 13, text: '\r' },
  ArrowDown: { code: 'ArrowDown', windowsVirtualKeyCode: 40 },
  Escape: { code: 'Escape', windowsVirtualKeyCode: 27 },
};

/** RFC 6455, as far as one client needs it: Node.js 20 has no client of its own. */
class WebSocketClient {
  readonly #socket: Socket;
  onText: (text: string) => void = () => undefined;
  #received = Buffer.alloc(0);
  #parts: Buffer[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async open(port: number, path: string): Promise<WebSocketClient> {
    const socket = createConnection(port, '127.0.0.1');
    const client = new WebSocketClient(socket);
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    );
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      const onHead = (chunk: Buffer): void => {
        client.#received = Buffer.concat([client.#received, chunk]);
        const end = client.#received.indexOf('\r\n\r\n');
        if (end < 0) return;
        const head = client.#received.subarray(0, end).toString();
        if (!head.startsWith('HTTP/1.1 101 ')) {
          reject(new Error(head));
          return;
        }
        client.#received = client.#received.subarray(end + 4);
        socket.off('data', onHead);
        socket.on('data', (more) => client.#onData(Buffer.from(more)));
        resolve();
      };
      socket.on('data', onHead);
    });
    return client;
  }

  /** Clients mask what they send; a mask of zeros leaves it as it is. */
  send(text: string): void {
    const payload = Buffer.from(text);
    const head = Buffer.alloc(14);
    head[0] = 0x81;
    head[1] = 0xff;
    head.writeBigUInt64BE(BigInt(payload.length), 2);
    this.#socket.write(Buffer.concat([head, payload]));
  }

  end(): void {
    this.#socket.destroy();
  }

  #onData(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    for (;;) {
      const short = (this.#received[1] ?? 0) & 0x7f;
      const start = short === 126 ? 4 : short === 127 ? 10 : 2;
      if (this.#received.length < start) return;
      const length =
        short === 126
          ? this.#received.readUInt16BE(2)
          : short === 127
            ? Number(this.#received.readBigUInt64BE(2))
            : short;
      if (this.#received.length < start + length) return;
      const first = this.#received[0] ?? 0;
      this.#parts.push(this.#received.subarray(start, start + length));
      this.#received = this.#received.subarray(start + length);
      if ((first & 0x80) === 0) continue;
      const whole = Buffer.concat(this.#parts);
      this.#parts = [];
      // Texts and their continuations; a ping needs no answer here.
      if ((first & 0x0f) <= 1) this.onText(whole.toString());
    }
  }
}
