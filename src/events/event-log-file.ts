import { type FileHandle, lstat, open } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTick } from 'node:timers/promises';
import { z } from 'zod';
import { errorText } from '../errors.ts';
import { type EventKind, eventKinds, type LoggedEvent } from '../model/event.ts';
import { backoffDelayMs, reconnectBackoff } from '../run/backoff.ts';
import { isPastMoment } from '../state/saved-values.ts';
import { type JsonPiece, keepAside, readStateFile, writeAtomically } from '../state/state-file.ts';
import type { StatePlace } from '../state/state-place.ts';

export interface EventLogFileOptions {
  readonly place: StatePlace;
  /** The entries to keep, oldest first, when the file is rewritten. */
  readonly entries: () => readonly LoggedEvent[];
  readonly lastSeq: () => number;
  readonly onProblem: (problem: string | undefined) => void;
}

/** What an earlier run left. */
export interface EventLogContent {
  readonly entries: readonly LoggedEvent[];
  readonly lastSeq: number;
  /** Why some or all of it could not be read. */
  readonly problem: string | undefined;
}

const fileName = 'events.jsonl';
const formatVersion = 1;
const delayMs = 200;
/** 100 000 entries with texts of usual length stay far below this. */
const maxFileBytes = 128 * 1024 * 1024;
const linesPerTurn = 500;
/** The file is rewritten when it has this many lines beyond twice the entries kept. */
const spareLines = 1000;

const seqSchema = z.number().int().min(1).max(4_294_967_295);
const entrySchema = z.object({
  seq: seqSchema,
  at: z.number().refine((at) => isPastMoment(at, Date.now())),
  kind: z.string(),
  detail: z.number().int(),
  name: z.string(),
  severity: z.enum(['okay', 'warning', 'failure']),
  domainIndex: z.number().int().nonnegative(),
  subjectName: z.string(),
  subjectUuid: z.string(),
  text: z.string(),
  notified: z.boolean(),
});
const lineSchema = z.union([
  z.object({ version: z.number(), lastSeq: z.number().int().nonnegative() }),
  z.object({ notified: seqSchema }),
  entrySchema,
]);

/**
 * The file of the event log: one JSON object per line, appended in batches and rewritten when it has
 * become twice as long as needed. A crash loses at most the last fraction of a second.
 *
 * Lines: `{"version":1,"lastSeq":N}` first, then entries, and `{"notified":N}` for an entry whose
 * notification went out after the entry had been written.
 */
export class EventLogFile {
  readonly #path: string;
  readonly #place: StatePlace;
  readonly #entries: () => readonly LoggedEvent[];
  readonly #lastSeq: () => number;
  readonly #onProblem: (problem: string | undefined) => void;
  /** Entries not written yet, by number; lines of other kinds. */
  readonly #pending = new Map<number, LoggedEvent>();
  readonly #notified = new Set<number>();
  #handle: FileHandle | undefined;
  #lines = 0;
  #rewrite = false;
  /** The file is to be written although nothing was added. */
  #owed = false;
  /** A file that could not be read is still in its place. */
  #keepAside = false;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;
  #closed = false;

  constructor(options: EventLogFileOptions) {
    this.#place = options.place;
    this.#path = join(options.place.path, fileName);
    this.#entries = options.entries;
    this.#lastSeq = options.lastSeq;
    this.#onProblem = options.onProblem;
    this.#place.onWritable(() => this.#rewriteSoon());
  }

