import { spawn } from 'node:child_process';
import { late, within } from '../../run/deadline.ts';

/** The space of a file system, in octets, as libvirt counts it for a pool of a directory. */
export interface FileSystemFigures {
  readonly capacityBytes: number;
  readonly allocationBytes: number;
  readonly availableBytes: number;
}

/** A file system on a dead server makes whoever looks at it wait, as a rule for good. */
const deadlineMs = 2000;

/** Looks that are still waited for by a process; with so many no other is started. */
const maxWaiting = 4;

/** Most octets of an answer: three numbers. */
const maxAnswerOctets = 128;

/**
 * Looks at file systems of this host. Each look is a process of its own (`stat --file-system`), so that a mount that
 * hangs can hold up nothing but that: neither this process nor one of its few threads for files.
 */
export class FileSystemProbe {
  /** Paths whose process has not ended. */
  readonly #waiting = new Set<string>();
  readonly #command: string;

  /** @param command - for tests. */
  constructor(command = 'stat') {
    this.#command = command;
  }

  /** Undefined if it cannot be told: no such path, not permitted, or no answer in time, now or when last asked. */
  async read(path: string): Promise<FileSystemFigures | undefined> {
    if (!path.startsWith('/') || path.includes('\0')) return undefined;
    if (this.#waiting.has(path) || this.#waiting.size >= maxWaiting) return undefined;
    this.#waiting.add(path);
    // Size of a block, blocks in all, free blocks: f_frsize, f_blocks and f_bfree of statvfs(3).
    const child = spawn(this.#command, ['-f', '-c', '%S %b %f', '--', path], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let answer = '';
    child.stdout.setEncoding('latin1').on('data', (text: string) => {
      if (answer.length <= maxAnswerOctets) answer += text;
    });
    const ended = new Promise<boolean>((resolve) => {
      child.once('error', () => {
        this.#waiting.delete(path);
        resolve(false);
      });
      child.once('close', (code) => {
        this.#waiting.delete(path);
        resolve(code === 0);
      });
    });
    const outcome = await within(deadlineMs, ended);
    if (outcome === late) {
      // It ends when the file system answers; who waits for a network file system can mostly be killed.
      child.kill('SIGKILL');
      child.stdout.destroy();
      child.unref();
      return undefined;
    }
    return outcome ? figuresOf(answer) : undefined;
  }
}

/** Undefined for what is no answer, and for a file system that has no size. */
export function figuresOf(answer: string): FileSystemFigures | undefined {
  const [, ...texts] = /^(\d{1,15}) (\d{1,15}) (\d{1,15})\n$/.exec(answer) ?? [];
  const [blockBytes = 0, blocks = 0, free = 0] = texts.map(Number);
  const capacityBytes = blockBytes * blocks;
  if (capacityBytes === 0 || free > blocks || !Number.isSafeInteger(capacityBytes)) return undefined;
  const availableBytes = blockBytes * free;
  return { capacityBytes, allocationBytes: capacityBytes - availableBytes, availableBytes };
}
