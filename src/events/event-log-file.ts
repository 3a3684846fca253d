import { constants } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTick } from 'node:timers/promises';
import { z } from 'zod';
import { errorText } from '../errors.ts';
import { type EventKind, eventKinds, type LoggedEvent } from '../model/event.ts';
import { backoffDelayMs, reconnectBackoff } from '../run/backoff.ts';
import { momentOf, wallOffsetMs } from '../run/clock.ts';
import { inFileTurn } from '../state/file-turns.ts';
import { linesOf, parseSaved } from '../state/saved-json.ts';
import { isPastMoment } from '../state/saved-values.ts';
import {
  isAsWritten,
  type JsonPiece,
  keepCopy,
  readStateFile,
  writeAtomically,
} from '../state/state-file.ts';
import type { StatePlace } from '../state/state-place.ts';
import { type HeldNotification, heldFrom, heldLine, heldSchema } from './held-notification.ts';

export interface EventLogFileOptions {
  readonly place: StatePlace;
  /** The entries to keep, oldest first, when the file is rewritten. */
  readonly entries: () => readonly LoggedEvent[];
  /** The notifications to keep, oldest first. */
  readonly held: () => readonly HeldNotification[];
  readonly lastSeq: () => number;
  /** A file of more bytes is not read, and not written; default 128 MiB. */
  readonly maxFileBytes?: number;
  readonly onProblem: (problem: string | undefined) => void;
  /** Told when somebody has removed or changed the file, which is then written anew. */
  readonly onForeign: (path: string) => void;
}

/** What an earlier run left. */
export interface EventLogContent {
  readonly entries: readonly LoggedEvent[];
  readonly lastSeq: number;
  /** Notifications that no master has taken, oldest first. */
  readonly held: readonly HeldNotification[];
  /** Why some or all of it could not be read. */
  readonly problem: string | undefined;
}

const nothing = { entries: [], lastSeq: 0, held: [] } as const;

/** lveEventText holds 1024 octets; nothing longer is worth memory. */
export const maxTextChars = 1024;
export const maxNameChars = 255;

const fileName = 'events.jsonl';
const formatVersion = 1;
const delayMs = 200;
/** 100 000 entries with texts of usual length stay far below this. */
const defaultMaxFileBytes = 128 * 1024 * 1024;
/** How much of the room entries are given that do not all fit: their lengths differ. */
const fittingShare = 0.9;
const linesPerTurn = 500;
/** Longer than the line of any notification. */
const maxLineChars = 256 * 1024;
const maxBadLines = 10_000;
/** The most that events.max_entries and notifications.queue allow. */
const maxKept = 100_000;
/** The file is rewritten when it has this many lines beyond twice the entries kept. */
const spareLines = 1000;

const max32 = 4_294_967_295;
const seqSchema = z.number().int().min(1).max(max32);
const entrySchema = z.object({
  seq: seqSchema,
  at: z.number(),
  kind: z.string(),
  detail: z.number().int().nonnegative(),
  name: z.string().max(maxNameChars),
  severity: z.enum(['okay', 'warning', 'failure']),
  domainIndex: z.number().int().nonnegative().max(max32),
  subjectName: z.string().max(maxNameChars),
  subjectUuid: z.string().max(maxNameChars),
  text: z.string().max(maxTextChars),
  notified: z.boolean(),
});
const lineSchema = z.union([
  z.object({ version: z.number(), lastSeq: z.number().int().nonnegative().max(max32) }),
  z.object({ notified: seqSchema }),
  z.object({ held: heldSchema }),
  z.object({ released: z.string() }),
  entrySchema,
]);

/**
 * The file of the event log: one JSON object per line, appended in batches and rewritten when it has
 * become twice as long as needed. A crash loses at most the last fraction of a second.
 *
 * Lines: `{"version":1,"lastSeq":N}` first, then entries, and `{"notified":N}` for an entry whose
 * notification went out after the entry had been written. `{"held":...}` is a notification that the master did not
 * take at once, `{"released":ID}` its end.
 */