  /** Reads the file. Lines that cannot be understood are left out, and the file is kept aside for a person. */
  async read(): Promise<EventLogContent> {
    const content = await readStateFile(this.#path, maxFileBytes);
    this.#rewrite = true;
    if (content.kind === 'absent') return { entries: [], lastSeq: 0, problem: undefined };
    if (content.kind === 'unreadable') {
      this.#keepAside = (await keepAside(this.#path)) === undefined;
      return { entries: [], lastSeq: 0, problem: content.problem };
    }
    const { entries, lastSeq, bad } = await parseLines(content.text);
    if (bad === 0) return { entries, lastSeq, problem: undefined };
    const aside = await keepAside(this.#path);
    this.#keepAside = aside === undefined;
    const kept = aside === undefined ? '' : `; it is kept as ${aside}`;
    const problem = `${bad} lines of ${this.#path} cannot be understood${kept}`;
    return { entries, lastSeq, problem };
  }

  append(entry: LoggedEvent): void {
    if (this.#closed) return;
    this.#pending.set(entry.seq, entry);
    this.#schedule();
  }

  markNotified(entry: LoggedEvent): void {
    if (this.#closed) return;
    if (this.#pending.has(entry.seq)) this.#pending.set(entry.seq, entry);
    else this.#notified.add(entry.seq);
    this.#schedule();
  }

  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#writing !== undefined) await this.#writing;
    if (!this.#hasWork || !this.#place.writable) return;
    this.#writing = this.#write();
    try {
      await this.#writing;
    } finally {
      this.#writing = undefined;
    }
    if (this.#hasWork && !this.#closed) this.#schedule();
  }

  async close(): Promise<void> {
    await this.flush();
    this.#closed = true;
    await this.flush();
    await this.#handle?.close();
    this.#handle = undefined;
  }

  get #hasWork(): boolean {
    return this.#owed || this.#pending.size > 0 || this.#notified.size > 0;
  }

  /** The whole file is written when the disk allows it again: the entries are still in memory. */
  #rewriteSoon(): void {
    this.#rewrite = true;
    this.#owed = true;
    if (!this.#closed) this.#schedule();
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#writing !== undefined) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        void this.flush();
      },
      this.#failures === 0 ? delayMs : backoffDelayMs(this.#failures - 1, reconnectBackoff, Math.random),
    );
    this.#timer.unref();
  }

  async #write(): Promise<void> {
    const entries = [...this.#pending.values()];
    const notified = [...this.#notified];
    this.#pending.clear();
    this.#notified.clear();
    this.#owed = false;
    try {
      const kept = this.#entries();
      if (this.#lines > 2 * kept.length + spareLines) this.#rewrite = true;
      if (this.#rewrite || (await this.#isRemoved())) await this.#replace(kept);
      else await this.#append(entries, notified);
      if (this.#failures > 0) {
        this.#failures = 0;
        this.#onProblem(undefined);
      }
    } catch (error) {
      this.#failures += 1;
      this.#rewrite = true;
      this.#owed = true;
      if (this.#failures === 1) this.#onProblem(`${this.#path} cannot be written: ${errorText(error)}`);
    }
  }

  async #append(entries: readonly LoggedEvent[], notified: readonly number[]): Promise<void> {
    this.#handle ??= await open(this.#path, 'a', 0o600);
    let text = '';
    for (const entry of entries) text += `${JSON.stringify(entry)}\n`;
    for (const seq of notified) text += `{"notified":${seq}}\n`;
    await this.#handle.write(text);
    await this.#handle.datasync();
    this.#lines += entries.length + notified.length;
  }

  /** Whether somebody has removed the file that is being appended to. */
  async #isRemoved(): Promise<boolean> {
    const written = await lstat(this.#path).catch(() => undefined);
    if (this.#handle === undefined) return written === undefined;
    return written?.ino !== (await this.#handle.stat()).ino;
  }

  async #replace(kept: readonly LoggedEvent[]): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
    if (this.#keepAside) await keepAside(this.#path);
    this.#keepAside = false;
    const pieces: JsonPiece[] = [`{"version":${formatVersion},"lastSeq":${this.#lastSeq()}}\n`];
    for (const entry of kept) pieces.push({ json: entry }, '\n');
    await writeAtomically(this.#path, pieces);
    this.#lines = kept.length + 1;
    this.#rewrite = false;
  }
}

async function parseLines(
  text: string,
): Promise<{ readonly entries: readonly LoggedEvent[]; readonly lastSeq: number; readonly bad: number }> {
  const entries = new Map<number, LoggedEvent>();
  const lines = text.split('\n');
  let lastSeq = 0;
  let bad = 0;
  for (const [at, line] of lines.entries()) {
    if (at % linesPerTurn === 0) await nextTick();
    if (line === '') continue;
    const parsed = parseLine(line);
    if (parsed === undefined) {
      // The last line is torn if the host lost power while it was written.
      if (at < lines.length - 1) bad += 1;
    } else if ('seq' in parsed) {
      entries.delete(parsed.seq);
      entries.set(parsed.seq, { ...parsed, kind: kindOf(parsed.kind) });
      lastSeq = parsed.seq;
    } else if ('lastSeq' in parsed) {
      if (parsed.version !== formatVersion) return { entries: [], lastSeq: 0, bad: lines.length };
      lastSeq = parsed.lastSeq;
    } else {
      const entry = entries.get(parsed.notified);
      if (entry !== undefined) entries.set(entry.seq, { ...entry, notified: true });
    }
  }
  return { entries: [...entries.values()], lastSeq, bad };
}

function parseLine(line: string): z.infer<typeof lineSchema> | undefined {
  try {
    return lineSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

function kindOf(kind: string): EventKind {
  return Object.hasOwn(eventKinds, kind) ? (kind as EventKind) : 'other';
}
