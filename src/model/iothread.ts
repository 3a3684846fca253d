import type { FigureReader } from './figure-reader.ts';

const iothread = { selectors: ['iothread'] } as const;

/** One IOThread of an active domain: the parameters `iothread.N.`; N is its id. */
export type Iothread = Readonly<ReturnType<typeof iothreadRow>>;

export function iothreadRow(read: FigureReader, id: number, pin: string | undefined) {
  return {
    id,
    pin,
    pollMaxNs: read.count('poll-max-ns', iothread),
    pollGrow: read.count('poll-grow', iothread),
    pollShrink: read.count('poll-shrink', iothread),
    pollWeight: read.count('poll-weight', iothread),
  };
}
