const zero = 0x30;
const point = 0x2e;
const minus = 0x2d;

/** Whole numbers below have at most 15 digits: those tell all of them apart as doubles. */
const exactBelow = 1e15;

/** A smaller number is written with an exponent. */
const plainFrom = 1e-6;

const int32Below = 2 ** 31;

/**
 * Writes a number as JavaScript shows it, in as few digits as tell it apart, and returns where it ends. No text is made
 * of whole numbers and of millionths and billionths, which is what nearly all values are: a body has so many that
 * collecting those texts would cost more than making them.
 */
export function writeNumber(octets: Buffer, at: number, value: number | bigint): number {
  if (typeof value === 'bigint' || !(Math.abs(value) < exactBelow)) return writeText(octets, at, value);
  if (value < 0) {
    octets[at] = minus;
    return writeNumber(octets, at + 1, -value);
  }
  if (Math.trunc(value) === value) return writeWhole(octets, at, value);
  if (value >= plainFrom) {
    const millionths = Math.round(value * 1e6);
    if (millionths < exactBelow && millionths / 1e6 === value)
      return writeFraction(octets, at, millionths, 1e6);
    const billionths = Math.round(value * 1e9);
    if (billionths < exactBelow && billionths / 1e9 === value)
      return writeFraction(octets, at, billionths, 1e9);
  }
  return writeText(octets, at, value);
}

function writeText(octets: Buffer, at: number, value: number | bigint): number {
  return at + octets.write(String(value), at, 'latin1');
}

function writeFraction(octets: Buffer, at: number, parts: number, scale: number): number {
  const whole = Math.floor(parts / scale);
  const behind = writeWhole(octets, at, whole);
  octets[behind] = point;
  const digits = scale === 1e6 ? 6 : 9;
  let end = behind + 1 + digits;
  writeDigits(octets, end, parts - whole * scale, digits);
  while (octets[end - 1] === zero) end -= 1;
  return end;
}

function writeWhole(octets: Buffer, at: number, value: number): number {
  if (value < int32Below) {
    const end = at + digitsOf(value);
    writeDigits(octets, end, value, end - at);
    return end;
  }
  const upper = Math.floor(value / 1e9);
  const end = writeWhole(octets, at, upper) + 9;
  writeDigits(octets, end, value - upper * 1e9, 9);
  return end;
}

/** So many digits of a number below 2^31, the last of them before `end`. */
function writeDigits(octets: Buffer, end: number, value: number, count: number): void {
  let rest = value | 0;
  for (let at = end - 1; at >= end - count; at--) {
    const tenth = (rest / 10) | 0;
    octets[at] = zero + rest - tenth * 10;
    rest = tenth;
  }
}

function digitsOf(value: number): number {
  if (value < 1e5) {
    if (value < 1e2) return value < 10 ? 1 : 2;
    if (value < 1e3) return 3;
    return value < 1e4 ? 4 : 5;
  }
  if (value < 1e7) return value < 1e6 ? 6 : 7;
  if (value < 1e8) return 8;
  return value < 1e9 ? 9 : 10;
}