export class EventLogFile {
  readonly #path: string;
  readonly #place: StatePlace;
  readonly #entries: () => readonly LoggedEvent[];
  readonly #held: () => readonly HeldNotification[];
  readonly #lastSeq: () => number;
  readonly #maxFileBytes: number;
  readonly #onProblem: (problem: string | undefined) => void;
  readonly #onForeign: (path: string) => void;
  /** Entries not written yet, by number; lines of other kinds. */
  readonly #pending = new Map<number, LoggedEvent>();
  readonly #notified = new Set<number>();
  readonly #holding = new Map<string, HeldNotification>();
  readonly #released = new Set<string>();
  #handle: FileHandle | undefined;
  /** Of what was read, or written last. */
  #sizeBytes: number | undefined;
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
    this.#held = options.held;
    this.#lastSeq = options.lastSeq;
    this.#maxFileBytes = options.maxFileBytes ?? defaultMaxFileBytes;
    this.#onProblem = options.onProblem;
    this.#onForeign = options.onForeign;
    this.#place.onWritable(() => this.#rewriteSoon());
    this.#place.onLook(async () => await this.#look());
  }

  /** Reads the file. Lines that cannot be understood are left out, and the file is kept aside for a person. */
  async read(): Promise<EventLogContent> {
    const content = await this.#inTurn(async () => await readStateFile(this.#path, this.#maxFileBytes));
    this.#rewrite = true;
    if (content.kind === 'absent') return { ...nothing, problem: undefined };
    if (content.kind === 'unreadable') {
      this.#keepAside = (await this.#inTurn(async () => await keepCopy(this.#path))) === undefined;
      this.#rewriteSoon();
      return { ...nothing, problem: content.problem };
    }
    this.#sizeBytes = content.sizeBytes;
    const { bad, misdated, ...known } = await parseLines(content.text);
    if (bad + misdated === 0) return { ...known, problem: undefined };
    const aside = await this.#inTurn(async () => await keepCopy(this.#path));
    this.#rewriteSoon();
    this.#keepAside = aside === undefined;
    const wrong = [
      ...(bad > 0 ? [`${bad} lines of ${this.#path} cannot be understood`] : []),
      ...(misdated > 0
        ? [`${misdated} events in ${this.#path} are of times to come and are shown as of now`]
        : []),
      ...(aside === undefined ? [] : [`it is kept as ${aside}`]),
    ];
    return { ...known, problem: wrong.join('; ') };
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

  /** One that the master takes before the next write never gets to the disk. */
  hold(notification: HeldNotification): void {
    if (this.#closed) return;
    this.#holding.set(notification.id, notification);
    this.#schedule();
  }

  release(id: string): void {
    if (this.#closed || this.#holding.delete(id)) return;
    this.#released.add(id);
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
    const handle = this.#handle;
    if (handle !== undefined) await this.#inTurn(async () => await handle.close());
    this.#handle = undefined;
  }

  async #inTurn<T>(task: () => Promise<T>): Promise<T> {
    return await inFileTurn(this.#place.path, task);
  }

  /** What is to be appended to the file. */
  get #added() {
    return [this.#pending, this.#notified, this.#holding, this.#released];
  }

  get #hasWork(): boolean {
    return this.#owed || this.#added.some(({ size }) => size > 0);
  }

  /** Has everything saved anew: somebody has set the wall clock, whose times are saved. */
  saveAgain(): void {
    this.#rewriteSoon();
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
    const lines = [
      ...[...this.#pending.values()].map((entry) => JSON.stringify(toSave(entry))),
      ...[...this.#notified].map((seq) => JSON.stringify({ notified: seq })),
      ...[...this.#holding.values()].map((one) => JSON.stringify({ held: heldLine(one) })),
      ...[...this.#released].map((id) => JSON.stringify({ released: id })),
    ];
    for (const one of this.#added) one.clear();
    this.#owed = false;
    try {
      const kept = this.#entries();
      const held = this.#held();
      const added = Buffer.from(`${lines.join('\n')}\n`);
      if (this.#isTooLong(added.length, kept.length + held.length)) this.#rewrite = true;
      await this.#inTurn(async () => {
        if (this.#rewrite || (await this.#isForeign())) await this.#replace(kept, held);
        else await this.#append(added, lines.length);
      });
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

  /** Whether the file would have much that is not needed, or more than the next start reads. */
  #isTooLong(addedBytes: number, needed: number): boolean {
    const sizeBytes = (this.#sizeBytes ?? 0) + addedBytes;
    const isLarge = sizeBytes > this.#maxFileBytes / 2;
    return sizeBytes > this.#maxFileBytes || this.#lines > (isLarge ? 1 : 2) * needed + spareLines;
  }

  async #append(added: Buffer, lines: number): Promise<void> {
    // What lies there was a file a moment ago; whatever it is now is not waited for.
    this.#handle ??= await open(this.#path, constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK);
    await this.#handle.writeFile(added);
    await this.#handle.datasync();
    this.#sizeBytes = (await this.#handle.stat()).size;
    this.#lines += lines;
  }

  /** Has the file written anew if somebody has removed or changed it: the next start would not have it. */
  async #look(): Promise<void> {
    const isBusy = (): boolean => this.#writing !== undefined || this.#owed;
    if (this.#sizeBytes === undefined || isBusy()) return;
    if (!(await this.#inTurn(async () => await this.#isForeign())) || isBusy()) return;
    this.#onForeign(this.#path);
    this.#rewriteSoon();
  }

  /** Whether the file is not the one that was written last: somebody has removed or changed it. */
  async #isForeign(): Promise<boolean> {
    if (this.#sizeBytes === undefined || !(await isAsWritten(this.#path, this.#sizeBytes))) return true;
    if (this.#handle === undefined) return false;
    const [found, written] = await Promise.all([lstat(this.#path), this.#handle.stat()]);
    return found.ino !== written.ino;
  }

  async #replace(kept: readonly LoggedEvent[], held: readonly HeldNotification[]): Promise<void> {
    await this.#handle?.close();
    this.#handle = undefined;
    if (this.#keepAside) await keepCopy(this.#path);
    this.#keepAside = false;
    let entries = kept;
    let sizeBytes = await this.#writeAll(entries, held);
    // What the next start would not read as a whole is written as far as it would: the newest.
    while (sizeBytes > this.#maxFileBytes && entries.length > 0) {
      const room = (entries.length * this.#maxFileBytes * fittingShare) / sizeBytes;
      entries = entries.slice(entries.length - Math.floor(room));
      sizeBytes = await this.#writeAll(entries, held);
    }
    this.#sizeBytes = sizeBytes;
    this.#lines = entries.length + held.length + 1;
    this.#rewrite = false;
  }

  /** Returns the size of the file in bytes. */
  async #writeAll(entries: readonly LoggedEvent[], held: readonly HeldNotification[]): Promise<number> {
    const pieces: JsonPiece[] = [`{"version":${formatVersion},"lastSeq":${this.#lastSeq()}}\n`];
    for (const entry of entries) pieces.push({ json: toSave(entry) }, '\n');
    for (const one of held) pieces.push({ json: { held: heldLine(one) } }, '\n');
    return await writeAtomically(this.#path, pieces);
  }
}

/** On disk there are times of the wall clock. */
function toSave(entry: LoggedEvent): LoggedEvent {
  const offset = wallOffsetMs();
  return offset === 0 ? entry : { ...entry, at: entry.at + offset };
}

async function parseLines(
  text: string,
): Promise<Omit<EventLogContent, 'problem'> & { readonly bad: number; readonly misdated: number }> {
  const entries = new Map<number, LoggedEvent>();
  const held = new Map<string, HeldNotification>();
  let saved = 0;
  let previous = 0;
  let bad = 0;
  let misdated = 0;
  const now = Date.now();
  // The last line is torn if the host lost power while it was written.
  let isTorn = false;
  let at = 0;
  for (const line of linesOf(text)) {
    if (at % linesPerTurn === 0) await nextTick();
    at += 1;
    if (isTorn) bad += 1;
    isTorn = false;
    // A file of something else is not worth looking through.
    if (bad > maxBadLines) break;
    if (line === '') continue;
    const parsed = line.length > maxLineChars ? undefined : parseLine(line);
    if (parsed === undefined) isTorn = true;
    else if ('seq' in parsed) {
      if (!isAfter(parsed.seq, previous) && !entries.has(parsed.seq)) {
        bad += 1;
        continue;
      }
      if (!entries.has(parsed.seq)) previous = parsed.seq;
      // The clock has been set back since, or shows nonsense: what happened is known all the same.
      const isPast = isPastMoment(parsed.at, now);
      if (!isPast) misdated += 1;
      entries.set(parsed.seq, {
        ...parsed,
        at: momentOf(isPast ? parsed.at : now),
        kind: kindOf(parsed.kind),
      });
      dropOldest(entries);
    } else if ('lastSeq' in parsed) {
      if (parsed.version !== formatVersion) return { ...nothing, bad: 1, misdated };
      saved = parsed.lastSeq;
    } else if ('held' in parsed) {
      held.set(parsed.held.id, heldFrom(parsed.held));
      dropOldest(held);
    } else if ('released' in parsed) {
      held.delete(parsed.released);
    } else {
      const entry = entries.get(parsed.notified);
      if (entry !== undefined) entries.set(entry.seq, { ...entry, notified: true });
    }
  }
  // The first line also counts entries that had become too old.
  const lastSeq = previous !== 0 && isAfter(previous, saved) ? previous : saved;
  return { entries: [...entries.values()], lastSeq, held: [...held.values()], bad, misdated };
}

function dropOldest<Key>(kept: Map<Key, unknown>): void {
  const [oldest] = kept.keys();
  if (kept.size > maxKept && oldest !== undefined) kept.delete(oldest);
}

/** Whether a number comes after another one; after the largest comes 1. */
function isAfter(seq: number, last: number): boolean {
  const distance = (seq - last) >>> 0;
  return last === 0 || (distance > 0 && distance <= max32 / 2);
}

function parseLine(line: string): z.infer<typeof lineSchema> | undefined {
  try {
    return lineSchema.safeParse(parseSaved(line)).data;
  } catch {
    return undefined;
  }
}

function kindOf(kind: string): EventKind {
  return Object.hasOwn(eventKinds, kind) ? (kind as EventKind) : 'other';
}
