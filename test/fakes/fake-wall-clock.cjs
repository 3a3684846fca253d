// Preloaded (`--require`) into a program and its threads: a wall clock that is ahead of the real one by as many
// milliseconds as the file named by FAKE_WALL_CLOCK says, and that can so be set while the program runs. The real one is
// the clock of everybody on this machine. The monotonic clocks are the real ones, and so are the times of the kernel
// (/proc/stat, of files), which follow a clock that is set.
const { readFileSync } = require('node:fs');

const RealDate = Date;
const readEveryMs = 20;
let offsetMs = 0;
let readAtMs = Number.NEGATIVE_INFINITY;

function now() {
  const monotonicMs = performance.now();
  if (monotonicMs - readAtMs >= readEveryMs) {
    readAtMs = monotonicMs;
    offsetMs = Number(readFileSync(process.env.FAKE_WALL_CLOCK, 'utf8')) || 0;
  }
  return RealDate.now() + offsetMs;
}

class FakeDate extends RealDate {
  constructor(...args) {
    super(...(args.length === 0 ? [now()] : args));
  }
}

Object.defineProperty(FakeDate, 'now', { value: now });
globalThis.Date = FakeDate;
